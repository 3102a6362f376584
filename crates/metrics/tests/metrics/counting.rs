//! Each family moves for the right exchange, and for no other.

use crate::support::{attempt, exchange, finish, value};
use oar_exchange::{AttemptResult, Observer, Outcome, Usage};
use oar_metrics::Metrics;
use std::time::Duration;

fn metrics() -> Metrics {
    Metrics::new(["primary", "spare"])
}

#[test]
fn a_request_counts_under_its_outcome_and_status() {
    let metrics = metrics();
    finish(&metrics, exchange(Outcome::Ok, 200));
    finish(&metrics, exchange(Outcome::Ok, 200));
    finish(&metrics, exchange(Outcome::Rejected, 401));
    assert_eq!(value(&metrics, r#"oar_requests_total{outcome="ok",status="200"}"#), "2");
    assert_eq!(value(&metrics, r#"oar_requests_total{outcome="rejected",status="401"}"#), "1");
}

#[test]
fn a_number_that_is_no_status_is_other() {
    let metrics = metrics();
    for status in [0, 99, 600, u16::MAX] {
        finish(&metrics, exchange(Outcome::UpstreamError, status));
    }
    assert_eq!(value(&metrics, r#"oar_requests_total{outcome="upstream_error",status="other"}"#), "4");
}

#[test]
fn every_attempt_counts_and_all_but_the_last_are_failovers() {
    let metrics = metrics();
    let mut story = exchange(Outcome::Ok, 200);
    story.attempts = vec![
        attempt("primary", AttemptResult::HeadTimeout),
        attempt("primary", AttemptResult::ConnectRefused),
        attempt("spare", AttemptResult::Ok),
    ];
    finish(&metrics, story);
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="primary",result="head_timeout"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="primary",result="connect_refused"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="spare",result="ok"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_failovers_total{reason="head_timeout"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_failovers_total{reason="connect_refused"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_failovers_total{reason="ok"}"#), "0");
}

/// U15: nobody else had to step in.
#[test]
fn a_repeat_on_a_new_connection_is_an_attempt_and_no_failover() {
    let metrics = metrics();
    let stale = || attempt("primary", AttemptResult::StaleConnection);
    let mut story = exchange(Outcome::Ok, 200);
    story.attempts = vec![stale(), attempt("primary", AttemptResult::Ok)];
    finish(&metrics, story.clone());
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="primary",result="stale_connection"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_failovers_total{reason="stale_connection"}"#), "0");

    story.attempts = vec![stale(), stale(), attempt("spare", AttemptResult::Ok)];
    finish(&metrics, story);
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="primary",result="stale_connection"}"#), "3");
    assert_eq!(value(&metrics, r#"oar_failovers_total{reason="stale_connection"}"#), "1");
}

#[test]
fn a_client_that_left_is_told_apart_by_what_it_had_been_sent() {
    let metrics = metrics();
    finish(&metrics, exchange(Outcome::ClientClosed, 499));
    let mut streaming = exchange(Outcome::ClientClosed, 200);
    streaming.answer.head_after = Some(Duration::from_millis(3));
    finish(&metrics, streaming.clone());
    finish(&metrics, streaming);
    assert_eq!(value(&metrics, r#"oar_client_disconnects_total{phase="waiting"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_client_disconnects_total{phase="streaming"}"#), "2");
}

#[test]
fn a_cut_stream_counts_against_the_upstream_that_cut_it() {
    let metrics = metrics();
    let mut story = exchange(Outcome::StreamBroken, 200);
    story.attempts = vec![attempt("primary", AttemptResult::Status), attempt("spare", AttemptResult::Ok)];
    finish(&metrics, story);
    assert_eq!(value(&metrics, r#"oar_stream_broken_total{upstream="spare"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_stream_broken_total{upstream="primary"}"#), "0");
}

#[test]
fn tokens_count_for_the_upstream_that_answered() {
    let metrics = metrics();
    let mut story = exchange(Outcome::Ok, 200);
    story.attempts = vec![attempt("primary", AttemptResult::BadHead), attempt("spare", AttemptResult::Ok)];
    story.usage = Some(Usage { prompt: Some(12), completion: Some(30) });
    finish(&metrics, story.clone());
    story.usage = Some(Usage { prompt: Some(1), completion: None });
    finish(&metrics, story);
    assert_eq!(value(&metrics, r#"oar_tokens_total{upstream="spare",type="prompt"}"#), "13");
    assert_eq!(value(&metrics, r#"oar_tokens_total{upstream="spare",type="completion"}"#), "30");
    assert_eq!(value(&metrics, r#"oar_tokens_total{upstream="primary",type="prompt"}"#), "0");
}

#[test]
fn a_request_is_in_flight_from_its_start_to_its_end() {
    let metrics = metrics();
    metrics.started();
    metrics.started();
    assert_eq!(value(&metrics, "oar_in_flight"), "2");
    metrics.finished(&exchange(Outcome::Ok, 200).into());
    assert_eq!(value(&metrics, "oar_in_flight"), "1");
}

#[test]
fn durations_fall_into_the_buckets_that_hold_them() {
    let metrics = metrics();
    let mut story = exchange(Outcome::Ok, 200);
    story.elapsed = Duration::from_secs(45);
    story.answer.first_byte_after = Some(Duration::from_millis(400));
    finish(&metrics, story);
    assert_eq!(value(&metrics, r#"oar_request_duration_seconds_bucket{le="30.0"}"#), "0");
    assert_eq!(value(&metrics, r#"oar_request_duration_seconds_bucket{le="60.0"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_time_to_first_byte_seconds_bucket{le="0.25"}"#), "0");
    assert_eq!(value(&metrics, r#"oar_time_to_first_byte_seconds_bucket{le="0.5"}"#), "1");
}

#[test]
fn an_answer_without_a_byte_has_no_time_to_the_first() {
    let metrics = metrics();
    finish(&metrics, exchange(Outcome::ClientClosed, 499));
    assert_eq!(value(&metrics, "oar_request_duration_seconds_count"), "1");
    assert_eq!(value(&metrics, "oar_time_to_first_byte_seconds_count"), "0");
}
