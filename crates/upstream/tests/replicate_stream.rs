//! Streaming answers: a prediction's events, passed on while they come.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod replicate_house;

use oar_testkit::replicate::{PIECES, Play, Step};
use oar_testkit::{Gate, ScriptedUpstream};
use oar_upstream::Upstream;
use oar_upstream::replicate::Settings;
use replicate_house::*;
use serde_json::{Value, json};

fn say(piece: &str) -> Step {
    Step::Say(piece.to_owned())
}

/// Each byte by itself.
fn byte_by_byte(text: &str) -> impl Iterator<Item = Step> {
    text.bytes().map(|byte| Step::Raw(vec![byte].into()))
}

#[tokio::test]
async fn text_comes_through_exactly_however_its_bytes_are_cut() {
    let events = ": hi\n\nevent: output\nid: 1:0\ndata:  Once\n\nevent: output\nid: 1:1\ndata: \ndata: \n\n\
        event: logs\ndata: loading\n\nevent: output\ndata: \n\nevent: output\r\ndata:   你好 \r\n\r\n\
        event: output\ndata: a\ndata: b\n\nevent: output\ndata: 🎉\n\n";
    let house = House::playing(Play::new(byte_by_byte(events).chain(byte_by_byte(DONE)))).await;
    let chunks = read_chunks(house.send(&streamed(&json!({}))).await).await;
    assert_eq!(content(&chunks), " Once\n  你好 a\nb🎉");
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": "", "refusal": null}));
    for chunk in &chunks {
        let id = json!(format!("chatcmpl-{ID}"));
        assert_eq!((&chunk["id"], &chunk["object"]), (&id, &json!("chat.completion.chunk")));
        assert_eq!(chunk["choices"][0]["index"], 0);
        assert_eq!(chunk.get("usage"), None);
    }
    let reasons: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["finish_reason"]).collect();
    let (last, others) = reasons.split_last().expect("chunks");
    assert!(**last == "stop" && others.iter().all(|reason| reason.is_null()), "{reasons:?}");
    assert_eq!(house.lines(), [CREATE, STREAM], "nothing else is asked, and nothing cancelled");
    assert_eq!(house.saw(CREATE).await.json()["stream"], true);
    let asked = house.saw(STREAM).await;
    let header = |name| asked.header(name).expect(name).to_owned();
    assert_eq!(["accept", "cache-control"].map(header), ["text/event-stream", "no-store"]);
    assert_eq!(header("authorization"), "Bearer r8_canary_key");
}

#[tokio::test]
async fn what_a_model_says_comes_through_to_the_letter() {
    let house = House::playing(Play::saying(PIECES)).await;
    let chunks = read_chunks(house.send(&streamed(&json!({}))).await).await;
    assert_eq!(content(&chunks), " Bonjour 你好 🌍!\n\n- one\n- two fin.");
}

#[tokio::test]
async fn usage_and_length_come_from_a_last_look_at_the_prediction() {
    let house = House::playing(Play::saying(["a"]).counting(3, 7)).await;
    let asked = json!({"stream_options": {"include_usage": true}, "max_tokens": 7});
    let chunks = read_chunks(house.send(&streamed(&asked)).await).await;
    let [.., end, usage] = chunks.as_slice() else { panic!("{chunks:?}") };
    assert_eq!((&end["choices"][0]["finish_reason"], &end["usage"]), (&json!("length"), &json!(null)));
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], json!({"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10}));
    assert_eq!(house.lines(), [CREATE, STREAM, GET]);
}

#[tokio::test]
async fn completions_stream_text() {
    let house = House::playing(Play::saying([" upon"])).await;
    let request = request("/completions", &json!({"prompt": "Once", "stream": true}));
    let chunks = read_chunks(house.send(&request).await).await;
    let texts: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["text"]).collect();
    assert_eq!(texts, [" upon", ""]);
    let id = format!("cmpl-{ID}");
    assert!(chunks.iter().all(|chunk| chunk["object"] == "text_completion" && chunk["id"] == id.as_str()));
}

