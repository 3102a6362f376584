//! A prediction that nobody waits for any more is cancelled: it costs money.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod replicate_standin;

use http_body_util::BodyExt;
use oar_upstream::replicate::Replicate;
use oar_upstream::{ResponseBody, Upstream};
use replicate_standin::*;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

/// Sends a request and gives up on it once the stand-in saw `line`.
async fn abandoned_at(standin: &Standin, line: &str, request: oar_upstream::UpstreamRequest) {
    let (upstream, mut sending) = (standin.upstream(), JoinSet::new());
    sending.spawn(async move { upstream.send(&request).await.is_ok() });
    standin.saw(line).await;
    sending.shutdown().await;
}

async fn never_ending() -> Standin {
    Standin::new(|seen, _| match seen.line.as_str() {
        CREATE => created("starting", &json!({})),
        GET => state("processing", &json!({})),
        STREAM => Reply::sse("event: output\ndata: a\n\n").then_hang(),
        _ => state("canceled", &json!({})),
    })
    .await
}

#[tokio::test]
async fn giving_up_while_waiting_for_the_end_cancels() {
    let standin = never_ending().await;
    abandoned_at(&standin, GET, chat(&json!({}))).await;
    assert!(standin.saw(CANCEL).await.headers.contains("authorization: bearer r8_canary_key"));
}

#[tokio::test]
async fn giving_up_before_the_first_text_cancels() {
    let standin = Standin::new(|seen, _| match seen.line.as_str() {
        CREATE => created("starting", &json!({})),
        STREAM => Reply::sse("").then_hang(),
        _ => state("canceled", &json!({})),
    })
    .await;
    abandoned_at(&standin, STREAM, chat(&json!({"stream": true}))).await;
    standin.saw(CANCEL).await;
}

#[tokio::test]
async fn giving_up_while_the_prediction_is_created_cancels_it_as_soon_as_it_is_known() {
    let gate = Arc::new(Notify::new());
    let known = gate.clone();
    let standin = Standin::new(move |seen, _| match seen.line.as_str() {
        CREATE => Reply::after(&known, created("starting", &json!({}))),
        _ => state("canceled", &json!({})),
    })
    .await;
    abandoned_at(&standin, CREATE, chat(&json!({}))).await;
    assert_eq!(standin.lines(), [CREATE]);
    gate.notify_one();
    standin.saw(CANCEL).await;
    assert_eq!(standin.lines(), [CREATE, CANCEL]);
}

#[tokio::test]
async fn a_creation_whose_answer_cannot_be_read_is_cancelled() {
    let base = r#""urls":{"get":"{base}/v1/predictions/p1","cancel":"{base}/v1/predictions/p1/cancel"}"#;
    let head = "HTTP/1.1 201 X\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n";
    for (what, reply) in [
        ("cut after its addresses", Reply::raw(&format!("{head}{{{base},\"output\":[\"half"))),
        ("cut after its id", Reply::raw(&format!("{head}{{\"id\":\"p1\",\"input\":{{\"prompt\":\"half"))),
        ("without a status", Reply::json(201, &json!({"id": "p1"}))),
        ("with a status that is none", created("starting", &json!({"status": 7}))),
        ("without an address to read", created("starting", &json!({"urls": null}))),
    ] {
        let standin = Standin::new(move |seen, _| match seen.line.as_str() {
            CREATE => reply.clone(),
            _ => state("canceled", &json!({})),
        })
        .await;
        let answered = standin.upstream().send(&chat(&json!({}))).await;
        assert!(answered.is_err() || answered.is_ok_and(|answer| answer.status == 502), "{what}");
        standin.saw(CANCEL).await;
        assert_eq!(standin.lines(), [CREATE, CANCEL], "{what}");
    }
}

#[tokio::test]
async fn giving_up_while_a_creations_answer_hangs_halfway_cancels_it() {
    let told = "HTTP/1.1 201 X\r\ncontent-length: 9999\r\n\r\n{\"id\":\"p1\",";
    let standin = Standin::new(move |seen, _| match seen.line.as_str() {
        CREATE => Reply::raw(told).then_hang(),
        _ => state("canceled", &json!({})),
    })
    .await;
    abandoned_at(&standin, CREATE, chat(&json!({}))).await;
    standin.saw(CANCEL).await;
}

#[tokio::test]
async fn dropping_the_body_before_its_end_cancels_and_closes_the_stream() {
    let standin = never_ending().await;
    let response = standin.send(&chat(&json!({"stream": true}))).await;
    let ResponseBody::Body(mut body) = response.body else { panic!("a tunnel") };
    body.frame().await.expect("a frame").expect("no error");
    assert_eq!(standin.lines(), [CREATE, STREAM]);
    drop(body);
    standin.saw(CANCEL).await;
    standin.saw(CLOSED).await;
}

#[tokio::test]
async fn whoever_owns_the_tracker_can_wait_for_cancellations() {
    let standin = never_ending().await;
    let tracker = TaskTracker::new();
    let upstream = Replicate::new(standin.settings(), CONNECT_TIMEOUT).expect("usable").tracked_by(tracker.clone());
    drop(upstream.send(&chat(&json!({"stream": true}))).await.expect("a response"));
    tracker.close();
    tracker.wait().await;
    assert!(standin.lines().iter().any(|line| line == CANCEL), "{:?}", standin.lines());
}

#[tokio::test]
async fn what_has_ended_is_not_cancelled() {
    let standin = Standin::new(|seen, _| match seen.line.as_str() {
        CREATE => created("starting", &json!({})),
        STREAM => Reply::sse("event: output\ndata: a\n\nevent: done\ndata: {}\n\n").then_hang(),
        _ => state("succeeded", &json!({"output": "a"})),
    })
    .await;
    let tracker = TaskTracker::new();
    let upstream = Replicate::new(standin.settings(), CONNECT_TIMEOUT).expect("usable").tracked_by(tracker.clone());
    for fields in [json!({"stream": true}), json!({})] {
        let (status, _, error) = read(upstream.send(&chat(&fields)).await.expect("a response")).await;
        assert_eq!((status.as_u16(), error), (200, None));
    }
    tracker.close();
    tracker.wait().await;
    assert!(!standin.lines().iter().any(|line| line == CANCEL), "{:?}", standin.lines());
}
