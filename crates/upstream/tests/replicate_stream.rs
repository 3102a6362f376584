//! Streaming answers: a prediction's events, passed on while they come.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod replicate_standin;

use bytes::Bytes;
use http_body_util::BodyExt;
use oar_upstream::replicate::{Replicate, Settings};
use oar_upstream::{ResponseBody, Upstream, UpstreamResponse};
use replicate_standin::*;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Notify;

const DONE: &str = "event: done\nid: 9\ndata: {}\n\n";

/// A stand-in whose stream is this, and whose prediction then succeeded with this output.
async fn streaming(stream: Reply, output: &[&str]) -> Standin {
    let end = json!({"output": output, "metrics": metrics(3, 7)});
    Standin::new(move |seen, _| match seen.line.as_str() {
        CREATE => created("starting", &json!({})),
        STREAM => stream.clone(),
        GET => state("succeeded", &end),
        _ => state("canceled", &json!({})),
    })
    .await
}

fn streamed(extra: &Value) -> oar_upstream::UpstreamRequest {
    let mut fields = json!({"stream": true});
    fields.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    chat(&fields)
}

async fn first_frame(response: &mut UpstreamResponse) -> Bytes {
    let ResponseBody::Body(body) = &mut response.body else { panic!("a tunnel") };
    body.frame().await.expect("a frame").expect("no error").into_data().expect("data")
}

#[tokio::test]
async fn text_comes_through_exactly_however_its_bytes_are_cut() {
    let events = ": hi\n\nevent: output\nid: 1:0\ndata:  Once\n\nevent: output\nid: 1:1\ndata: \ndata: \n\n\
        event: logs\ndata: loading\n\nevent: output\ndata: \n\nevent: output\r\ndata:   你好 \r\n\r\n\
        event: output\ndata: a\ndata: b\n\nevent: output\ndata: 🎉\n\n";
    let stream = Reply::sse("").then_byte_by_byte(events).then_byte_by_byte(DONE);
    let standin = streaming(stream, &[]).await;
    let chunks = read_chunks(standin.send(&streamed(&json!({}))).await).await;
    assert_eq!(content(&chunks), " Once\n  你好 a\nb🎉");
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": "", "refusal": null}));
    for chunk in &chunks {
        assert_eq!((&chunk["id"], &chunk["object"]), (&json!("chatcmpl-p1"), &json!("chat.completion.chunk")));
        assert_eq!(chunk["choices"][0]["index"], 0);
        assert_eq!(chunk.get("usage"), None);
    }
    let reasons: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["finish_reason"]).collect();
    let (last, others) = reasons.split_last().expect("chunks");
    assert!(**last == "stop" && others.iter().all(|reason| reason.is_null()), "{reasons:?}");
    assert_eq!(standin.lines(), [CREATE, STREAM], "nothing else is asked, and nothing cancelled");
    assert_eq!(standin.saw(CREATE).await.json()["stream"], true);
    let asked = standin.saw(STREAM).await.headers;
    for header in ["accept: text/event-stream", "cache-control: no-store", "authorization: bearer r8_canary_key"] {
        assert!(asked.contains(header), "{asked}");
    }
}

#[tokio::test]
async fn usage_and_length_come_from_a_last_look_at_the_prediction() {
    let standin = streaming(Reply::sse("event: output\ndata: a\n\n").then(DONE), &["a"]).await;
    let asked = json!({"stream_options": {"include_usage": true}, "max_tokens": 7});
    let chunks = read_chunks(standin.send(&streamed(&asked)).await).await;
    let [.., end, usage] = chunks.as_slice() else { panic!("{chunks:?}") };
    assert_eq!((&end["choices"][0]["finish_reason"], &end["usage"]), (&json!("length"), &json!(null)));
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], json!({"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}));
    assert_eq!(standin.lines(), [CREATE, STREAM, GET]);
}

#[tokio::test]
async fn completions_stream_text() {
    let standin = streaming(Reply::sse("event: output\ndata:  upon\n\n").then(DONE), &[]).await;
    let request = request("/completions", &json!({"prompt": "Once", "stream": true}));
    let chunks = read_chunks(standin.send(&request).await).await;
    let texts: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["text"]).collect();
    assert_eq!(texts, [" upon", ""]);
    assert!(chunks.iter().all(|chunk| chunk["object"] == "text_completion" && chunk["id"] == "cmpl-p1"));
}

