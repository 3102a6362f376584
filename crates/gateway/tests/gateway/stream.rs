//! Answers on their way: event by event, cut, and left.

use crate::house::{Ask, House, attempts, status};
use oar_exchange::{AttemptResult, Outcome};
use oar_testkit::{Ending, Gate, RawClient, Script, ScriptedUpstream, Step};

/// Two upstreams: one that plays this after the request, and one that must not be asked.
async fn playing(steps: impl IntoIterator<Item = Step>) -> (House, ScriptedUpstream, ScriptedUpstream) {
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let other = ScriptedUpstream::answering(200, &[], "other").await.unwrap();
    (House::of([&upstream, &other]).await, upstream, other)
}

#[tokio::test]
async fn each_event_arrives_before_the_next_is_sent() {
    let gates = [Gate::new(), Gate::new(), Gate::new()];
    let mut steps = vec![Step::event_stream()];
    for (number, gate) in gates.iter().enumerate() {
        steps.extend([Step::Until(gate.clone()), Step::event(number.to_string())]);
    }
    steps.extend([Step::event("[DONE]"), Step::chunk("")]);
    let (house, _upstream, _other) = playing(steps).await;
    let mut client = house.begin(&Ask::stream()).await;
    gates[0].open();
    let head = client.read_head().await.expect("the head comes with the first event");
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert_eq!((head.header("cache-control"), head.header("x-accel-buffering")), (Some("no-cache"), Some("no")));
    for (number, gate) in gates.iter().enumerate() {
        gate.open();
        assert_eq!(client.read_chunk().await.unwrap(), format!("data: {number}\n\n"));
    }
    assert_eq!(client.read_chunk().await.unwrap(), "data: [DONE]\n\n");
    assert_eq!(client.read_chunk().await.unwrap(), "");
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status, story.request.stream), (Outcome::Ok, 200, true));
}

#[tokio::test]
async fn a_stream_arrives_byte_for_byte() {
    let events = ["{\"a\": \"\u{1f600}\"}", ": comment", "[DONE]"];
    let upstream = ScriptedUpstream::sse(events).await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::stream()).await;
    assert_eq!(answer.text(), events.map(|event| format!("data: {event}\n\n")).concat());
    assert!(answer.complete);
}

/// The client got what had come, no end that looks right, and nobody else was asked.
async fn check_cut(steps: impl IntoIterator<Item = Step>, got: &str) {
    let (house, _upstream, other) = playing(steps).await;
    let mut client = house.begin(&Ask::chat()).await;
    let answer = client.read_response().await.expect("a head");
    assert_eq!((status(&answer), answer.complete), (200, false));
    assert!(answer.text().starts_with(got) && !answer.text().contains("[DONE]"), "{}", answer.text());
    client.read_to_close().await;
    assert!(other.connections().is_empty());
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status), (Outcome::StreamBroken, 200));
    assert!(story.answer.bytes >= got.len() as u64);
    assert!(story.error.as_deref().unwrap().starts_with("upstream's body ended early"), "{:?}", story.error);
}

/// M01.
#[tokio::test]
async fn a_body_shorter_than_promised_has_no_clean_end() {
    let promise = || Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
    check_cut([promise(), Step::Fin], "hello").await;
}

/// M02, M07.
#[tokio::test]
async fn a_chunked_body_that_is_cut_has_no_clean_end() {
    check_cut([Step::event_stream(), Step::event("1"), Step::Fin], "data: 1\n\n").await;
    check_cut([Step::event_stream(), Step::event("1"), Step::send("zz\r\n")], "data: 1\n\n").await;
}

/// M04.
#[tokio::test]
async fn a_body_without_framing_that_is_reset_has_no_clean_end() {
    let gate = Gate::new();
    let head = Step::send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n");
    let (house, _upstream, _other) = playing([head, Step::Until(gate.clone()), Step::Rst]).await;
    let mut client = house.begin(&Ask::stream()).await;
    client.read_head().await.unwrap();
    assert_eq!(client.read_chunk().await.unwrap(), "data: 1\n\n");
    gate.open();
    while let Some(chunk) = client.read_chunk().await {
        assert_ne!(chunk, "", "a last chunk says that all is well");
    }
    assert_eq!(house.story().await.outcome, Outcome::StreamBroken);
}

/// C01, C02.
#[tokio::test]
async fn a_client_that_leaves_while_it_waits_ends_the_upstreams_work() {
    for leave in [RawClient::abandon, |client: RawClient| client.reset().unwrap()] {
        let (house, upstream, other) = playing([Step::Hang]).await;
        let client = house.begin(&Ask::chat()).await;
        upstream.until_read(1).await;
        leave(client);
        upstream.closed().await;
        assert!(upstream.connections()[0].abandoned());
        let story = house.story().await;
        assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 499));
        assert_eq!(attempts(&story), [("first", AttemptResult::Abandoned)]);
        assert!(other.connections().is_empty(), "nobody else is asked for a client that left");
    }
}

/// C03.
#[tokio::test]
async fn a_client_that_leaves_mid_stream_ends_the_upstreams_work() {
    let (house, upstream, other) = playing([Step::event_stream(), Step::event("1"), Step::Hang]).await;
    let mut client = house.begin(&Ask::stream()).await;
    client.read_head().await.unwrap();
    client.read_chunk().await.unwrap();
    client.abandon();
    upstream.closed().await;
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 200));
    assert_eq!((story.answer.bytes, story.answer.body.as_bytes()), (9, &b"data: 1\n\n"[..]));
    assert_eq!(attempts(&story), [("first", AttemptResult::Ok)]);
    assert!(other.connections().is_empty());
}

/// C06: what the client does not read is not read from the upstream either.
#[tokio::test]
async fn a_client_that_does_not_read_holds_the_upstream_back() {
    let endless = Step::Forever("x".repeat(64 * 1024).into(), std::time::Duration::ZERO);
    let (house, upstream, _other) = playing([Step::send("HTTP/1.1 200 OK\r\n\r\n"), endless]).await;
    let mut client = house.begin(&Ask::chat()).await;
    client.read_head().await.unwrap();
    client.read_exactly(1 << 20).await.unwrap();
    client.abandon();
    upstream.closed().await;
    let sent = upstream.connections()[0].sent;
    assert!(sent < 64 << 20, "{sent} bytes were sent");
    assert_eq!(house.story().await.outcome, Outcome::ClientClosed);
}

/// C14.
#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_order() {
    let upstream = ScriptedUpstream::echo().await.unwrap();
    let house = House::of([&upstream]).await;
    let mut client = house.connect().await;
    let asks = ["1", "2", "3"].map(|seed| Ask::chat().json(format!(r#"{{"model": "m", "seed": {seed}}}"#)).bytes());
    client.send(asks.concat()).await.unwrap();
    for seed in ["1", "2", "3"] {
        assert_eq!(client.read_response().await.unwrap().text(), format!(r#"{{"model": "m", "seed": {seed}}}"#));
    }
    assert_eq!(house.heard.until_finished(3).await.len(), 3);
}

/// The end of a whole answer is the end of the client's wait, not of its connection.
#[tokio::test]
async fn a_client_that_is_done_sending_is_still_told_how_it_ended() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let house = House::of([&upstream]).await;
    let mut client = house.begin(&Ask::chat().header("connection", "close")).await;
    assert_eq!(client.read_response().await.unwrap().text(), "good");
    assert_eq!(client.read_to_close().await.1, Ending::Fin);
}
