//! Streams that are lost while the prediction goes on: what its client hears, and what Replicate is asked.

use super::super::account::Account;
use super::super::adapter::Replicate;
use super::super::ask::{Ask, Surface};
use super::super::links::Origins;
use super::super::running::Tasks;
use super::super::settings::Settings;
use super::*;
use crate::{Upstream, UpstreamRequest};
use bytes::BytesMut;
use http::Method;
use http_body_util::BodyExt;
use oar_testkit::{Head, Script, ScriptedUpstream, Step as Wire, response_bytes};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_util::task::TaskTracker;

const BODY: &str = r#"{"model":"o/n","messages":[{"role":"user","content":"hi"}],"stream":true}"#;
/// How Replicate closes a stream that was silent for too long.
const IDLE: &str = ": 408: 408 Request Timeout\n\n";
const DONE: &str = "event: done\nid: 99\ndata: {}\n\n";

/// The events `a` with the id 1, `b` with the id 2 and so on.
fn texts(letters: &str) -> String {
    letters
        .bytes()
        .map(|letter| format!("event: output\nid: {}\ndata: {}\n\n", letter - b'a' + 1, letter as char))
        .collect()
}

/// A prediction at Replicate. Each time its stream is opened, or it is read, it says the next of these; then the last.
async fn prediction(streams: &[String], states: &[(&'static str, &'static str)]) -> ScriptedUpstream {
    let (streams, states) = (streams.to_vec(), states.to_vec());
    let (opened, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let next = |count: &AtomicUsize, among: usize| count.fetch_add(1, Ordering::Relaxed).min(among - 1);
    let answer = move |head: &Head| match (head.method(), head.target()) {
        ("POST", "/v1/models/o/n/predictions") => told(head, 201, ("starting", "")),
        ("GET", "/streams/p") => reply(200, "text/event-stream", &streams[next(&opened, streams.len())]),
        ("GET", "/v1/predictions/p") => told(head, 200, states[next(&read, states.len())]),
        _ => told(head, 200, ("canceled", "")),
    };
    ScriptedUpstream::start(Script::choosing(move |head, _| vec![answer(head)])).await.expect("a port")
}

/// Replicate is down for a moment.
const DOWN: (&str, &str) = ("down", "");

fn told(head: &Head, code: u16, (status, output): (&str, &str)) -> Wire {
    let code = if status == DOWN.0 { 500 } else { code };
    let at = |path: &str| format!("http://{}{path}", head.header("host").expect("a host"));
    let urls = json!({"get": at("/v1/predictions/p"), "cancel": at("/cancel"), "stream": at("/streams/p")});
    let prediction = json!({"id": "p", "status": status, "output": [output], "urls": urls});
    reply(code, "application/json", &prediction.to_string())
}

fn reply(code: u16, kind: &str, body: &str) -> Wire {
    Wire::Send(response_bytes(code, &[("content-type", kind), ("connection", "close")], body.as_bytes()))
}

fn settings(upstream: &ScriptedUpstream) -> Settings {
    Settings { sk: "k".into(), endpoint: upstream.endpoint(), ..Settings::default() }
}

async fn ask(upstream: &ScriptedUpstream) -> (String, Option<String>) {
    let request = UpstreamRequest { body: BODY.into(), ..UpstreamRequest::new(Method::POST, "/chat/completions") };
    let replicate = Replicate::new(settings(upstream), Duration::from_secs(5)).expect("valid");
    heard(replicate.send(&request).await.expect("an answer")).await
}

/// The text that a client puts together, and the error that ends the body.
async fn heard(response: UpstreamResponse) -> (String, Option<String>) {
    let ResponseBody::Body(mut body) = response.body else { panic!("a tunnel") };
    let (mut bytes, mut error) = (BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().expect("data")),
            Err(broken) => error = Some(broken.to_string()),
        }
    }
    let stream = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    assert_eq!(stream.ends_with("data: [DONE]\n\n"), error.is_none(), "{stream}");
    let chunks = stream.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let text = |chunk: Value| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned);
    (chunks.filter_map(text).collect(), error)
}

/// The `Last-Event-ID` of each opening of the stream.
fn openings(upstream: &ScriptedUpstream) -> Vec<Option<String>> {
    let requests = upstream.requests();
    let openings = requests.iter().filter(|request| request.head.target() == "/streams/p");
    openings.map(|request| request.head.header("last-event-id").map(str::to_owned)).collect()
}

