//! What the client is told when every upstream failed: the most useful failure, not the last one.

use crate::house::{Ask, House, json, pass, refusal, status};
use oar_exchange::Outcome;
use oar_testkit::{RawResponse, ScriptedUpstream};
use std::time::Duration;

type Headers<'a> = &'a [(&'a str, &'a str)];

/// Each upstream answers with this status, these headers, and its number as the body.
async fn all_failing<const N: usize>(answers: [(u16, Headers<'_>); N]) -> (RawResponse, Outcome) {
    let mut upstreams = Vec::new();
    for (index, (code, headers)) in answers.into_iter().enumerate() {
        let body = format!("{{\"error\": {{\"message\": \"of {}\"}}}}", index + 1);
        upstreams.push(ScriptedUpstream::answering(code, headers, body).await.unwrap());
    }
    let upstreams: Vec<&ScriptedUpstream> = upstreams.iter().collect();
    let house = House::of::<N>(upstreams.try_into().ok().unwrap()).await;
    let answer = house.ask(&Ask::chat()).await;
    let tried = answer.head.header("x-oar-attempts").map(ToOwned::to_owned);
    assert_eq!(tried, Some(N.to_string()), "every upstream was tried");
    (answer, house.story().await.outcome)
}

/// S06, S07.
#[tokio::test]
async fn the_first_answer_that_blames_the_caller_is_relayed_as_it_is() {
    for code in [400, 404, 405, 409, 413, 415, 416, 422] {
        let own: Headers<'_> = &[("content-type", "application/json"), ("x-of-upstream", "1"), ("set-cookie", "a")];
        let (answer, outcome) = all_failing([(500, &[]), (code, own), (400, &[])]).await;
        assert_eq!((status(&answer), outcome), (code, Outcome::UpstreamError));
        assert_eq!(answer.text(), r#"{"error": {"message": "of 2"}}"#);
        assert_eq!(answer.head.header("x-oar-upstream"), Some("second"));
        assert_eq!(answer.head.header("x-should-retry"), Some("false"));
        assert_eq!(answer.head.header("x-of-upstream"), Some("1"));
        assert_eq!(answer.head.header("set-cookie"), None);
    }
}

/// S07: a caller's error helps more than being told to wait.
#[tokio::test]
async fn a_callers_error_comes_before_a_rate_limit() {
    let (answer, _) = all_failing([(429, &[("retry-after", "7")]), (422, &[])]).await;
    assert_eq!(status(&answer), 422);
}

/// S09.
#[tokio::test]
async fn a_rate_limit_is_passed_on_with_the_shortest_wait() {
    for (answers, wait) in [
        ([(429, &[("retry-after", "7")][..]), (429, &[("retry-after", "3")]), (500, &[])], Some("3")),
        ([(500, &[]), (429, &[("retry-after-ms", "1500")]), (429, &[("retry-after", "9")])], Some("2")),
        ([(500, &[]), (429, &[]), (401, &[])], None),
        ([(500, &[]), (503, &[("retry-after", "5")]), (500, &[])], Some("5")),
    ] {
        let (answer, outcome) = all_failing(answers).await;
        assert_eq!(refusal(&answer), (429, "rate_limit_exceeded".into()));
        assert_eq!(json(&answer)["error"]["type"], "rate_limit_error");
        assert_eq!(answer.head.header("retry-after"), wait);
        assert_eq!(outcome, Outcome::AllFailed);
    }
}

/// S10: never a panic, never a wait that nobody can mean.
#[tokio::test]
async fn a_wait_that_makes_no_sense_is_not_passed_on() {
    for (value, wait) in [("-1", None), ("NaN", None), ("soon", None), ("1e9", Some("86400")), ("0", Some("0"))] {
        let (answer, _) = all_failing([(429, &[("retry-after", value)])]).await;
        assert_eq!((status(&answer), answer.head.header("retry-after")), (429, wait), "{value}");
    }
}

/// S05: the caller's own token is not what was refused.
#[tokio::test]
async fn keys_of_the_gateway_that_are_refused_are_no_fault_of_the_caller() {
    let (answer, outcome) = all_failing([(401, &[]), (402, &[]), (403, &[])]).await;
    assert_eq!(refusal(&answer), (502, "upstream_auth_failed".into()));
    assert_eq!(answer.head.header("x-should-retry"), Some("false"));
    assert_eq!(answer.head.header("www-authenticate"), None);
    assert_eq!(outcome, Outcome::AllFailed);
}

/// S11.
#[tokio::test]
async fn anything_else_is_502_with_a_reason_for_each_upstream() {
    let (answer, outcome) = all_failing([(500, &[]), (401, &[]), (529, &[])]).await;
    assert_eq!(refusal(&answer), (502, "all_upstreams_failed".into()));
    assert_eq!(json(&answer)["error"]["type"], "upstream_error");
    let message = json(&answer)["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "All upstreams failed (first: status 500, second: status 401, third: status 529).");
    assert_eq!(outcome, Outcome::AllFailed);
}

#[tokio::test]
async fn a_gateway_timeout_of_the_last_upstream_is_a_timeout() {
    let (answer, _) = all_failing([(500, &[]), (504, &[])]).await;
    assert_eq!(refusal(&answer), (504, "upstream_timeout".into()));
    let (answer, _) = all_failing([(504, &[]), (500, &[])]).await;
    assert_eq!(refusal(&answer), (502, "all_upstreams_failed".into()));
}

/// U05.
#[tokio::test]
async fn silence_of_the_last_upstream_is_a_timeout() {
    let (first, second) = (ScriptedUpstream::refusing().unwrap(), ScriptedUpstream::hanging().await.unwrap());
    let house = House::of([&first, &second]).await;
    let mut client = house.begin(&Ask::stream()).await;
    second.until_read(1).await;
    pass(Duration::from_secs(10)).await;
    let answer = client.read_response().await.unwrap();
    assert_eq!(refusal(&answer), (504, "upstream_timeout".into()));
    assert_eq!(json(&answer)["error"]["type"], "timeout_error");
    let message = json(&answer)["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "No upstream answered in time (first: connect_refused, second: head_timeout).");
    assert_eq!(house.story().await.outcome, Outcome::AllFailed);
}

/// U01.
#[tokio::test]
async fn refused_connections_alone_are_a_failure_to_connect_and_no_host_is_named() {
    let (first, second) = (ScriptedUpstream::refusing().unwrap(), ScriptedUpstream::refusing().unwrap());
    let house = House::of([&first, &second]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!(refusal(&answer), (502, "upstream_connect_failed".into()));
    let told = String::from_utf8_lossy(answer.head.raw()).into_owned() + &answer.text();
    for upstream in [&first, &second] {
        assert!(!told.contains(&upstream.addr().port().to_string()) && !told.contains("127.0.0.1"), "{told}");
    }
}

/// S04.
#[tokio::test]
async fn redirects_alone_are_told_without_their_target() {
    let (answer, _) = all_failing([(302, &[("location", "http://169.254.169.254/")])]).await;
    assert_eq!(refusal(&answer), (502, "upstream_redirected".into()));
    assert_eq!(answer.head.header("location"), None);
    assert!(!answer.text().contains("169.254"));
}

/// S14.
#[tokio::test]
async fn a_failed_stream_is_answered_in_json() {
    let stream = [("content-type", "text/event-stream")];
    let upstream = ScriptedUpstream::answering(500, &stream, "data: {}\n\n").await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::stream()).await;
    assert_eq!(answer.head.header("content-type"), Some("application/json"));
    assert_eq!(refusal(&answer), (502, "all_upstreams_failed".into()));
}
