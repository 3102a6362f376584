//! A09: a service is not printed with its secrets, and what is wrong with it is told without them.
//!
//! That no log line and no answer of any test here holds a secret is watched by the service of the harness.

use crate::service::parse;
use oar_app::{App, Draft};
use oar_testkit::canary::assert_none;

const FILE: &str = "
authorization: canary-team-token
dbtype: postgres
dbaddr: postgres://canary-user:canary-password@127.0.0.1/records?sslmode=disable
notify:
  feishu: {webhook: 'https://h/canary-feishu', secret: canary-sign}
  matrix: {url: 'https://h/canary-matrix'}
  webhook: {url: 'https://h/canary-hook'}
upstreams:
  - {sk: canary-key, endpoint: 'https://h/v1', authorization: canary-own-token}
  - {type: replicate, sk: canary-key}
";

const ROOM: &str = "{homeserver: 'https://h', room: '!r:h', token: canary-token}";

#[test]
fn nothing_prints_a_secret_of_the_file() {
    for file in [FILE.to_owned(), FILE.replace("{url: 'https://h/canary-matrix'}", ROOM)] {
        check_what_is_printed_of(&file);
    }
}

fn check_what_is_printed_of(file: &str) {
    let config = parse(file);
    assert_none("a configuration's `Debug`", format!("{config:?}{config:#?}"));
    let builder = App::builder(config);
    assert_none("a builder's `Debug`", format!("{builder:?}"));
    let app = builder.build().unwrap();
    assert_none("a service's `Debug`", format!("{app:?}{app:#?}{:?}{:?}", app.upstreams(), app.warnings()));
}

#[test]
fn what_is_wrong_is_told_without_the_secrets_beside_it() {
    for (good, bad) in [
        ("sk: canary-key, endpoint: 'https://h/v1'", "sk: canary-key, endpoint: canary-key"),
        ("sk: canary-key, endpoint: 'https://h/v1'", "sk: canary-key, endpoint: 'https://u:canary@h/v1'"),
        ("sk: canary-key, endpoint: 'https://h/v1'", "sk: \"canary\\nkey\", endpoint: 'https://h/v1'"),
        ("type: replicate, sk", "type: replicate, endpoint: 'https://u:canary@h/v1', sk"),
        ("type: replicate, sk", "type: replicate, endpoint: canary-key, sk"),
        ("type: replicate, sk", "type: replicat, sk"),
        ("records?sslmode=disable", "records?sslmode=canary"),
        ("canary-password@127.0.0.1/", "canary@password@127.0.0.1/"),
        ("url: 'https://h/canary-hook'", "url: canary-hook"),
    ] {
        let file = FILE.replace(good, bad);
        let draft = Draft::parse(&file, "config.yaml", &|_| None).unwrap();
        let problems = App::draft(draft).build().expect_err(bad);
        assert_none("a problem", format!("{problems} {problems:?}"));
    }
}
