//! When an upstream is given up, and after which failures the next is tried: `connect_timeout`, `first_event_timeout`,
//! `idle_timeout`, `total_timeout` and `failover_on`.

use crate::support::{self, told};
use oar_config::FailureClass::{Broken, Connect, ErrorEvent, Status, Statuses, Timeout};
use oar_config::{Config, FailoverOn, UpstreamConfig};
use std::time::Duration;

/// What a file with these lines at the top, and these in its upstream, means.
fn parse(top: &str, own: &str) -> Config {
    let text = format!("{top}\nupstreams:\n  - sk: key\n{}", own.lines().map(indented).collect::<String>());
    support::parse(&text)
}

fn indented(line: &str) -> String {
    format!("    {line}\n")
}

/// The problems of these lines at the top of a file, and their hints.
fn problems(top: &str) -> Vec<String> {
    told(&format!("{top}\nupstreams:\n  - sk: key\n"))
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn only(config: &Config) -> &UpstreamConfig {
    config.upstreams.first().expect("an upstream")
}

#[test]
fn a_connections_limit_is_the_upstreams_own_or_the_files() {
    for (top, own, expected) in [
        ("", "", seconds(5)),
        ("connect_timeout: 2", "", seconds(2)),
        ("connect_timeout: 2", "connect_timeout: 500ms", Duration::from_millis(500)),
        ("", "connect_timeout: 1m", seconds(60)),
    ] {
        let config = parse(top, own);
        assert_eq!(only(&config).settings.connect_timeout(), expected, "{top} / {own}");
    }
}

/// What is said for the first event counts, else what is said for silence; the file speaks for upstreams that do not.
#[test]
fn a_first_event_has_as_long_as_any_other_silence_unless_said_otherwise() {
    for (top, expected) in [
        ("", (300, 300)),
        ("idle_timeout: 60", (60, 60)),
        ("first_event_timeout: 20", (20, 300)),
        ("idle_timeout: 60\nfirst_event_timeout: 2m", (120, 60)),
    ] {
        let config = parse(top, "");
        assert_eq!(
            (config.first_event_timeout, config.idle_timeout),
            (seconds(expected.0), seconds(expected.1)),
            "{top}"
        );
        assert_eq!((only(&config).first_event_timeout, only(&config).idle_timeout), (None, None), "{top}");
    }
    for (own, expected) in [
        ("idle_timeout: 60", (Some(60), Some(60))),
        ("first_event_timeout: 20", (Some(20), None)),
        ("idle_timeout: 60\nfirst_event_timeout: 20", (Some(20), Some(60))),
    ] {
        let config = parse("first_event_timeout: 7", own);
        let upstream = only(&config);
        let expected = (expected.0.map(seconds), expected.1.map(seconds));
        assert_eq!((upstream.first_event_timeout, upstream.idle_timeout), expected, "{own}");
    }
}

/// The file's limit is on all attempts together, so no upstream takes it for its own.
#[test]
fn an_attempt_as_a_whole_is_limited_by_its_upstream_alone() {
    for (top, own, expected) in [
        ("", "", (None, None)),
        ("total_timeout: 60", "", (Some(60), None)),
        ("", "total_timeout: 20", (None, Some(20))),
        ("total_timeout: 60", "total_timeout: 2m", (Some(60), Some(120))),
    ] {
        let config = parse(top, own);
        let limits = (config.total_timeout, only(&config).total_timeout);
        assert_eq!(limits, (expected.0.map(seconds), expected.1.map(seconds)), "{top} / {own}");
    }
}

#[test]
fn failover_is_a_word_or_a_list_of_failures() {
    let every = [Status(401), Statuses(5), Timeout, Connect, Broken, ErrorEvent];
    for (written, expected) in [
        ("any", FailoverOn::Any),
        ("standard", FailoverOn::Standard),
        ("~", FailoverOn::Any),
        ("''", FailoverOn::Any),
        ("[401, 5xx, timeout, connect, broken, error_event]", FailoverOn::These(every.to_vec())),
        ("['429']", FailoverOn::These(vec![Status(429)])),
        ("\n  - 3xx\n  - 4xx", FailoverOn::These(vec![Statuses(3), Statuses(4)])),
        ("[300, 599]", FailoverOn::These(vec![Status(300), Status(599)])),
    ] {
        assert_eq!(parse(&format!("failover_on: {written}"), "").failover_on, expected, "{written}");
    }
}

#[test]
fn an_upstreams_own_failover_counts_for_it_alone() {
    let config = parse("failover_on: standard", "failover_on: [429]");
    assert_eq!(config.failover_on, FailoverOn::Standard);
    assert_eq!(only(&config).failover_on, Some(FailoverOn::These(vec![Status(429)])));
    assert_eq!(only(&parse("failover_on: standard", "")).failover_on, None);
}

#[test]
fn an_empty_list_is_not_taken_for_a_wish() {
    let hint = "write `standard`, or the failures after which the next upstream is tried";
    assert_eq!(problems("failover_on: []"), ["failover_on (line 1): is empty", hint]);
}

#[test]
fn an_unknown_policy_is_told_with_the_known_ones() {
    let hint = "a list looks like `[401, 429, 5xx, timeout, connect]`";
    for (written, message) in [
        ("strict", "`strict` is none of: any, standard, or a list"),
        ("Standard", "`Standard` is none of: any, standard, or a list"),
        ("429", "`429` is none of: any, standard, or a list"),
        ("401,429", "`401,429` is none of: any, standard, or a list"),
    ] {
        let told = problems(&format!("failover_on: {written}"));
        assert_eq!(told, [format!("failover_on (line 1): {message}"), hint.to_owned()]);
    }
}

#[test]
fn each_bad_failure_of_a_list_is_told_by_its_place() {
    for status in ["200", "99", "600", "299", "1000"] {
        let told = problems(&format!("failover_on: [429, {status}]"));
        assert_eq!(told, [format!("failover_on[1] (line 1): `{status}` is no status of a failure")]);
    }
    for word in ["2xx", "6xx", "xx", "5XX", "50x", "dns", "any", "-1", "70000", "4.5"] {
        let told = problems(&format!("failover_on:\n  - connect\n  - {word}"));
        let expected = format!("failover_on[1] (line 3): `{word}` is none of: connect, timeout, broken, error_event");
        assert_eq!(told.first(), Some(&expected));
        assert!(told.get(1).is_some_and(|hint| hint.contains("5xx")), "{told:?}");
    }
    assert_eq!(
        problems("failover_on: [[429]]").first().map(String::as_str),
        Some("failover_on[0] (line 1): must be a single value, not a list")
    );
    assert_eq!(
        problems("failover_on: {status: 429}").first().map(String::as_str),
        Some("failover_on (line 1): must be a single value, not a section")
    );
}