#[tokio::test]
async fn the_head_comes_with_the_first_text_while_the_stream_is_open() {
    let standin = streaming(Reply::sse("event: output\ndata: a\n\n").then_hang(), &[]).await;
    let mut response = standin.send(&streamed(&json!({}))).await;
    let first = first_frame(&mut response).await;
    assert!(first.windows(13).any(|bytes| bytes == br#""content":"a""#), "{first:?}");
}

#[tokio::test]
async fn an_error_before_the_first_text_is_a_status() {
    let stream = Reply::sse("event: output\ndata: \n\nevent: error\ndata: {\"detail\": \"out of r8_canary_key\"}\n\n");
    let (status, answer) = read_json(streaming(stream, &[]).await.send(&streamed(&json!({}))).await).await;
    assert_eq!(status, 502);
    assert_eq!(answer["error"]["message"], "the prediction failed: out of ***");
}

#[tokio::test]
async fn an_error_after_text_is_told_in_band_and_ends_the_body_with_an_error() {
    let stream = Reply::sse("event: output\ndata: a\n\nevent: error\ndata: {\"detail\": \"oops\"}\n\n").then_hang();
    let standin = streaming(stream, &[]).await;
    let (status, text, error) = read(standin.send(&streamed(&json!({}))).await).await;
    let last = text.trim_end().rsplit("\n\n").next().expect("an event");
    let told: Value = serde_json::from_str(last.strip_prefix("data: ").expect("data")).expect("JSON");
    assert_eq!((status.as_u16(), told["error"]["message"].as_str()), (200, Some("the prediction failed: oops")));
    assert_eq!(error.as_deref(), Some("the prediction failed: oops"));
    assert!(!text.contains("[DONE]"));
}

#[tokio::test]
async fn a_prediction_that_failed_at_once_is_a_status() {
    let standin = Standin::new(|_, _| created("failed", &json!({"error": "bad input"}))).await;
    let (status, answer) = read_json(standin.send(&streamed(&json!({}))).await).await;
    assert_eq!((status, &answer["error"]["message"]), (502, &json!("the prediction failed: bad input")));
    assert_eq!(standin.lines(), [CREATE]);
}

#[tokio::test]
async fn the_rest_of_a_lost_stream_is_read_from_the_prediction() {
    for ending in ["", "event: output\ndata: cut o", "event: done\ndata: {\"reason\": \"error\"}\n\n", ": 408\n\n"] {
        let standin = streaming(Reply::sse("event: output\ndata: Once\n\n").then(ending), &["Once", " upon"]).await;
        let chunks = read_chunks(standin.send(&streamed(&json!({}))).await).await;
        assert_eq!(content(&chunks), "Once upon", "{ending}");
        assert_eq!(standin.lines(), [CREATE, STREAM, GET]);
    }
}

#[tokio::test]
async fn a_lost_stream_that_does_not_fit_the_prediction_is_an_error() {
    let standin = streaming(Reply::sse("event: output\ndata: Once\n\n"), &["Twice"]).await;
    let (_, text, error) = read(standin.send(&streamed(&json!({}))).await).await;
    assert!(text.contains(r#""code":"stream_interrupted""#) && !text.contains("[DONE]"), "{text}");
    assert!(error.is_some());
}

#[tokio::test]
async fn a_stream_that_was_closed_before_any_text_is_opened_again() {
    let standin = Standin::new(|seen, earlier| match (seen.line.as_str(), earlier) {
        (CREATE, _) => created("starting", &json!({})),
        (STREAM, 0) => Reply::sse(": 408: 408 Request Timeout\n\n"),
        (STREAM, _) => Reply::sse("event: output\ndata: late\n\n").then(DONE),
        _ => state("starting", &json!({})),
    })
    .await;
    let chunks = read_chunks(standin.send(&streamed(&json!({}))).await).await;
    assert_eq!(content(&chunks), "late");
    assert_eq!(standin.lines(), [CREATE, STREAM, GET, STREAM]);
}

#[tokio::test]
async fn a_model_that_cannot_stream_answers_in_one_piece() {
    let standin = Standin::new(|seen, _| match seen.line.as_str() {
        CREATE => created("starting", &json!({"urls": {"get": "{base}/v1/predictions/p1"}})),
        _ => state("succeeded", &json!({"output": "whole"})),
    })
    .await;
    let chunks = read_chunks(standin.send(&streamed(&json!({}))).await).await;
    assert_eq!(content(&chunks), "whole");
}

/// A17.
#[tokio::test]
async fn a_foreign_stream_is_refused_without_a_request_and_the_prediction_cancelled() {
    let tripwire = Standin::new(|_, _| Reply::sse(DONE)).await;
    let stream = format!("{}/streams/p1", tripwire.base());
    let standin = Standin::new(move |seen, _| match seen.line.as_str() {
        CREATE => {
            let mut prediction = prediction("starting", &json!({}));
            prediction["urls"]["stream"] = json!(stream);
            Reply::json(201, &prediction)
        }
        _ => state("canceled", &json!({})),
    })
    .await;
    let (status, answer) = read_json(standin.send(&streamed(&json!({}))).await).await;
    assert_eq!((status, &answer["error"]["code"]), (502, &json!("upstream_bad_answer")));
    standin.saw(CANCEL).await;
    assert_eq!(tripwire.lines(), [""; 0]);
}

#[tokio::test]
async fn a_stream_host_is_read_without_the_key() {
    let host = Standin::new(|_, _| Reply::sse("event: output\ndata: a\n\n").then(DONE)).await;
    let stream = format!("{}/streams/p1", host.base());
    let standin = Standin::new(move |_, _| {
        let mut prediction = prediction("starting", &json!({}));
        prediction["urls"]["stream"] = json!(stream);
        Reply::json(201, &prediction)
    })
    .await;
    let settings = Settings { stream_hosts: Some(vec![host.base().to_owned()]), ..standin.settings() };
    let response = Replicate::new(settings, CONNECT_TIMEOUT)
        .expect("usable")
        .send(&streamed(&json!({})))
        .await
        .expect("a response");
    assert_eq!(content(&read_chunks(response).await), "a");
    assert!(!host.saw(STREAM).await.headers.contains("authorization"));
}

#[tokio::test]
async fn a_stop_sequence_cuts_the_stream_and_cancels_the_prediction() {
    let stream = Reply::sse("event: output\ndata: one E\n\nevent: output\ndata: ND two\n\n").then_hang();
    let standin = streaming(stream, &[]).await;
    let chunks = read_chunks(standin.send(&streamed(&json!({"stop": "END"}))).await).await;
    assert_eq!(content(&chunks), "one ");
    assert_eq!(chunks.last().expect("chunks")["choices"][0]["finish_reason"], "stop");
    standin.saw(CANCEL).await;
}

#[tokio::test]
async fn what_was_held_back_for_a_stop_sequence_is_said_in_the_end() {
    let standin = streaming(Reply::sse("event: output\ndata: one EN\n\n").then(DONE), &[]).await;
    let chunks = read_chunks(standin.send(&streamed(&json!({"stop": "END"}))).await).await;
    assert_eq!(content(&chunks), "one EN");
}

#[tokio::test]
async fn each_text_is_passed_on_before_the_next_has_come() {
    let gate = Arc::new(Notify::new());
    let stream =
        Reply::sse("event: output\ndata: a\n\n").then_wait_for(&gate).then("event: output\ndata: b\n\n").then(DONE);
    let standin = streaming(stream, &[]).await;
    let mut response = standin.send(&streamed(&json!({}))).await;
    first_frame(&mut response).await;
    gate.notify_one();
    let second = first_frame(&mut response).await;
    assert!(second.windows(13).any(|bytes| bytes == br#""content":"b""#), "{second:?}");
}
