//! What records keep, and what is wrong with what a file says about it.

use crate::support::{self, told};
use oar_config::{Config, KeepSettings, KeptHeader, KeptHeaders, KeptOutcomes, RetentionSettings};
use std::time::Duration;

fn parse(top: &str, own: &str) -> Config {
    let text = format!("authorization: a\n{top}\nupstreams:\n  - sk: key\n    {own}\n");
    support::parse(&text)
}

/// The problems of a `record` section of one line, and their hints.
fn problems(record: &str) -> Vec<String> {
    told(&format!("record: {record}\nupstreams: [{{sk: key}}]"))
}

fn these(headers: &[&str]) -> KeptHeaders {
    let item = |text: &&str| match text.strip_suffix('*') {
        Some(prefix) => KeptHeader::StartingWith(prefix.to_owned()),
        None => KeptHeader::Named(text.parse().expect(text)),
    };
    KeptHeaders::These(headers.iter().map(item).collect())
}

#[test]
fn everything_is_kept_for_ever_by_default() {
    for section in ["", "record:", "record: {}", "record: {outcomes: ~, headers: ~, retention: ~}"] {
        let config = parse(section, "");
        let keep = &config.record.keep;
        assert_eq!((keep.outcomes, &keep.headers), (KeptOutcomes::All, &KeptHeaders::Usual), "{section}");
        assert_eq!((keep.request, keep.response, keep.ip, keep.max_bytes), (true, true, true, 1 << 20), "{section}");
        assert_eq!(config.record.retention, RetentionSettings::default(), "{section}");
        assert_eq!(config.upstreams[0].keep, KeepSettings::default(), "{section}");
    }
}

#[test]
fn each_key_says_what_it_keeps() {
    let lines = "record:
  outcomes: 2.5%
  request: false
  response: no
  headers: [User-Agent, 'openai-*']
  max_bytes: 64 KiB
  ip: off
  retention: {days: 30, bytes: 5GB}";
    let record = parse(lines, "").record;
    let keep = KeepSettings {
        outcomes: KeptOutcomes::Sampled { per_million: 25_000 },
        request: false,
        response: false,
        headers: these(&["user-agent", "openai-*"]),
        max_bytes: 65_536,
        ip: false,
    };
    assert_eq!(record.keep, keep);
    let age = Some(Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(record.retention, RetentionSettings { age, bytes: Some(5_000_000_000) });
    assert_eq!(parse("record: {outcomes: errors}", "").record.keep.outcomes, KeptOutcomes::Errors);
    for (written, headers) in [("all", KeptHeaders::All), ("[]", these(&[]))] {
        assert_eq!(parse(&format!("record: {{headers: {written}}}"), "").record.keep.headers, headers);
    }
}

#[test]
fn what_an_upstream_leaves_out_is_the_files() {
    let config = parse(
        "record: {outcomes: errors, request: false, max_bytes: 10, headers: [a]}",
        "record: {request: true, headers: all}",
    );
    let expected = KeepSettings { request: true, headers: KeptHeaders::All, ..config.record.keep.clone() };
    assert_eq!(config.upstreams[0].keep, expected);
    assert_eq!((expected.outcomes, expected.max_bytes), (KeptOutcomes::Errors, 10));
    assert_eq!(parse("record: {ip: false}", "record: {headers: []}").upstreams[0].keep.headers, these(&[]));
}

#[test]
fn each_wrong_value_is_told() {
    const SIZE: &str = "write bytes (`1048576`), or a whole number with a unit (`64MiB`, `25MB`)";
    const SHARE: &str = "`10%` keeps every failure, and this share of the successes";
    const NAME: &str = "a `*` may stand at the end only, as in `openai-*`";
    const LIST: &str = "a list looks like `[user-agent, \"openai-*\"]`; `[]` keeps none";
    const EVER: &str = "leave the key out to keep records for ever";
    for (written, told) in [
        ("outcomes: some", &["outcomes (line 1): `some` is none of: all, errors, or a share such as 10%", SHARE][..]),
        ("outcomes: 10", &["outcomes (line 1): `10` is none of: all, errors, or a share such as 10%", SHARE]),
        ("outcomes: -1%", &["outcomes (line 1): `-1%` is none of: all, errors, or a share such as 10%", SHARE]),
        ("outcomes: 1e1%", &["outcomes (line 1): `1e1%` is none of: all, errors, or a share such as 10%", SHARE]),
        ("outcomes: 101%", &["outcomes (line 1): `101%` is more than there are"]),
        ("request: maybe", &["request (line 1): `maybe` is neither true nor false"]),
        ("response: 1", &["response (line 1): `1` is neither true nor false"]),
        ("ip: hash", &["ip (line 1): `hash` is neither true nor false"]),
        ("max_bytes: 1M", &["max_bytes (line 1): `1M` is not a size", SIZE]),
        ("max_bytes: 0", &["max_bytes (line 1): `0` is not between 1 byte and 64 MiB"]),
        ("max_bytes: 65MiB", &["max_bytes (line 1): `65MiB` is not between 1 byte and 64 MiB"]),
        ("headers: none", &["headers (line 1): `none` is neither `all` nor a list", LIST]),
        ("headers: [a, x y]", &["headers[1] (line 1): `x y` is not the name of a header", NAME]),
        ("headers: ['x-*-y']", &["headers[0] (line 1): `x-*-y` is not the name of a header", NAME]),
        ("headers: ['*']", &["headers[0] (line 1): would be every header", "write `headers: all`"]),
        ("retention: 30", &["retention (line 1): must be a section of `key: value` lines, not a single value"]),
        ("retention: {days: 0}", &["retention.days (line 1): `0` is no whole number of days from 1 to 36500", EVER]),
        (
            "retention: {days: 30d}",
            &["retention.days (line 1): `30d` is no whole number of days from 1 to 36500", EVER],
        ),
        ("retention: {bytes: 5}", &["retention.bytes (line 1): `5` is not between 1 MiB and 1024 TiB"]),
        ("retention: {bytes: lots}", &["retention.bytes (line 1): `lots` is not a size", SIZE]),
        ("retention: {day: 1}", &["retention.day (line 1): unknown key", "did you mean `days`?"]),
        ("responses: true", &["responses (line 1): unknown key", "did you mean `response`?"]),
    ] {
        let mut expected: Vec<_> = told.iter().map(ToString::to_string).collect();
        expected[0].insert_str(0, "record.");
        assert_eq!(problems(&format!("{{{written}}}")), expected, "{written}");
    }
}

#[test]
fn what_is_the_files_alone_is_no_upstreams() {
    let text = "upstreams:\n  - sk: key\n    record: {secrets: plain, retention: {days: 1}, request: false}\n";
    const HINT: &str = "write it in the section `record` at the top";
    let problem = |key| format!("upstreams[0].record.{key} (line 3): counts for the whole file");
    assert_eq!(told(text), [&problem("secrets"), HINT, &problem("retention"), HINT]);
}
