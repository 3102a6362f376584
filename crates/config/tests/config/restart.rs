//! Which changes of a file a running service can take.

use crate::support;
use oar_config::Config;

const UPSTREAMS: &str = "upstreams: [{sk: key, endpoint: 'https://api.example.com/v1'}]";

fn parse(text: &str) -> Config {
    support::parse(&format!("{text}\n{UPSTREAMS}"))
}

#[track_caller]
fn check(running: &str, next: &str, changed: &[&str]) {
    let problems = parse(next).needs_restart(&parse(running));
    let told: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(told, changed, "{running:?} → {next:?}");
    assert!(problems.iter().all(|problem| problem.hint.is_some() && !problem.to_string().contains("canary")));
}

#[test]
fn the_address_the_name_the_database_and_the_alerts_stay() {
    check("address: :1", "address: :2", &["address"]);
    check("", "metrics_listen: :1", &["metrics_listen"]);
    check("", "hostname: other", &["hostname"]);
    check("dbaddr: ./a.sqlite", "dbaddr: ./b.sqlite", &["dbaddr"]);
    check("dbtype: none", "", &["dbaddr"]);
    let postgres = |password| format!("dbtype: postgres\ndbaddr: postgres://u:{password}@h/d");
    check(&postgres("canary-1"), &postgres("canary-2"), &["dbaddr"]);
    check(&postgres("canary-1"), &postgres("canary-1"), &[]);
    let webhook = |name| format!("notify: {{webhook: {{url: 'http://h/canary-{name}'}}}}");
    check(&webhook("a"), &webhook("b"), &["notify"]);
    check(&webhook("a"), &webhook("a"), &[]);
    let feishu = |name, secret| format!("notify: {{feishu: {{webhook: 'http://h/{name}', secret: {secret}}}}}");
    check(&feishu("a", "canary"), &feishu("a", "canary2"), &["notify"]);
    check(&feishu("a", "canary"), &feishu("a", "canary"), &[]);
    check(&feishu("a", "canary, style: card"), &feishu("a", "canary"), &["notify"]);
    check("", "address: :1\nhostname: h\ndbtype: none", &["address", "hostname", "dbaddr"]);
}

#[test]
fn whatever_is_said_about_alerts_stays() {
    let room = |server, name, token| {
        format!("notify: {{matrix: {{homeserver: 'http://{server}', room: '!{name}:h', token: {token}}}}}")
    };
    let (one, url) = (room("h", "a", "canary"), "notify: {matrix: {url: 'http://h/canary'}}");
    check(&one, &one, &[]);
    check(url, url, &[]);
    for other in [room("i", "a", "canary"), room("h", "b", "canary"), room("h", "a", "canary2"), url.to_owned()] {
        check(&one, &other, &["notify"]);
        check(&other, &one, &["notify"]);
    }
    let tuned = |line: &str| format!("notify: {{webhook: {{url: 'http://h'}}, {line}}}");
    for line in ["language: zh", "window: 30s", "messages_per_minute: 5", "outcomes: [all_failed]"] {
        check(&tuned(line), &tuned(line), &[]);
        check(&tuned(line), &tuned(""), &["notify"]);
    }
    let outcomes = |order| tuned(&format!("outcomes: [{order}]"));
    check(&outcomes("ok, all_failed"), &outcomes("all_failed, ok"), &[]);
    check(&tuned("window: 60"), &tuned("window: 1m"), &[]);
}

#[test]
fn everything_else_may_change() {
    let next = "authorization: a\ntimeout: 1\nheader_timeout: 1\ndrain_timeout: 1\nmax_body: 1KB\nlb_policy: random\n\
                failover_on: standard\nmetrics_auth: true\ntrusted_proxies: [10.0.0.0/8]\nrecord: {secrets: plain, outcomes: errors}\n\
                on_client_close: drain";
    check("", next, &[]);
}
