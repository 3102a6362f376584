//! What of each exchange is kept.

use crate::exchanges::{Change, exchange, refused_attempt};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use oar_exchange::{Exchange, Observer, Outcome};
use oar_record::{
    DropReason, Extract, Keep, KeepAddress, KeepHeader, KeepHeaders, KeepOutcomes, KeepText, Policy, Recorder, Row,
    Store, StoreError,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn of_outcome(outcome: Outcome) -> Arc<Exchange> {
    Arc::new(Exchange { outcome, ..exchange("x1") })
}

fn outcomes(outcomes: KeepOutcomes) -> Policy {
    Policy::new(Keep { outcomes, ..Keep::default() })
}

fn row(keep: &Keep, exchange: &Exchange) -> Value {
    serde_json::to_value(Row::keeping(exchange, keep, "h")).unwrap()
}

#[test]
fn every_failure_is_kept_and_the_share_of_successes_that_is_wanted() {
    let nearly_none = KeepOutcomes::Sampled { per_million: 0 };
    for (wanted, keeps_successes) in [
        (KeepOutcomes::All, true),
        (KeepOutcomes::Errors, false),
        (nearly_none, false),
        (KeepOutcomes::Sampled { per_million: 1_000_000 }, true),
    ] {
        for outcome in Outcome::ALL {
            let is_kept = outcomes(wanted).keeps(&of_outcome(outcome)).is_some();
            assert_eq!(is_kept, keeps_successes || outcome != Outcome::Ok, "{outcome} of {wanted:?}");
        }
    }
}

/// As the gateway makes them: a time that goes on, and what is drawn.
fn ids() -> impl Iterator<Item = String> {
    (0..10_000_u64).map(|number| format!("0193a6f0-{:04x}-7abc-8def-{:012x}", number / 16, number * 7919))
}

#[test]
fn a_share_is_that_share_and_always_the_same() {
    let kept = |per_million: u32| -> Vec<String> {
        let policy = outcomes(KeepOutcomes::Sampled { per_million });
        ids().filter(|id| policy.keeps(&Arc::new(exchange(id))).is_some()).collect()
    };
    for (per_million, bounds) in [(100_000, 900..1_100), (10_000, 60..140), (500_000, 4_800..5_200)] {
        let chosen = kept(per_million);
        assert!(bounds.contains(&chosen.len()), "{} of 10,000 at {per_million}", chosen.len());
        assert_eq!(chosen, kept(per_million));
    }
    let (few, many) = (kept(100_000), kept(500_000));
    assert!(few.iter().all(|id| many.contains(id)), "a larger share has everything that a smaller one has");
}

#[test]
fn the_upstream_that_the_row_names_decides() {
    let silent = Keep { outcomes: KeepOutcomes::Sampled { per_million: 0 }, ..Keep::default() };
    let short = Keep { max_bytes: 7, ..Keep::default() };
    let max_bytes =
        |policy: &Policy, exchange: Exchange| policy.keeps(&Arc::new(exchange)).map(|kept| kept.keep().max_bytes);
    let by_first = Policy::new(Keep::default()).upstream("first", silent.clone());
    let by_second = Policy::new(silent).upstream("second", short);

    // The second served.
    assert_eq!(max_bytes(&by_first, exchange("x1")), Some(1 << 20));
    assert_eq!(max_bytes(&by_second, exchange("x1")), Some(7));
    // The first was the last to be tried.
    let failed = || Exchange { attempts: vec![refused_attempt()], outcome: Outcome::Ok, ..exchange("x1") };
    assert_eq!(max_bytes(&by_first, failed()), None);
    assert_eq!(max_bytes(&by_second, failed()), None);
    // Nobody was asked.
    let refused = || Exchange { attempts: Vec::new(), outcome: Outcome::Ok, ..exchange("x1") };
    assert_eq!(max_bytes(&by_first, refused()), Some(1 << 20));
    assert_eq!(max_bytes(&by_second, refused()), None);
}

#[test]
fn what_is_not_kept_is_null_and_what_was_counted_stays() {
    let all = row(&Keep::default(), &exchange("x1"));
    let none = Keep {
        request: KeepText::Left,
        response: KeepText::Left,
        headers: KeepHeaders::These(Vec::new()),
        ip: KeepAddress::Left,
        ..Keep::default()
    };
    let row = row(&none, &exchange("x1"));
    let left = ["body", "response", "headers", "user_agent", "ip"];
    for (column, value) in row.as_object().unwrap() {
        let expected = if left.contains(&column.as_str()) { &Value::Null } else { &all[column] };
        assert_eq!(value, expected, "{column}");
    }
    assert_eq!((&row["bytes_in"], &row["bytes_out"], &row["model"]), (&json!(41), &json!(37), &json!("gpt-4o")));
}

#[test]
fn body_and_answer_are_cut_at_max_bytes_and_marked() {
    let keep = |max_bytes| Keep { max_bytes, ..Keep::default() };
    let cut = row(&keep(10), &exchange("x1"));
    let first = |column: &str| cut[column].as_str().unwrap().to_owned();
    assert_eq!((first("body").as_str(), first("response").as_str()), (r#"{"model":""#, r#"{"choices""#));
    assert_eq!((&cut["truncated"], &row(&keep(41), &exchange("x1"))["truncated"]), (&json!(true), &json!(false)));
}

fn kept_headers(headers: &KeepHeaders, names: &[&str]) -> Vec<String> {
    let mut exchange = exchange("x1");
    exchange.request.headers = HeaderMap::new();
    for name in names {
        exchange.request.headers.insert(HeaderName::try_from(*name).unwrap(), "canary".parse().unwrap());
    }
    let row = row(&Keep { headers: headers.clone(), ..Keep::default() }, &exchange);
    let kept: Value = serde_json::from_str(row["headers"].as_str().unwrap_or("{}")).unwrap();
    kept.as_object().unwrap().keys().map(|name| name.to_ascii_lowercase()).collect()
}

const CREDENTIALS: [&str; 9] = [
    "authorization",
    "x-api-key",
    "api-key",
    "cookie",
    "proxy-authorization",
    "x-goog-api-key",
    "x-forwarded-for",
    "x-real-ip",
    "openai-secret",
];

#[test]
fn the_usual_headers_tell_the_request_and_the_program() {
    let usual = [
        "accept",
        "content-type",
        "http-referer",
        "idempotency-key",
        "openai-organization",
        "origin",
        "referer",
        "traceparent",
        "user-agent",
        "x-request-id",
        "x-stainless-lang",
        "x-title",
    ];
    let others = ["accept-encoding", "accept-language", "x-custom", "stainless-x", "dnt"];
    let asked: Vec<_> = usual.into_iter().chain(others).chain(CREDENTIALS).collect();
    assert_eq!(kept_headers(&KeepHeaders::Usual, &asked), usual);
}

#[test]
fn a_list_is_of_names_and_of_beginnings() {
    let listed = KeepHeaders::These(vec![
        KeepHeader::Named(HeaderName::from_static("user-agent")),
        KeepHeader::StartingWith("x-team".to_owned()),
    ]);
    let asked = ["accept", "user-agent", "user-agent-x", "x-team", "x-team-name", "x-tea"];
    assert_eq!(kept_headers(&listed, &asked), ["user-agent", "x-team", "x-team-name"]);
    assert_eq!(kept_headers(&KeepHeaders::All, &["accept", "x-custom"]), ["accept", "x-custom"]);
    assert!(KeepHeaders::These(Vec::new()).has_none() && !listed.has_none());
}

/// A09.
#[test]
fn a_credential_is_never_kept_whatever_the_list_says() {
    let named = CREDENTIALS.iter().map(|name| KeepHeader::Named(HeaderName::from_static(name)));
    let begun = ["a", "c", "p", "x-", "openai-"].map(|begin| KeepHeader::StartingWith(begin.to_owned()));
    for headers in [KeepHeaders::All, KeepHeaders::These(named.chain(begun).collect())] {
        assert!(kept_headers(&headers, &CREDENTIALS).is_empty(), "{headers:?}");
    }
}

fn shares(exchange: &Arc<Exchange>, extract: &Extract) -> bool {
    Arc::ptr_eq(exchange, extract.exchange())
}

#[test]
fn an_exchange_is_shared_unless_it_holds_what_is_not_kept() {
    let without = |request, response| Policy::new(Keep { request, response, ..Keep::default() });
    let exchange = Arc::new(exchange("x1"));
    let all = without(KeepText::Kept, KeepText::Kept).keeps(&exchange).unwrap();
    assert!(shares(&exchange, &all));

    let body = exchange.request.body.clone();
    for (policy, lengths) in [
        (without(KeepText::Left, KeepText::Kept), (0, 37)),
        (without(KeepText::Kept, KeepText::Left), (41, 0)),
        (without(KeepText::Left, KeepText::Left), (0, 0)),
    ] {
        let extract = policy.keeps(&exchange).unwrap();
        let held = extract.exchange();
        assert_eq!((held.request.body.len(), held.answer.body.len()), lengths);
        assert!(lengths.0 == 0 || held.request.body.as_ptr() == body.as_ptr(), "what is kept is shared");
        let told = |exchange: &Exchange| serde_json::to_value(Row::keeping(exchange, extract.keep(), "h")).unwrap();
        assert_eq!(told(held), told(&exchange), "nothing else is lost");
        assert!(!format!("{extract:?}").contains("canary"));
    }
    // The gateway has not handed over what is not kept.
    let mut slim = Exchange::clone(&exchange);
    slim.request.body = Bytes::new();
    let slim = Arc::new(slim);
    assert!(shares(&slim, &without(KeepText::Left, KeepText::Kept).keeps(&slim).unwrap()));
}

/// Takes everything.
struct Open;

#[async_trait]
impl Store for Open {
    async fn write(&mut self, _: &[Arc<Row>]) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Requests = written + dropped + skipped, and nothing that is not kept weighs, or lives on, in the queue.
#[tokio::test(start_paused = true)]
async fn what_is_skipped_is_counted_apart_and_what_is_not_kept_does_not_wait() {
    let (recorder, writer) = Recorder::start(Box::new(Open), "h");
    let counters = recorder.counters();
    let body = Bytes::from(vec![b'x'; 1 << 20]);
    let large = |id: &str, outcome| {
        let mut large = exchange(id);
        (large.outcome, large.request.body) = (outcome, body.clone());
        Arc::new(large)
    };
    recorder.keep(Policy::new(Keep { outcomes: KeepOutcomes::Errors, request: KeepText::Left, ..Keep::default() }));
    recorder.finished(&large("1", Outcome::Ok));
    assert_eq!((counters.skipped(), counters.queued_rows()), (1, 0));
    recorder.finished(&large("2", Outcome::AllFailed));
    assert_eq!((counters.queued_rows(), counters.queued_bytes() < 1_000), (1, true));
    assert!(body.is_unique(), "nobody in the queue holds the body");

    recorder.keep(Policy::default());
    recorder.finished(&large("3", Outcome::Ok));
    assert!(counters.queued_bytes() > 1 << 20);
    writer.run(async { Duration::from_secs(5) }).await;
    recorder.finished(&large("4", Outcome::Ok));
    let dropped = DropReason::ALL.map(|reason| counters.dropped(reason)).iter().sum::<u64>();
    assert_eq!((counters.written(), counters.skipped(), dropped), (2, 1, 1));
}

#[test]
fn everything_that_a_client_makes_long_weighs_in_the_queue() {
    let (recorder, _writer) = Recorder::start(Box::new(Open), "h");
    let changes: [Change; 5] = [
        |exchange, long| exchange.request.path = long,
        |exchange, long| exchange.request.method = long.parse().unwrap(),
        |exchange, long| exchange.request.model = Some(long),
        |exchange, long| exchange.request_id = long,
        |exchange, long| drop(exchange.request.headers.insert("x", long.parse().unwrap())),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut exchange = exchange("a");
        change(&mut exchange, "x".repeat(60_000));
        recorder.finished(&Arc::new(exchange));
        assert!(recorder.counters().queued_bytes() >= 60_000 * (number + 1), "{number}");
    }
}
