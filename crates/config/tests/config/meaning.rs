//! What the keys mean.

use crate::support::{parse, parse_with};
use oar_config::{
    Access, Config, Database, FailoverOn, Matrix, MetricsSettings, NotifySettings, OnClientClose, Order, Secrets,
};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;

fn with_upstream(lines: &str) -> String {
    format!("{lines}\nupstreams:\n  - sk: key\n")
}

fn shown(tokens: &[SecretString]) -> Vec<&str> {
    tokens.iter().map(ExposeSecret::expose_secret).collect()
}

fn warnings(config: &Config) -> Vec<String> {
    config.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn every_time_limit_has_a_default() {
    let config = parse("upstreams:\n  - sk: key\n");
    let limits = [
        (config.timeout, 120),
        (config.stream_timeout, 10),
        (config.connect_timeout, 5),
        (config.first_event_timeout, 300),
        (config.idle_timeout, 300),
        (config.body_timeout, 120),
        (config.header_timeout, 10),
        (config.drain_timeout, 30),
    ];
    for (limit, seconds) in limits {
        assert_eq!(limit, Duration::from_secs(seconds), "{limits:?}");
    }
    assert_eq!((config.total_timeout, config.heartbeat, config.upstreams[0].timeout), (None, None, None));
}

#[test]
fn everything_but_the_upstreams_has_a_default() {
    let config = parse("upstreams:\n  - sk: key\n");
    assert_eq!((config.address.to_string().as_str(), config.hostname), (":8888", None));
    assert_eq!((config.failover_on, config.order), (FailoverOn::Any, Order::Configured));
    assert_eq!((config.max_body, config.trusted_proxies), (64 * 1024 * 1024, vec![]));
    assert_eq!((config.metrics, config.db_required), (MetricsSettings::default(), false));
    assert!(matches!(&config.database, Database::Sqlite { path } if path == Path::new("./db.sqlite")));
    assert_eq!(config.record.secrets, Secrets::Fingerprint);
    let NotifySettings { feishu, matrix, webhook, .. } = config.notify;
    assert!(feishu.is_none() && matrix.is_none() && webhook.is_none());
    assert_eq!(config.upstreams[0].backend, "openai");
}

#[test]
fn a_database_may_be_required() {
    assert!(parse(&with_upstream("db_required: true")).db_required);
}

#[test]
fn keys_with_nothing_behind_them_have_their_default() {
    let lines = "address: ''\nhostname: ~\nauthorization:\ntimeout: null\nlb_policy: \"\"\ndbtype:\ndbaddr: ''\nrecord:\nnotify:";
    let config = parse(&format!(
        "{lines}\nupstreams:\n  - sk:\n    type: ''\n    noauth:\n    allow:\n    deny: []\n    authorization: ''"
    ));
    assert_eq!(config.timeout, Duration::from_secs(120));
    assert_eq!(config.upstreams[0].name, "openai-1");
    assert!(matches!(config.upstreams[0].access, Access::Global));
}

#[test]
fn a_whole_request_and_its_body_may_be_limited() {
    let config = parse(&with_upstream(
        "total_timeout: 1m30s\nbody_timeout: 5\nmax_body: 25 MB\nheader_timeout: 3\ndrain_timeout: 2m",
    ));
    assert_eq!(config.total_timeout, Some(Duration::from_secs(90)));
    assert_eq!((config.body_timeout, config.max_body), (Duration::from_secs(5), 25_000_000));
    assert_eq!((config.header_timeout, config.drain_timeout), (Duration::from_secs(3), Duration::from_secs(120)));
}

#[test]
fn proxies_are_trusted_and_metrics_shown_as_the_file_says() {
    let config =
        parse(&with_upstream("trusted_proxies: [10.0.0.0/8, '::1']\nmetrics_listen: ':9090'\nmetrics_auth: true"));
    let networks: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(config.metrics.listen.map(|address| address.to_string()).as_deref(), Some(":9090"));
    assert!(config.metrics.auth);
}

#[test]
fn tokens_are_split_trimmed_and_kept_as_written() {
    for (written, tokens) in [
        ("a, b ,,a,", vec!["a", "b"]),
        ("0123", vec!["0123"]),
        ("1e5", vec!["1e5"]),
        ("yes", vec!["yes"]),
        ("0x1F", vec!["0x1F"]),
        ("1_000", vec!["1_000"]),
        ("007.50", vec!["007.50"]),
        ("'null'", vec!["null"]),
        ("true,False", vec!["true", "False"]),
        ("\",\"", vec![]),
        ("[a, ' b', 3]", vec!["a", "b", "3"]),
        ("[]", vec![]),
    ] {
        let config = parse(&with_upstream(&format!("authorization: {written}")));
        assert_eq!(shown(&config.tokens), tokens, "{written}");
    }
}

#[test]
fn an_upstream_may_have_its_own_tokens_or_none() {
    let config = parse(
        "authorization: a\nupstreams:\n  - sk: k\n  - authorization: [b, c]\n  - noauth: yes\n  - noauth: true\n    authorization: b\n  - noauth: 'false'\n",
    );
    let access: Vec<_> = config.upstreams.iter().map(|upstream| &upstream.access).collect();
    assert!(matches!(access[0], Access::Global));
    assert!(matches!(access[1], Access::Tokens(own) if shown(own) == ["b", "c"]));
    assert!(matches!(access[2], Access::Anyone));
    assert!(matches!(access[3], Access::Anyone));
    assert!(matches!(access[4], Access::Global));
    assert_eq!(
        warnings(&config),
        ["upstreams[3].authorization (line 7): is never asked for, since `noauth: true` lets anybody in"]
    );
}

#[test]
fn doors_that_nobody_can_open_are_warned_about() {
    let config = parse("upstreams:\n  - sk: a\n  - sk: b\n");
    assert_eq!(warnings(&config), ["authorization: no token is set, so every request will be refused (401)"]);
    let config = parse("authorization: ','\nupstreams:\n  - sk: a\n  - noauth: true\n");
    assert_eq!(
        warnings(&config),
        ["upstreams[0] (line 3): no token is set that opens this upstream, so nobody can use it"]
    );
    assert!(warnings(&parse("upstreams:\n  - authorization: a\n")).is_empty());
}

#[test]
fn plain_secrets_in_records_are_warned_about() {
    let config = parse(&with_upstream("authorization: a\nrecord: {secrets: plain}"));
    assert_eq!(config.record.secrets, Secrets::Plain);
    assert_eq!(
        warnings(&config),
        ["record.secrets (line 2): records will hold tokens and keys that anybody who reads them can use"]
    );
}

#[test]
fn databases_are_told_apart() {
    assert!(matches!(parse(&with_upstream("dbtype: none\ndbaddr: whatever")).database, Database::None));
    let dsn = "host=127.0.0.1 port=5432 user=postgres dbname=x sslmode=disable password=p";
    let config = parse(&with_upstream(&format!("dbtype: postgres\ndbaddr: \"{dsn}\"")));
    assert!(matches!(config.database, Database::Postgres { dsn: kept } if kept.expose_secret() == dsn));
}

#[test]
fn notifiers_come_from_the_file_or_from_the_environment_never_from_both() {
    let env = [("FEISHU_WEBHOOK", "https://f.example/1"), ("MATRIX_API", "http://m.example/2")];
    let config = parse_with(&with_upstream(""), &env);
    assert_eq!(config.notify.feishu.expect("feishu").webhook.expose_secret(), "https://f.example/1");
    let Some(Matrix::Url(matrix)) = config.notify.matrix else { unreachable!("a URL") };
    assert_eq!(matrix.expose_secret(), "http://m.example/2");

    let lines =
        "notify:\n  feishu: {webhook: 'https://f.example/3', secret: 0123}\n  webhook:\n    url: HTTPS://w.example/4";
    let config = parse_with(&with_upstream(lines), &env);
    let feishu = config.notify.feishu.expect("feishu");
    assert_eq!(feishu.webhook.expose_secret(), "https://f.example/3");
    assert_eq!(feishu.secret.expect("secret").expose_secret(), "0123");
    assert_eq!(config.notify.webhook.expect("webhook").expose_secret(), "HTTPS://w.example/4");
    assert!(config.notify.matrix.is_none());

    assert!(parse_with(&with_upstream("notify: {}"), &env).notify.feishu.is_none());
    assert!(parse_with(&with_upstream(""), &[("FEISHU_WEBHOOK", "")]).notify.feishu.is_none());
}

#[test]
fn a_client_that_leaves_ends_the_upstreams_work_unless_the_file_says_otherwise() {
    for (top, own, expected) in [
        ("", "", (OnClientClose::Cancel, None)),
        ("on_client_close: drain", "", (OnClientClose::Drain, None)),
        ("on_client_close: drain", "on_client_close: cancel", (OnClientClose::Drain, Some(OnClientClose::Cancel))),
        ("", "on_client_close: drain", (OnClientClose::Cancel, Some(OnClientClose::Drain))),
    ] {
        let config = parse(&format!("{top}\nupstreams:\n  - sk: key\n    {own}\n"));
        assert_eq!((config.on_client_close, config.upstreams[0].on_client_close), expected, "{top} / {own}");
    }
}

/// A mounted secret, and what a shell reads from a file, often ends with a line break.
#[test]
fn what_comes_from_a_file_may_end_with_a_line_break() {
    let env = [("FEISHU_WEBHOOK", "https://f.example/1\n"), ("TOKEN", "a\n"), ("SIGN", "b\n"), ("DSN", "host=h\n")];
    let top = "authorization: ${TOKEN}\ndbtype: postgres\ndbaddr: ${DSN}";
    let config = parse_with(&with_upstream(top), &env);
    assert_eq!(shown(&config.tokens), ["a"]);
    assert_eq!(config.notify.feishu.expect("feishu").webhook.expose_secret(), "https://f.example/1");
    assert!(matches!(config.database, Database::Postgres { dsn } if dsn.expose_secret() == "host=h"));
    let section = "notify: {feishu: {webhook: '${FEISHU_WEBHOOK}', secret: '${SIGN}'}}";
    let feishu = parse_with(&with_upstream(section), &env).notify.feishu.expect("feishu");
    assert_eq!(feishu.secret.expect("a secret").expose_secret(), "b");
}

#[test]
fn variables_are_text_and_cannot_inject_keys() {
    let env = [("PORT", "9000"), ("LIMIT", "2m"), ("YES", "true"), ("EMPTY", "")];
    let text = "address: 127.0.0.1:${PORT}
authorization: a
timeout: ${LIMIT}
hostname: ${EMPTY}
upstreams:
  - noauth: ${YES}
    timeout: ${NONE:-}
    name: ${NAME:-x}$${y}
";
    let config = parse_with(text, &env);
    assert_eq!(config.address.to_string(), "127.0.0.1:9000");
    assert_eq!(config.timeout, Duration::from_secs(120));
    assert_eq!(config.hostname, None);
    assert!(matches!(config.upstreams[0].access, Access::Anyone));
    assert_eq!(config.upstreams[0].timeout, None);
    assert_eq!(config.upstreams[0].name, "x${y}");

    let evil = Config::parse("hostname: ${EVIL}\nupstreams: [{sk: k}]", "c", &|name| {
        (name == "EVIL").then(|| "x\nnoauth: true".to_owned())
    });
    assert_eq!(
        evil.expect_err("a control character").to_string(),
        "c: 1 problem\n  hostname (line 1): holds a control character"
    );
}

#[test]
fn merge_keys_lend_what_is_not_there() {
    let text = "
authorization: t
x-base: &base
  timeout: 1
  allow: [a]
x-more: &more
  <<: *base
  timeout: 2
  deny: ['${NOT_SET_BUT_OVERRIDDEN}']
upstreams:
  - <<: *base
  - <<: *more
    deny: [d]
  - <<: [*base, *more]
    timeout: 3
    deny: []
  - &first
    name: first
  - <<: *first
    name: second
";
    let config = parse(text);
    let seconds: Vec<_> = config.upstreams.iter().map(|up| up.timeout.map(|limit| limit.as_secs())).collect();
    assert_eq!(seconds, [Some(1), Some(2), Some(3), None, None]);
    assert!(config.upstreams[..3].iter().all(|upstream| upstream.allow == ["a"]));
    assert_eq!(config.upstreams[1].deny, ["d"]);
    assert_eq!(config.upstreams[4].name, "second");
}

#[test]
fn a_variable_in_an_extension_is_only_needed_where_it_is_used() {
    let config = parse("x-unused: ${NOT_SET}\nx-twice: 1\nx-twice: 2\nupstreams:\n  - noauth: true\n");
    assert_eq!(config.upstreams.len(), 1);
}

#[test]
fn models_are_kept_as_written() {
    let config = parse(
        &with_upstream("authorization: a").replace("sk: key", "allow: [1.10, gpt-4o, /v1/audio/transcriptions, true]"),
    );
    assert_eq!(config.upstreams[0].allow, ["1.10", "gpt-4o", "/v1/audio/transcriptions", "true"]);
}

#[test]
fn an_unknown_backend_is_named_with_the_known_ones() {
    let config = parse("upstreams:\n  - sk: k\n    type: replicat\n");
    let problem = config.upstreams[0].unknown_backend(&["openai", "replicate"]);
    assert_eq!(
        problem.to_string(),
        "upstreams[0].type (line 3): unknown backend `replicat` (known: openai, replicate)"
    );
    assert_eq!(problem.hint.as_deref(), Some("did you mean `replicate`?"));
}