#[tokio::test]
async fn the_head_comes_with_the_first_text_while_the_stream_is_open() {
    let house = House::playing(Play::new([say("a")])).await;
    let mut response = house.send(&streamed(&json!({}))).await;
    let first = frame(&mut response).await;
    assert!(first.windows(13).any(|bytes| bytes == br#""content":"a""#), "{first:?}");
}

#[tokio::test]
async fn an_error_before_the_first_text_is_a_status() {
    let house = House::playing(Play::new([say(""), Step::Fail("out of r8_canary_key".into())])).await;
    let (status, answer) = read_json(house.send(&streamed(&json!({}))).await).await;
    assert_eq!(status, 502);
    assert_eq!(answer["error"]["message"], "the prediction failed: out of ***");
}

/// The stream stays open: nothing that follows is waited for.
#[tokio::test]
async fn an_error_after_text_is_told_in_band_and_ends_the_body_with_an_error() {
    let error = "event: error\nid: 1:9\ndata: {\"detail\": \"oops\"}\n\n";
    let house = House::playing(Play::new([say("a"), Step::Raw(error.into())])).await;
    let (status, text, error) = read(house.send(&streamed(&json!({}))).await).await;
    let last = text.trim_end().rsplit("\n\n").next().expect("an event");
    let told: Value = serde_json::from_str(last.strip_prefix("data: ").expect("data")).expect("JSON");
    assert_eq!((status.as_u16(), told["error"]["message"].as_str()), (200, Some("the prediction failed: oops")));
    // The operator's log is no place for the reason, which may repeat the prompt.
    assert_eq!(error.as_deref(), Some("the client was told `prediction_failed`"));
    assert!(!text.contains("[DONE]"));
}

#[tokio::test]
async fn a_prediction_that_failed_at_once_is_a_status() {
    let told = json!({"status": "failed", "error": "bad input"});
    let house = House::playing(Play::default().told_at_creation(told)).await;
    let (status, answer) = read_json(house.send(&streamed(&json!({}))).await).await;
    assert_eq!((status, &answer["error"]["message"]), (502, &json!("the prediction failed: bad input")));
    assert_eq!(house.lines(), [CREATE]);
}

#[tokio::test]
async fn the_rest_of_a_lost_stream_is_read_from_the_prediction() {
    for lost in [
        vec![Step::Close],
        vec![Step::Cut],
        vec![Step::IdleClose],
        vec![Step::Raw("event: output\ndata: cut o".into()), Step::Close],
        vec![Step::Raw("event: done\ndata: {\"reason\": \"error\"}\n\n".into())],
    ] {
        let what = format!("{lost:?}");
        let steps = [say("Once")].into_iter().chain(lost).chain([say(" upon"), Step::Succeed]);
        let house = House::playing(Play::new(steps)).await;
        let chunks = read_chunks(house.send(&streamed(&json!({}))).await).await;
        assert_eq!(content(&chunks), "Once upon", "{what}");
        assert_eq!(house.lines(), [CREATE, STREAM, GET], "{what}");
    }
}

#[tokio::test]
async fn a_stream_that_is_lost_while_the_model_goes_on_is_read_on_from_where_it_was() {
    for lost in [Step::Close, Step::Cut, Step::IdleClose] {
        let (what, gate) = (format!("{lost:?}"), Gate::new());
        let steps =
            [say("Once"), say(" upon"), lost, Step::Until(gate.clone()), say(" a"), say(" time"), Step::Succeed];
        let house = House::playing(Play::new(steps)).await;
        let response = house.send(&streamed(&json!({}))).await;
        let (chunks, again) = tokio::join!(read_chunks(response), async {
            let again = house.saw_nth(STREAM, 2).await;
            gate.open();
            again
        });
        assert_eq!(content(&chunks), "Once upon a time", "{what}");
        let last = again.header("last-event-id").expect("an id");
        assert!(last.ends_with(":1"), "{what}: {last}");
    }
}

#[tokio::test]
async fn a_lost_stream_that_does_not_fit_the_prediction_is_an_error() {
    let once = Step::Raw("event: output\ndata: Once\n\n".into());
    let house = House::playing(Play::new([once, Step::Close, say("Twice"), Step::Succeed])).await;
    let (_, text, error) = read(house.send(&streamed(&json!({}))).await).await;
    assert!(text.contains(r#""code":"stream_interrupted""#) && !text.contains("[DONE]"), "{text}");
    assert!(error.is_some());
}

#[tokio::test]
async fn a_stream_that_was_closed_before_any_text_is_opened_again() {
    let gate = Gate::new();
    let house = House::playing(Play::new([Step::IdleClose, Step::Until(gate.clone()), say("late"), Step::Succeed]));
    let house = house.await;
    let request = streamed(&json!({}));
    let (response, _) = tokio::join!(house.send(&request), async {
        house.saw_nth(STREAM, 2).await;
        gate.open();
    });
    assert_eq!(content(&read_chunks(response).await), "late");
    assert_eq!(house.lines()[..4], [CREATE, STREAM, GET, STREAM]);
}

#[tokio::test]
async fn a_model_that_cannot_stream_answers_in_one_piece() {
    let house = House::playing(Play::saying(["whole"]).in_one_string()).await;
    let chunks = read_chunks(house.send(&streamed(&json!({}))).await).await;
    assert_eq!(content(&chunks), "whole");
}

/// A17.
#[tokio::test]
async fn a_foreign_stream_is_refused_without_a_request_and_the_prediction_cancelled() {
    let tripwire = ScriptedUpstream::hanging().await.expect("a port");
    let told = json!({"urls": {"stream": format!("{}/streams/{ID}", tripwire.origin())}});
    let house = House::playing(Play::default().told_at_creation(told)).await;
    let (status, answer) = read_json(house.send(&streamed(&json!({}))).await).await;
    assert_eq!((status, &answer["error"]["code"]), (502, &json!("upstream_bad_answer")));
    house.saw(CANCEL).await;
    assert_eq!(tripwire.connections().len(), 0);
}

#[tokio::test]
async fn a_stream_host_is_read_without_the_key() {
    let events = format!("event: output\ndata: a\n\n{DONE}");
    let host = ScriptedUpstream::answering(200, &[("content-type", "text/event-stream")], events).await;
    let host = host.expect("a port");
    let told = json!({"urls": {"stream": format!("{}/streams/{ID}", host.origin())}});
    let house = House::playing(Play::default().told_at_creation(told)).await;
    let settings = Settings { stream_hosts: Some(vec![host.origin()]), ..house.settings() };
    let response = upstream(settings).send(&streamed(&json!({}))).await.expect("a response");
    assert_eq!(content(&read_chunks(response).await), "a");
    assert_eq!(targets(&host, 1).await, [STREAM]);
    assert_eq!(host.requests()[0].head.header("authorization"), None);
}

#[tokio::test]
async fn a_stop_sequence_cuts_the_stream_and_cancels_the_prediction() {
    let house = House::playing(Play::new([say("one E"), say("ND two")])).await;
    let chunks = read_chunks(house.send(&streamed(&json!({"stop": "END"}))).await).await;
    assert_eq!(content(&chunks), "one ");
    assert_eq!(chunks.last().expect("chunks")["choices"][0]["finish_reason"], "stop");
    house.saw(CANCEL).await;
}

#[tokio::test]
async fn what_was_held_back_for_a_stop_sequence_is_said_in_the_end() {
    let house = House::playing(Play::saying(["one EN"])).await;
    let chunks = read_chunks(house.send(&streamed(&json!({"stop": "END"}))).await).await;
    assert_eq!(content(&chunks), "one EN");
}

#[tokio::test]
async fn each_text_is_passed_on_before_the_next_has_come() {
    let gate = Gate::new();
    let house = House::playing(Play::new([say("a"), Step::Until(gate.clone()), say("b"), Step::Succeed])).await;
    let mut response = house.send(&streamed(&json!({}))).await;
    frame(&mut response).await;
    gate.open();
    let second = frame(&mut response).await;
    assert!(second.windows(13).any(|bytes| bytes == br#""content":"b""#), "{second:?}");
}
