//! Answers without an end, events without an end, and ends that are not the connection's.

use crate::house::{Ask, Entry, House, entry, status};
use oar_exchange::{Exchange, Outcome};
use oar_testkit::{Gate, RawClient, Script, ScriptedUpstream, Step};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const MIB: usize = 1 << 20;

async fn playing(steps: impl IntoIterator<Item = Step>) -> ScriptedUpstream {
    ScriptedUpstream::start(Script::after_request(steps)).await.unwrap()
}

fn xs(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// An upstream that never ends, for the model `m`, and one that answers everything else.
async fn with_another(endless: &ScriptedUpstream) -> (House, ScriptedUpstream) {
    let other = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let entries: [Entry; 2] = [entry("endless", endless).allow(["m"]), entry("other", &other)];
    (House::with(entries).await, other)
}

/// Waits until the upstream can send nothing while ten other requests are served.
async fn until_stuck(house: &House, upstream: &ScriptedUpstream) {
    let sent = || upstream.connections()[0].sent;
    for _ in 0..50 {
        let before = sent();
        for _ in 0..10 {
            assert_eq!(status(&house.ask(&Ask::get("/v1/files")).await), 200);
        }
        if sent() == before {
            return;
        }
    }
    panic!("{} bytes were sent to a client that reads nothing", sent());
}

/// A client that has read 8 MiB reads no more: the upstream is held back, and the record keeps what it may.
async fn check_flat(house: &House, upstream: &ScriptedUpstream, mut client: RawClient) {
    client.read_exactly(8 * MIB).await.expect("it goes on for ever");
    until_stuck(house, upstream).await;
    client.abandon();
    upstream.closed().await;
    let stories = house.heard.until_finished(house.heard.begun()).await;
    let story = stories.iter().find(|story| story.request.model.is_some()).unwrap();
    assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 200));
    assert!(story.answer.bytes >= 8 * MIB as u64);
    assert_kept(story);
}

fn assert_kept(story: &Arc<Exchange>) {
    assert_eq!((story.answer.body.len(), story.answer.body.is_truncated()), (MIB, true));
}

/// M08.
#[tokio::test]
async fn a_body_without_an_end_is_relayed_flat() {
    let head = Step::send("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n");
    let upstream = playing([head, Step::Forever(xs(64 * 1024).into(), Duration::ZERO)]).await;
    let (house, _other) = with_another(&upstream).await;
    let mut client = house.begin(&Ask::chat()).await;
    assert_eq!(client.read_head().await.and_then(|head| head.status()), Some(200));
    check_flat(&house, &upstream, client).await;
}

/// M09: not one newline, for ever.
#[tokio::test]
async fn an_event_without_an_end_is_relayed_flat() {
    let endless = Step::Forever(format!("10000\r\n{}\r\n", xs(64 * 1024)).into(), Duration::ZERO);
    for first in [vec![], vec![Step::event("1")]] {
        let steps = [Step::event_stream()].into_iter().chain(first).chain([endless.clone()]);
        let upstream = playing(steps).await;
        let (house, _other) = with_another(&upstream).await;
        let mut client = house.begin(&Ask::stream()).await;
        client.read_head().await.expect("a head");
        check_flat(&house, &upstream, client).await;
    }
}

/// M09: a line of 8 MiB reaches the client before it is whole, and then as it was sent.
#[tokio::test]
async fn an_event_of_8_mib_is_passed_on_while_it_comes() {
    for first in ["", "data: 1\n\n"] {
        let gate = Gate::new();
        let (begun, rest) = (format!("{first}data: {}", xs(2 * MIB)), format!("{}\n\ndata: [DONE]\n\n", xs(6 * MIB)));
        let steps =
            [Step::event_stream(), Step::chunk(&begun), Step::Until(gate.clone()), Step::chunk(&rest), Step::chunk("")];
        let upstream = playing(steps).await;
        let house = House::of([&upstream]).await;
        let mut client = house.begin(&Ask::stream()).await;
        client.read_head().await.expect("a head");
        let mut got = Vec::new();
        while got.len() < begun.len() {
            got.extend_from_slice(&client.read_chunk().await.expect("what has come of the line"));
        }
        gate.open();
        while let Some(chunk) = client.read_chunk().await.filter(|chunk| !chunk.is_empty()) {
            got.extend_from_slice(&chunk);
        }
        assert!(got == (begun + &rest).into_bytes(), "{} bytes came", got.len());
        let story = house.story().await;
        assert_eq!(story.outcome, Outcome::Ok);
        assert_kept(&story);
    }
}

/// M09, M02: within a line that has been passed on there is no room for an event that tells of the end.
#[tokio::test]
async fn a_long_event_that_is_cut_is_not_mended() {
    let line = format!("data: {}", xs(2 * MIB));
    let upstream = playing([Step::event_stream(), Step::chunk(&line), Step::Fin]).await;
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::stream()).await;
    assert!(!answer.complete && answer.body == line.as_bytes(), "{} bytes came", answer.body.len());
    assert_eq!(house.story().await.outcome, Outcome::StreamBroken);
}

/// M10.
#[tokio::test]
async fn trailers_end_an_answer_and_do_not_spoil_what_follows() {
    let trailers = "0\r\nx-checksum: 1\r\nserver-timing: a\r\n\r\n";
    let plain = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum\r\n\r\n5\r\nhello\r\n";
    let plain = [Step::send(format!("{plain}{trailers}"))];
    let events = [Step::event_stream(), Step::event("[DONE]"), Step::send(trailers)];
    for (steps, body) in [(plain.to_vec(), "hello"), (events.to_vec(), "data: [DONE]\n\n")] {
        let upstream = playing(steps).await;
        let house = House::of([&upstream]).await;
        let mut client = house.connect().await;
        for _ in 0..2 {
            client.send(Ask::stream().bytes()).await.unwrap();
            let answer = client.read_response().await.expect("an answer");
            assert_eq!((answer.text().as_str(), answer.complete), (body, true));
        }
        let stories = house.heard.until_finished(2).await;
        let ends: Vec<_> = stories.iter().map(|story| (story.outcome, &story.error)).collect();
        assert_eq!(ends, [(Outcome::Ok, &None); 2], "{body}");
    }
}

/// M10: whatever becomes of the upstream's connection.
#[tokio::test]
async fn an_answer_ends_where_its_framing_does() {
    let upstream = playing([Step::event_stream(), Step::event("[DONE]"), Step::chunk(""), Step::Hang]).await;
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::stream()).await;
    assert_eq!((answer.text().as_str(), answer.complete), ("data: [DONE]\n\n", true));
    assert_eq!(house.story().await.outcome, Outcome::Ok);
}

/// M10: `[DONE]` reaches the client at once; an end that the framing does not tell is waited for no longer than for
/// anything else.
#[tokio::test(start_paused = true)]
async fn a_stream_that_is_done_and_does_not_end_is_bounded_by_the_idle_limit() {
    let upstream = playing([Step::event_stream(), Step::event("[DONE]"), Step::Hang]).await;
    let house = House::of([&upstream]).await;
    let mut client = house.begin(&Ask::stream()).await;
    client.read_head().await.expect("a head");
    let began = Instant::now();
    assert_eq!(client.read_chunk().await.unwrap(), "data: [DONE]\n\n");
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(client.read_chunk().await.unwrap(), "", "a clean end");
    assert_eq!(began.elapsed().as_secs(), 300);
    upstream.closed().await;
    assert_eq!(house.story().await.outcome, Outcome::Ok);
}
