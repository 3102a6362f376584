//! How a backend reads its own keys.

use crate::support::parse;
use oar_config::{Problem, Settings};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The settings of an upstream with these lines, which begin on line 3.
fn settings(lines: &str) -> Settings {
    let indented: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("upstreams:\n  - type: acme\n{indented}");
    parse(&text).upstreams.into_iter().next().expect("an upstream").settings
}

fn decode<T: DeserializeOwned>(lines: &str) -> T {
    settings(lines).decode().expect(lines)
}

fn problems<T: DeserializeOwned + Debug>(lines: &str) -> Vec<String> {
    let line = |problem: Problem| match &problem.hint {
        Some(hint) => format!("{problem} [{hint}]"),
        None => problem.to_string(),
    };
    settings(lines).decode::<T>().expect_err(lines).into_iter().map(line).collect()
}

#[derive(Debug, Deserialize)]
struct Acme {
    sk: SecretString,
    endpoint: String,
    #[serde(default)]
    keep_header: bool,
    region: Option<String>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    tries: u8,
    #[serde(default)]
    mode: Mode,
    limits: Option<Limits>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Fast,
    Slow(u32),
    Custom {
        weight: f64,
    },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Limits {
    tokens: i64,
    #[serde(default)]
    ratio: f32,
}

#[test]
fn texts_hold_what_was_written() {
    for written in ["0123", "1e5", "yes", "true", "0x1F", "12345678901234567890123", "-0", "1.10"] {
        let acme: Acme = decode(&format!("sk: {written}\nendpoint: {written}\nregion: {written}"));
        assert_eq!(acme.sk.expose_secret(), written);
        assert_eq!(acme.endpoint, written);
        assert_eq!(acme.region.as_deref(), Some(written));
    }
}

#[test]
fn nothing_is_empty() {
    let acme: Acme = decode("sk:\nendpoint: ~\nregion:\nkeep_header:\nhosts:\nlimits: null");
    assert_eq!(acme.sk.expose_secret(), "");
    assert_eq!((acme.endpoint.as_str(), acme.region, acme.keep_header), ("", None, false));
    assert!(acme.hosts.is_empty() && acme.limits.is_none());
}

#[test]
fn each_kind_of_value_is_read() {
    let acme: Acme = decode(
        "sk: a\nendpoint: b\nkeep_header: Yes\nhosts: [1, b]\ntries: '3'\nmode: {slow: 7}\nlimits:\n  tokens: -5\n  ratio: 1.5",
    );
    assert!(acme.keep_header);
    assert_eq!((acme.hosts, acme.tries, acme.mode), (vec!["1".to_owned(), "b".to_owned()], 3, Mode::Slow(7)));
    assert_eq!(acme.limits, Some(Limits { tokens: -5, ratio: 1.5 }));
    assert_eq!(decode::<Acme>("sk: a\nendpoint: b\nmode: fast").mode, Mode::Fast);
    assert_eq!(decode::<Acme>("sk: a\nendpoint: b\nmode: {custom: {weight: 2}}").mode, Mode::Custom { weight: 2.0 });
}

#[test]
fn the_hosts_keys_are_not_the_guests() {
    #[derive(Debug, Deserialize)]
    struct Nothing {}
    let Nothing {} = decode(
        "name: a\ntimeout: 1\nstream_timeout: 1\nconnect_timeout: 1\nidle_timeout: 1\nfirst_event_timeout: 1\nheartbeat: 1\ntotal_timeout: 1\nfailover_on: any\nallow: [a]\ndeny: [b]\nnoauth: true\nrecord: {ip: no}\non_client_close: drain",
    );
    decode::<()>("name: a");
    assert_eq!(
        problems::<()>("sk: a"),
        [
            "upstreams[0].sk (line 3): unknown key [known keys: type, name, noauth, authorization, timeout, stream_timeout, connect_timeout, idle_timeout, first_event_timeout, heartbeat, total_timeout, failover_on, on_client_close, record, allow, deny]"
        ]
    );
}

#[test]
fn every_problem_is_found_at_once() {
    let lines = "sk: [canary2]
endpiont: https://canary2.example
keep_header: canary2
tries: 300
hosts: canary2
timout: canary2
limits:
  tokens: canary2
  tokns: canary2
mode: canary2";
    assert_eq!(
        problems::<Acme>(lines),
        [
            "upstreams[0].endpiont (line 4): unknown key [did you mean `endpoint`?]",
            "upstreams[0].timout (line 8): unknown key [did you mean `timeout`?]",
            "upstreams[0].sk (line 3): must be a single value, not a list",
            "upstreams[0].keep_header (line 5): is neither true nor false",
            "upstreams[0].tries (line 6): is not a number that fits here",
            "upstreams[0].hosts (line 7): must be a list, not a single value",
            "upstreams[0].limits.tokns (line 11): unknown key [did you mean `tokens`?]",
            "upstreams[0].limits.tokens (line 10): is not a number that fits here",
            "upstreams[0].mode (line 12): is none of: fast, slow, custom",
        ]
    );
}

#[test]
fn missing_keys_are_placed_at_the_entry() {
    assert_eq!(problems::<Acme>("sk: a"), ["upstreams[0].endpoint (line 2): is missing"]);
    assert_eq!(
        problems::<Acme>("sk: a\nendpoint: b\nlimits:\n  ratio: 1"),
        ["upstreams[0].limits.tokens (line 5): is missing"]
    );
}

#[test]
fn other_wrong_shapes_are_told() {
    for (lines, expected) in [
        ("mode: [fast]", "upstreams[0].mode (line 5): must be one word, or a section with one key, not a list"),
        ("mode: slow", "upstreams[0].mode (line 5): is a choice that needs a value of its own"),
        ("mode: {fast: 1}", "upstreams[0].mode (line 5): is a section where a single word is expected"),
        ("mode: {slow: x}", "upstreams[0].mode.slow (line 5): is not a number that fits here"),
        ("hosts: [a, [b]]", "upstreams[0].hosts[1] (line 5): must be a single value, not a list"),
        ("limits: 5", "upstreams[0].limits (line 5): must be a section of `key: value` lines, not a single value"),
        ("tries: -1", "upstreams[0].tries (line 5): is not a number that fits here"),
        ("tries:", "upstreams[0].tries (line 5): is not a number that fits here"),
    ] {
        assert_eq!(problems::<Acme>(&format!("sk: a\nendpoint: b\n{lines}")), [expected]);
    }
}

#[test]
fn what_a_type_says_of_its_value_is_said_without_the_value() {
    #[derive(Debug)]
    struct Picky;
    impl<'de> Deserialize<'de> for Picky {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Err(D::Error::custom(format!("`{text}` is not to my taste")))
        }
    }
    #[derive(Debug, Deserialize)]
    struct Own {
        #[serde(rename = "sk")]
        _sk: Picky,
    }
    assert_eq!(problems::<Own>("sk: canary2"), ["upstreams[0].sk (line 3): `…` is not to my taste"]);
    assert_eq!(problems::<Own>("sk: my"), ["upstreams[0].sk (line 3): has a value that its backend does not accept"]);
}