fn after(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[tokio::test]
async fn a_stream_that_was_closed_for_being_idle_goes_on_behind_the_last_event() {
    let streams = [texts("ab") + IDLE, texts("c") + IDLE, texts("d") + DONE];
    let states = [("processing", "ab"), ("processing", "a"), ("succeeded", "abcd")];
    let upstream = prediction(&streams, &states).await;
    assert_eq!(ask(&upstream).await, ("abcd".to_owned(), None));
    assert_eq!(openings(&upstream), [None, after("2"), after("3")]);
}

#[tokio::test]
async fn a_stream_that_begins_again_is_not_said_again() {
    let streams = [texts("ab") + IDLE, texts("abcd") + DONE];
    let upstream = prediction(&streams, &[("processing", "abc"), ("succeeded", "abcd")]).await;
    assert_eq!(ask(&upstream).await, ("abcd".to_owned(), None));
}

#[tokio::test]
async fn where_a_stream_goes_on_too_late_the_prediction_is_read_instead() {
    for second in [texts("d") + DONE, texts("ad") + DONE, texts("a") + DONE, texts("ab").replace("id: ", "x: ") + DONE]
    {
        let streams = [texts("ab") + IDLE, second.clone()];
        let upstream = prediction(&streams, &[("processing", "abc"), ("succeeded", "abcd")]).await;
        assert_eq!(ask(&upstream).await, ("abcd".to_owned(), None), "{second}");
        assert_eq!(openings(&upstream), [None, after("2")]);
    }
}

#[tokio::test]
async fn a_stream_that_ends_before_it_is_back_where_it_was_lost_is_not_at_its_end() {
    let streams = [texts("ab") + IDLE, texts("a") + DONE];
    let upstream = prediction(&streams, &[("processing", "ab"), DOWN, ("succeeded", "abcd")]).await;
    assert_eq!(ask(&upstream).await, ("abcd".to_owned(), None));
}

#[tokio::test]
async fn what_was_left_out_all_the_same_is_no_clean_end() {
    let streams = [texts("ab") + IDLE, texts("d") + DONE];
    let upstream = prediction(&streams, &[("processing", "ab"), ("succeeded", "abcd")]).await;
    let (text, error) = ask(&upstream).await;
    assert!(text == "abd" && error.is_some(), "{text} {error:?}");
}

#[tokio::test]
async fn texts_without_ids_are_continued_by_the_prediction() {
    let upstream =
        prediction(&[texts("ab").replace("id: ", "x: ") + IDLE], &[("processing", "ab"), ("succeeded", "abc")]).await;
    assert_eq!(ask(&upstream).await, ("abc".to_owned(), None));
    assert_eq!(openings(&upstream), [None]);
}

#[tokio::test]
async fn a_stream_is_opened_again_before_the_first_text_too() {
    let logs = "event: logs\nid: 7\ndata: loading\n\n".to_owned();
    let streams = [logs.clone() + IDLE, logs + &texts("ab") + DONE];
    let upstream = prediction(&streams, &[("starting", ""), ("succeeded", "ab")]).await;
    assert_eq!(ask(&upstream).await, ("ab".to_owned(), None));
    assert_eq!(openings(&upstream), [None, after("7")]);
}

#[tokio::test]
async fn a_stream_is_opened_again_so_often_and_not_for_ever() {
    let states = [("processing", "a"), ("processing", "a"), ("processing", "a"), ("succeeded", "ab")];
    let upstream = prediction(&[texts("a") + IDLE, IDLE.to_owned()], &states).await;
    let Ask { creation, shape, stops } = Ask::read(Surface::Chat, BODY.as_bytes(), &[]).expect("translated");
    let origins = Origins::new(&settings(&upstream)).expect("valid");
    let account = Account::new(origins, Duration::from_secs(5)).expect("a client");
    let running = Running::create(&account, &Tasks::on(&TaskTracker::new()), creation).await.expect("created");
    let answer = Answer::new(shape, "p", 0);
    let mut live = Live::open(running, Stops::new(stops), &answer).await.expect("open");
    live.reopenings = 2;
    assert_eq!(heard(live.respond(answer).await.expect("an answer")).await, ("ab".to_owned(), None));
    assert_eq!(openings(&upstream), [None, after("1"), after("1")]);
}

#[tokio::test]
async fn a_stream_that_says_that_the_prediction_ended_badly_is_not_opened_again() {
    for (stream, told) in [
        (texts("a") + "event: done\ndata: {\"reason\": \"canceled\"}\n\n", "the client was told `prediction_canceled`"),
        (
            texts("a") + "event: error\nid: 2\ndata: {\"detail\": \"oops\"}\n\n" + DONE,
            "the client was told `prediction_failed`",
        ),
    ] {
        let upstream = prediction(&[stream], &[("processing", "a"), ("canceled", "a")]).await;
        assert_eq!(ask(&upstream).await, ("a".to_owned(), Some(told.to_owned())));
        assert_eq!(openings(&upstream), [None]);
    }
}

#[tokio::test]
async fn what_follows_the_end_of_a_stream_is_not_heard() {
    let upstream = prediction(&[texts("a") + DONE + &texts("b")], &[("succeeded", "a")]).await;
    assert_eq!(ask(&upstream).await, ("a".to_owned(), None));
}
