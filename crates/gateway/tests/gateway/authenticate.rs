//! Who is let in, to which upstreams, and that strangers cost nothing.

use crate::house::{Ask, CHAT, Entry, House, TOKEN, entry, json, refusal, status};
use oar_gateway::Limits;
use oar_routing::{Access, Token};
use oar_testkit::{Ending, RawResponse, ScriptedUpstream};

async fn good() -> ScriptedUpstream {
    ScriptedUpstream::answering(200, &[], "good").await.unwrap()
}

async fn broken() -> ScriptedUpstream {
    ScriptedUpstream::answering(500, &[], "broken").await.unwrap()
}

fn own(entry: Entry, tokens: &[&str]) -> Entry {
    entry.access(Access::Tokens(tokens.iter().map(|token| Token::new(*token)).collect()))
}

fn served_by(answer: &RawResponse) -> Option<&str> {
    answer.head.header("x-oar-upstream")
}

fn stranger() -> Ask {
    Ask::stranger("POST", "/v1/chat/completions").json(CHAT)
}

#[tokio::test]
async fn each_of_several_tokens_is_let_in_after_bearer_or_bare() {
    let upstream = good().await;
    let house = House::open(&["canary-a", "canary-b"], [entry("first", &upstream)], Limits::default()).await;
    for value in ["Bearer canary-a", "Bearer canary-b", "bearer  canary-a", "BEARER canary-b", "canary-a"] {
        let answer = house.ask(&stranger().header("authorization", value)).await;
        assert_eq!(status(&answer), 200, "{value}");
    }
}

/// A02.
#[tokio::test]
async fn whoever_presents_anything_else_is_refused() {
    let upstream = good().await;
    let house = House::open(&["canary-a", "canary-b"], [entry("first", &upstream)], Limits::default()).await;
    for value in [
        "Bearer canary-c",
        "Bearercanary-a",
        "Basic canary-a",
        "Bearer",
        "Bearer ",
        "",
        "canary-a,canary-b",
        "Bearer canary-a canary-b",
        "Canary-a",
    ] {
        let answer = house.ask(&stranger().header("authorization", value)).await;
        assert_eq!(refusal(&answer), (401, "invalid_api_key".into()), "{value:?}");
    }
    let twice = stranger().token("canary-a").and_header("authorization", "Bearer canary-b");
    assert_eq!(status(&house.ask(&twice).await), 401, "two answers to one question");
    assert_eq!(status(&house.ask(&stranger()).await), 401, "no header");
    assert!(upstream.connections().is_empty());
}

/// A03.
#[tokio::test]
async fn a_refusal_is_an_error_object_that_asks_for_a_bearer_and_repeats_no_token() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    let answer = house.ask(&stranger().token("canary-token")).await;
    let id = answer.head.header("x-request-id").expect("an id");
    let expected = serde_json::json!({
        "error": {
            "message": "Incorrect API key provided.",
            "type": "authentication_error",
            "param": null,
            "code": "invalid_api_key",
        },
        "request_id": id,
    });
    assert_eq!(json(&answer), expected);
    assert_eq!(answer.head.header("www-authenticate"), Some("Bearer"));
    assert_eq!(answer.head.header("content-type"), Some("application/json"));
    assert!(!String::from_utf8_lossy(answer.head.raw()).contains("canary"));
}

/// A01: the Go version let everybody in when nothing was configured, or after a trailing comma.
#[tokio::test]
async fn without_a_configured_token_nobody_is_let_in() {
    let upstream = good().await;
    for tokens in [&[][..], &[""]] {
        let house = House::open(tokens, [entry("first", &upstream)], Limits::default()).await;
        for ask in
            [stranger(), stranger().token(""), stranger().token("canary-x"), stranger().header("authorization", "")]
        {
            assert_eq!(refusal(&house.ask(&ask).await), (401, "invalid_api_key".into()), "{tokens:?}");
        }
    }
    assert!(upstream.connections().is_empty());
}

/// A06.
#[tokio::test]
async fn a_token_of_one_upstream_opens_no_other_not_even_after_a_failure() {
    let (first, second, third) = (broken().await, good().await, good().await);
    let entries = [
        own(entry("first", &first), &["canary-a"]),
        own(entry("second", &second), &["canary-b"]),
        entry("third", &third),
    ];
    let house = House::open(&[TOKEN], entries, Limits::default()).await;
    assert_eq!(status(&house.ask(&stranger().token("canary-a")).await), 502);
    assert_eq!((first.hits(), second.connections().len(), third.connections().len()), (1, 0, 0));
    assert_eq!(served_by(&house.ask(&stranger().token("canary-b")).await), Some("second"));
}

#[tokio::test]
async fn own_tokens_stand_in_place_of_the_shared_ones() {
    let (first, second) = (good().await, good().await);
    let house = House::with([own(entry("first", &first), &["canary-a"]), entry("second", &second)]).await;
    assert_eq!(served_by(&house.ask(&Ask::chat()).await), Some("second"));
    assert!(first.connections().is_empty());
}

#[tokio::test]
async fn a_token_that_opens_several_upstreams_goes_from_one_to_the_next() {
    let (first, second) = (broken().await, good().await);
    let house = House::with([
        own(entry("first", &first), &["canary-a", "canary-b"]),
        own(entry("second", &second), &["canary-b"]),
    ])
    .await;
    assert_eq!(served_by(&house.ask(&stranger().token("canary-b")).await), Some("second"));
}

#[tokio::test]
async fn an_open_upstream_serves_strangers_and_they_get_no_further() {
    let (first, second) = (broken().await, good().await);
    let house = House::with([entry("first", &first).access(Access::Anyone), entry("second", &second)]).await;
    for ask in [stranger(), stranger().token("canary-unknown")] {
        assert_eq!(status(&house.ask(&ask).await), 502);
    }
    assert_eq!((first.hits(), second.connections().len()), (2, 0));
    assert_eq!(served_by(&house.ask(&Ask::chat()).await), Some("second"));
}

#[tokio::test]
async fn a_stranger_is_refused_before_a_byte_of_the_body_has_come() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    let mut client = house.begin(&stranger().header("content-length", "50000000").body("")).await;
    let answer = client.read_response().await.expect("an answer at once");
    assert_eq!(status(&answer), 401);
    assert_eq!(answer.head.header("connection"), Some("close"), "what follows is no request");
    assert_eq!(client.read_to_close().await.1, Ending::Fin);
}

/// C13: a hundred would invite the body.
#[tokio::test]
async fn a_stranger_who_asks_whether_to_send_the_body_is_told_no() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    let ask = stranger().header("expect", "100-continue").header("content-length", "50000000").body("");
    let mut client = house.begin(&ask).await;
    assert_eq!(client.read_head().await.expect("a head").status(), Some(401));
}