/// A value may be quoted in escapes as well, and by a struct as a whole, once it has been decoded.
#[test]
fn whatever_a_backend_quotes_of_its_values_is_cut_out() {
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Raw")]
    struct Whole;
    #[derive(Debug, Deserialize)]
    struct Raw {
        sk: String,
    }
    impl TryFrom<Raw> for Whole {
        type Error = String;
        fn try_from(Raw { sk }: Raw) -> Result<Self, String> {
            Err(format!("{sk} and {sk:?} are not to my taste"))
        }
    }
    assert_eq!(problems::<Whole>("sk: canary2"), ["upstreams[0] (line 2): … and \"…\" are not to my taste"]);
    let quotes = r#"sk: 'can"ary\2'"#;
    assert_eq!(problems::<Whole>(quotes), ["upstreams[0] (line 2): … and \"…\" are not to my taste"]);
}

#[test]
fn free_forms_are_read_as_yaml_reads_them() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Truth(bool),
        Whole(i64),
        Number(f64),
        Text(String),
        List(Vec<Any>),
    }
    let all: BTreeMap<String, Any> = decode("a: true\nb: -3\nc: 1.5\nd: '7'\ne: [x, 2]");
    let expected = [
        ("a", Any::Truth(true)),
        ("b", Any::Whole(-3)),
        ("c", Any::Number(1.5)),
        ("d", Any::Text("7".to_owned())),
        ("e", Any::List(vec![Any::Text("x".to_owned()), Any::Whole(2)])),
    ];
    assert_eq!(all, expected.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
}

#[test]
fn a_backend_reports_its_own_findings_with_their_place() {
    let settings = settings("sk: a\nendpoint: api.openai.com/v1");
    let problem = settings
        .problem("endpoint", "`api.openai.com/v1` is not an absolute http or https URL")
        .with_hint("write `https://api.openai.com/v1`");
    assert_eq!(
        oar_config::Problems::from(problem).to_string(),
        "config.yaml: 1 problem
  upstreams[0].endpoint (line 4): `api.openai.com/v1` is not an absolute http or https URL
    hint: write `https://api.openai.com/v1`"
    );
    assert_eq!(settings.problem("type", "x").to_string(), "upstreams[0].type (line 2): x");
    assert_eq!(settings.problem("absent", "x").to_string(), "upstreams[0].absent (line 2): x");
}

#[test]
fn debug_shows_no_value() {
    let shown = format!("{:?}", settings("sk: canary2\nendpoint: canary2\nhosts: [canary2]"));
    assert!(shown.contains("endpoint") && !shown.contains("canary2"), "{shown}");
}
