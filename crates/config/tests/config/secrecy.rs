//! Whatever is wrong with a file, what is printed about it holds none of its secrets.

use oar_config::{Config, Draft};
use proptest::prelude::*;
use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Adapter {
    #[serde(rename = "sk")]
    _sk: SecretString,
    #[serde(rename = "endpoint")]
    _endpoint: String,
}

/// Places a secret may stand in, `@` for the secret. The last ones are mistakes.
const LINES: &[&str] = &[
    "authorization: @",
    "authorization: a,@",
    "authorization: [@, '@ @']",
    "authorization: Bearer @",
    "authorization: \"@\\x01\"",
    "authorization: {@: @}",
    "authorization: !@ @",
    "authorization: !!int @",
    "authorization: !!bool @",
    "authorization: *@",
    "authorization: ${@",
    "authorization: ${ @ }",
    "dbaddr: host=h password=@",
    "dbaddr: postgres://u:@@h/db",
    "dbtype: postgres",
    "notify: {feishu: {webhook: @, secret: [@]}}",
    "notify: {matrix: {url: 'ftp://@'}, webhook: @}",
    "notify: {matrix: {homeserver: @, room: @, token: @}}",
    "notify: {matrix: {homeserver: 'https://@/_matrix', room: '#@', token: '@ @'}}",
    "notify: {matrix: {url: 'https://@', token: @}, language: en}",
    "notify: @",
    "record: @",
    "record: {secret: @}",
    "unknown: @",
    "timeout: [@]",
    "<<: @",
    "x-anchor: @",
    "- @",
    "\tauthorization: @",
];

const UPSTREAM_LINES: &[&str] = &[
    "sk: @",
    "sk: \"@\\n\"",
    "sk: {@: @}",
    "sk: [@]",
    "sk: @: @",
    "sk: !@",
    "endpoint: {a: @}",
    "endpoint: @",
    "authorization: @ @",
    "authorization: ','",
    "apikey: @",
    "allow: @",
    "allow: [\"@\\0\", {a: @}]",
    "deny: {@: @}",
    "noauth: [@]",
    "nested: {a: [@, b: @]}",
    "<<: {sk: @, other: @}",
    "<<: @",
    "timeout: {x: @}",
];

fn text(top: &[&str], entries: &[Vec<&str>], secret: &str) -> String {
    let mut text = String::new();
    for line in top {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str("upstreams:\n");
    for entry in entries {
        text.push_str("  - name: n\n");
        for line in entry {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text.replace('@', secret)
}

/// Everything that can be printed about a text.
fn printed(text: &str, secret: &str) -> String {
    let env = |name: &str| name.ends_with("_WEBHOOK").then(|| secret.to_owned());
    match Config::parse(text, "config.yaml", &env) {
        Err(problems) => format!("{problems}{problems:?}"),
        Ok(config) => {
            let decoded: Vec<_> =
                config.upstreams.iter().map(|upstream| upstream.settings.decode::<Adapter>()).collect();
            format!("{config:?}{decoded:?}")
        }
    }
}

/// A good file with a secret in every place there is for one, and every way to print what was read of it.
#[test]
fn a_good_file_is_printed_without_its_secrets() {
    let webhooks = "feishu: {webhook: 'https://h/canary-feishu', secret: canary-sign}
  matrix: {homeserver: 'https://h/canary-matrix', room: '!room:h', token: canary-token}
  webhook: {url: 'https://canary-user:canary-pass@h/canary-hook'}";
    for database in ["postgres://u:canary-password@h/d?x=canary-query", "host=h password=canary-password"] {
        let text = format!(
            "authorization: [canary-a, canary-b]\ndbtype: postgres\ndbaddr: '{database}'\nnotify:\n  {webhooks}\n\
             upstreams:\n  - {{sk: canary-key, endpoint: 'https://h/v1', authorization: canary-own}}\n  \
             - {{type: replicate, sk: '${{KEY}}', noauth: true}}\n"
        );
        let env = |name: &str| (name == "KEY").then(|| "canary-of-the-environment".to_owned());
        let draft = Draft::parse(&text, "config.yaml", &env).expect("YAML");
        let printed = format!("{draft:?}{draft:#?}{:?}", draft.clone().checked().expect("a good file"));
        let warnings: String = draft.config.warnings.iter().map(ToString::to_string).collect();
        assert!(!(printed.clone() + &warnings).contains("canary"), "{printed}{warnings}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_secret_is_printed(
        top in prop::collection::vec(prop::sample::select(LINES), 0..4),
        entries in prop::collection::vec(prop::collection::vec(prop::sample::select(UPSTREAM_LINES), 0..4), 0..3),
        secret in "[A-Z]{2}[A-Za-z0-9]{10,20}",
        cut in 0.0..1.2f64,
    ) {
        let whole = text(&top, &entries, &secret);
        let end = (whole.len() as f64 * cut) as usize;
        let text = whole.get(..end).unwrap_or(&whole);
        let printed = printed(text, &secret);
        prop_assert!(!printed.contains(&secret), "{text}\n=>\n{printed}");
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[ -~\n\t密&*!<>{}\\[\\]:,'\"|#$-]{0,80}") {
        let _ = Config::parse(&text, "config.yaml", &|_| None);
    }
}
