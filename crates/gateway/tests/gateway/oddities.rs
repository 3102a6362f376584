//! Answers that are passed on as successes and are none to a reader: the record says so.

use crate::house::{Ask, House, status};
use oar_exchange::Outcome;
use oar_testkit::ScriptedUpstream;

const JSON: (&str, &str) = ("content-type", "application/json");
const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");

/// What the story says of an answer with these headers and this body, which the client gets as it is.
async fn noted(ask: &Ask, code: u16, headers: &[(&str, &str)], body: &str) -> Option<String> {
    let upstream = ScriptedUpstream::answering(code, headers, body).await.unwrap();
    let second = ScriptedUpstream::answering(200, &[], "never asked").await.unwrap();
    let house = House::of([&upstream, &second]).await;
    let answer = house.ask(ask).await;
    assert_eq!((status(&answer), answer.text().as_str(), answer.complete), (code, body, true));
    assert!(second.connections().is_empty());
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.bytes), (Outcome::Ok, body.len() as u64));
    story.error.clone()
}

/// S16.
#[tokio::test]
async fn an_odd_answer_is_relayed_as_it_is_and_noted() {
    let late = format!(r#"{{"output": [{}], "error": {{"code": 1}}}}"#, "1, ".repeat(1000) + "1");
    for (headers, body, note) in [
        (&[JSON][..], "", "the answer is empty"),
        (&[HTML], "", "the answer is empty"),
        (&[], "", "the answer is empty"),
        (&[JSON], r#"{"error": {"message": "overloaded"}}"#, "the answer is an error object"),
        (&[JSON], "{\"error\": \"overloaded\"}\n", "the answer is an error object"),
        (&[JSON], &late, "the answer is an error object"),
        (&[HTML], "<html>Sign in</html>", "the answer is an HTML page"),
    ] {
        assert_eq!(noted(&Ask::chat(), 200, headers, body).await.as_deref(), Some(note), "{body}");
    }
}

/// S16, the other way.
#[tokio::test]
async fn an_ordinary_answer_is_not_noted() {
    for (code, headers, body) in [
        (200, &[JSON][..], r#"{"choices": [], "error": null}"#),
        (200, &[JSON], r#"{"choices": [{"error": {"code": 1}}]}"#),
        (200, &[JSON], "[]"),
        (200, &[("content-type", "text/plain")], "{\"error\""),
        (200, &[("content-type", "audio/mpeg")], "\u{1}"),
        (201, &[JSON], ""),
        (202, &[JSON], ""),
    ] {
        assert_eq!(noted(&Ask::chat(), code, headers, body).await, None, "{code} {body}");
    }
}

/// S16: where no body should be, none is missed.
#[tokio::test]
async fn an_answer_that_can_have_no_body_is_not_noted() {
    for (method, code) in [("HEAD", 200), ("DELETE", 204), ("GET", 204)] {
        let upstream = ScriptedUpstream::answering(code, &[("content-length", "0"), HTML], "").await.unwrap();
        let house = House::of([&upstream]).await;
        let mut client = house.begin(&Ask::new(method, "/v1/files/x")).await;
        assert_eq!(client.read_head().await.and_then(|head| head.status()), Some(code));
        let story = house.story().await;
        assert_eq!((story.outcome, &story.error), (Outcome::Ok, &None), "{method} {code}");
    }
}

/// What broke off or was left is told as that.
#[tokio::test]
async fn an_answer_that_did_not_arrive_is_not_called_empty() {
    let upstream = ScriptedUpstream::answering(200, &[("content-length", "5")], "").await.unwrap();
    let house = House::of([&upstream]).await;
    house.begin(&Ask::chat()).await.read_to_close().await;
    let story = house.story().await;
    assert_eq!(story.outcome, Outcome::StreamBroken);
    assert!(story.error.as_deref().unwrap().starts_with("upstream's body ended early"));
}
