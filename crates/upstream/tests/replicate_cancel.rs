//! A prediction that nobody waits for any more is cancelled: it costs money.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod replicate_house;

use oar_testkit::replicate::{Moment, Play, Step};
use oar_testkit::{Gate, ScriptedUpstream, Step as Wire};
use oar_upstream::Upstream;
use oar_upstream::replicate::{Replicate, Settings};
use replicate_house::*;
use serde_json::json;
use std::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

/// Says one thing, answers whoever waits for the creation, and never ends.
async fn never_ending() -> House {
    House::playing(Play::new([Step::Say("a".into()), Step::Answer])).await
}

#[tokio::test]
async fn giving_up_while_waiting_for_the_end_cancels() {
    let house = never_ending().await;
    house.abandon_at(GET, chat(&json!({}))).await;
    assert_eq!(house.saw(CANCEL).await.header("authorization"), Some("Bearer r8_canary_key"));
}

#[tokio::test]
async fn giving_up_before_the_first_text_cancels() {
    let house = House::playing(Play::default()).await;
    house.abandon_at(STREAM, streamed(&json!({}))).await;
    house.saw(CANCEL).await;
}

#[tokio::test]
async fn giving_up_while_the_prediction_is_created_cancels_it_as_soon_as_it_is_known() {
    let gate = Gate::new();
    let house = House::playing(Play::new([Step::Answer]).answered_after(&gate)).await;
    house.abandon_at(CREATE, chat(&json!({}))).await;
    assert_eq!(house.lines(), [CREATE]);
    gate.open();
    house.saw(CANCEL).await;
    assert_eq!(house.lines(), [CREATE, CANCEL]);
}

#[tokio::test]
async fn a_creation_whose_answer_is_no_prediction_that_can_be_waited_for_is_cancelled() {
    for (what, told) in [
        ("without a status", json!({"status": null})),
        ("with a status that is none", json!({"status": 7})),
        ("without addresses", json!({"urls": null})),
        ("without an address to read", json!({"urls": {"get": null}})),
    ] {
        let house = House::playing(Play::new([Step::Answer]).told_at_creation(told)).await;
        let (status, _) = read_json(house.send(&chat(&json!({}))).await).await;
        assert_eq!(status, 502, "{what}");
        house.saw(CANCEL).await;
        assert_eq!(house.lines(), [CREATE, CANCEL], "{what}");
    }
}

/// The head of a creation's answer, which will not be as long as it says.
const TOO_LONG: &str = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n";

#[tokio::test]
async fn a_creation_whose_answer_is_cut_is_cancelled() {
    let told = format!("{{\"id\":\"{ID}\",\"input\":{{\"prompt\":\"half");
    let after_its_id = creating(move |_| vec![Wire::send(format!("{TOO_LONG}{told}")), Wire::Fin]).await;
    let after_its_addresses = creating(|base| {
        let url = format!("{base}/v1/predictions/{ID}");
        let told = format!("{{\"urls\":{{\"get\":\"{url}\",\"cancel\":\"{url}/cancel\"}},\"output\":[\"half");
        vec![Wire::send(format!("{TOO_LONG}{told}")), Wire::Fin]
    })
    .await;
    for remote in [after_its_id, after_its_addresses] {
        assert!(upstream(settings(&remote.endpoint())).send(&chat(&json!({}))).await.is_err());
        assert_eq!(targets(&remote, 2).await, [CREATE, CANCEL]);
    }
}

#[tokio::test]
async fn giving_up_while_a_creations_answer_hangs_halfway_cancels_it() {
    let told = format!("{TOO_LONG}{{\"id\":\"{ID}\",");
    let remote = creating(move |_| vec![Wire::send(told.clone()), Wire::Hang]).await;
    let (upstream, mut sending) = (upstream(settings(&remote.endpoint())), JoinSet::new());
    sending.spawn(async move { upstream.send(&chat(&json!({}))).await.is_ok() });
    remote.until_read(1).await;
    sending.shutdown().await;
    assert_eq!(targets(&remote, 2).await, [CREATE, CANCEL]);
}

#[tokio::test]
async fn a_cancellation_that_was_not_heard_is_asked_for_once_more() {
    for (first, asked) in [(reply(503), 2), (reply(429), 2), (Wire::Fin, 2), (reply(404), 1)] {
        let (told, first) = (format!("{TOO_LONG}{{\"id\":\"{ID}\","), Mutex::new(Some(first)));
        let remote = creating_and_cancelling(
            move |_| vec![Wire::send(told.clone()), Wire::Fin],
            move || first.lock().expect("no panic").take().unwrap_or_else(|| reply(503)),
        )
        .await;
        let (settings, tracker) = (settings(&remote.endpoint()), TaskTracker::new());
        let upstream = Replicate::new(settings, CONNECT_TIMEOUT).expect("usable").tracked_by(tracker.clone());
        assert!(upstream.send(&chat(&json!({}))).await.is_err());
        tracker.close();
        tracker.wait().await;
        assert_eq!(remote.hits() - 1, asked);
    }
}

/// The stream is on a host of its own, where it does not end because the prediction does.
#[tokio::test]
async fn dropping_the_body_before_its_end_cancels_and_closes_the_stream() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: output\nid: 1:0\ndata: a\n\n";
    let streams = ScriptedUpstream::start([Wire::ReadHead, Wire::send(head), Wire::Hang]).await.expect("a port");
    let told = json!({"urls": {"stream": format!("{}/streams/{ID}", streams.origin())}});
    let house = House::playing(Play::default().told_at_creation(told)).await;
    let settings = Settings { stream_hosts: Some(vec![streams.origin()]), ..house.settings() };
    let mut response = upstream(settings).send(&streamed(&json!({}))).await.expect("a response");
    frame(&mut response).await;
    assert_eq!((house.lines(), streams.hits()), (vec![CREATE.to_owned()], 1));
    drop(response);
    house.saw(CANCEL).await;
    house.happened(Moment::Ended).await;
    streams.closed().await;
}

#[tokio::test]
async fn whoever_owns_the_tracker_can_wait_for_cancellations() {
    let house = never_ending().await;
    let tracker = TaskTracker::new();
    let upstream = Replicate::new(house.settings(), CONNECT_TIMEOUT).expect("usable").tracked_by(tracker.clone());
    drop(upstream.send(&streamed(&json!({}))).await.expect("a response"));
    tracker.close();
    tracker.wait().await;
    assert!(house.lines().iter().any(|line| line == CANCEL), "{:?}", house.lines());
}

#[tokio::test]
async fn what_has_ended_is_not_cancelled() {
    let still_open = Play::new([Step::Say("a".into()), Step::Raw(DONE.into())]);
    for (play, request) in [
        (still_open, streamed(&json!({}))),
        (Play::saying(["a"]), streamed(&json!({}))),
        (Play::saying(["a"]), chat(&json!({}))),
    ] {
        let (house, tracker) = (House::playing(play).await, TaskTracker::new());
        let upstream = Replicate::new(house.settings(), CONNECT_TIMEOUT).expect("usable").tracked_by(tracker.clone());
        let (status, _, error) = read(upstream.send(&request).await.expect("a response")).await;
        assert_eq!((status.as_u16(), error), (200, None));
        tracker.close();
        tracker.wait().await;
        assert!(!house.lines().iter().any(|line| line == CANCEL), "{:?}", house.lines());
    }
}
