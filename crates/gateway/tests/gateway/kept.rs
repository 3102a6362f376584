//! What of a request and its answer a story holds: no more than somebody keeps.

use crate::house::{Ask, CHAT, Entry, House, TOKEN, backend, router};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http_body_util::BodyExt;
use oar_exchange::Exchange;
use oar_gateway::{Gateway, Keep, KeepHeaders, Rules};
use oar_routing::Candidate;
use oar_testkit::{Heard, Script, ScriptedUpstream, Step};
use std::sync::Arc;
use std::time::Duration;

const JSON: (&str, &str) = ("content-type", "application/json");

async fn answering(status: u16, body: &str) -> ScriptedUpstream {
    ScriptedUpstream::answering(status, &[JSON], body).await.unwrap()
}

fn entry(name: &str, upstream: &ScriptedUpstream, keep: Keep) -> Entry {
    Candidate::new(name, Arc::new(backend(name, upstream).keep(keep)))
}

async fn story(entries: impl IntoIterator<Item = Entry>, ask: &Ask) -> Arc<Exchange> {
    let house = House::with(entries).await;
    house.ask(ask).await;
    house.story().await
}

const SHORT: Keep = Keep { request_bytes: 10, response_bytes: 100 };

fn long() -> String {
    format!(r#"{{"text": "{}", "usage": {{"prompt_tokens": 7, "completion_tokens": 5}}}}"#, "x".repeat(50_000))
}

#[tokio::test]
async fn no_more_is_kept_than_the_limits_and_the_usage_is_still_found() {
    let upstream = answering(200, &long()).await;
    let story = story([entry("first", &upstream, SHORT)], &Ask::chat()).await;
    assert_eq!((&story.request.body[..], story.request.bytes), (&CHAT.as_bytes()[..10], CHAT.len() as u64));
    assert_eq!((story.answer.body.len(), story.answer.body.is_truncated()), (100, true));
    assert_eq!(story.answer.bytes, long().len() as u64);
    assert_eq!(story.usage.and_then(|usage| usage.prompt), Some(7));
}

/// The count stands across the place where the copy ends.
#[tokio::test]
async fn usage_at_the_end_of_what_is_kept_is_found() {
    let end = r#"", "usage": {"prompt_tokens": 7, "completion_tokens": 5}}"#;
    let text = format!(r#"{{"text": "{}"#, "x".repeat(40_000));
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}{}",
        text.len() + end.len(),
        &end[..20]
    );
    let steps = [Step::send(head), Step::Sleep(Duration::from_millis(1)), Step::send(end[20..].to_owned())];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let keep = Keep { response_bytes: text.len() + 30, ..Keep::default() };
    let story = story([entry("first", &upstream, keep)], &Ask::chat()).await;
    assert_eq!((story.answer.body.is_truncated(), story.usage.and_then(|usage| usage.prompt)), (true, Some(7)));
}

#[tokio::test]
async fn what_is_not_kept_is_counted_and_looked_at() {
    let error = format!(r#"{{"error": {{"message": "overloaded"}}, "rest": {}}}"#, long());
    for (body, oddity) in [(long(), None), (error, Some("the answer is an error object"))] {
        let upstream = answering(200, &body).await;
        let story = story([entry("first", &upstream, Keep::NOTHING)], &Ask::chat()).await;
        assert!(story.request.body.is_empty() && story.answer.body.is_empty());
        assert_eq!((story.request.bytes, story.answer.bytes), (CHAT.len() as u64, body.len() as u64));
        assert_eq!((story.request.model.as_deref(), story.error.as_deref()), (Some("m"), oddity));
        assert_eq!(story.usage.and_then(|usage| usage.completion), Some(5));
    }
}

#[tokio::test]
async fn of_a_stream_the_text_is_kept_the_usage_found_and_no_event_held() {
    let text = |text: &str| format!(r#"{{"choices": [{{"delta": {{"content": "{text}"}}}}], "usage": null}}"#);
    let usage = r#"{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}"#;
    let events: Vec<_> = (0..2_000).map(|_| text("word ")).chain([usage.to_owned(), "[DONE]".to_owned()]).collect();
    let all = "word ".repeat(2_000);
    for (keep, kept, is_cut) in [(Keep::default(), all.as_str(), false), (SHORT, &all[..100], true)] {
        let upstream = ScriptedUpstream::sse(&events).await.unwrap();
        let story = story([entry("first", &upstream, keep)], &Ask::stream()).await;
        let body = &story.answer.body;
        assert_eq!((body.as_bytes(), body.is_truncated(), body.is_assembled()), (kept.as_bytes(), is_cut, true));
        assert_eq!(story.usage.and_then(|usage| usage.prompt), Some(7));
    }
    let upstream = ScriptedUpstream::sse(&events).await.unwrap();
    let story = story([entry("first", &upstream, Keep::NOTHING)], &Ask::stream()).await;
    assert!(story.answer.body.is_empty() && !story.answer.body.is_truncated());
    assert_eq!(story.usage.and_then(|usage| usage.prompt), Some(7));
}

/// Who hears the story decides by who served; until then as much is held as any of those keeps that were asked.
#[tokio::test]
async fn as_much_is_held_as_any_upstream_keeps_that_was_asked() {
    let (bad, good) = (answering(500, "").await, answering(200, "{}").await);
    for (first, second, held) in [(SHORT, Keep::NOTHING, 10), (Keep::NOTHING, SHORT, 10), (SHORT, SHORT, 10)] {
        let story = story([entry("first", &bad, first), entry("second", &good, second)], &Ask::chat()).await;
        assert_eq!((story.request.body.len(), story.answer.body.len()), (held, 2));
    }
    let unasked = answering(200, "{}").await;
    let story = story([entry("first", &good, Keep::NOTHING), entry("second", &unasked, SHORT)], &Ask::chat()).await;
    assert_eq!(story.request.body.len(), 0);
}

/// A share of a long body would hold the whole.
#[tokio::test]
async fn a_long_body_is_shared_and_of_a_longer_one_a_part_is_copied() {
    let upstream = answering(200, "{}").await;
    for (size, is_shared) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let body = Bytes::from(format!(r#"{{"model":"m","x":"{}"}}"#, "x".repeat(size - 20)));
        assert_eq!(body.len(), size);
        let heard = Heard::new();
        let gateway = Gateway::builder(router(&[TOKEN], [entry("first", &upstream, Keep::default())]));
        let gateway = gateway.observer(heard.clone()).build();
        let request = Ask::chat().body(body.clone()).request();
        drop(gateway.serve(request).await.into_body().collect().await);
        let kept = heard.only().await.request.body.clone();
        assert_eq!((kept.as_ptr() == body.as_ptr(), kept.len()), (is_shared, 1 << 20), "{size}");
    }
}

/// A connection reads its next request into the same memory, unless somebody still holds a part of it.
#[tokio::test]
async fn a_short_request_that_is_kept_lets_go_of_what_it_was_read_into() {
    let upstream = answering(200, "{}").await;
    let heard = Heard::new();
    let router = router(&[TOKEN], [crate::house::entry("first", &upstream)]);
    let gateway = Gateway::builder(router).observer(heard.clone()).build();
    let read = Bytes::from(format!("test/1{CHAT}"));
    let mut request = Ask::chat().body(read.slice("test/1".len()..)).request();
    let agent = HeaderValue::from_maybe_shared(read.slice(.."test/1".len())).unwrap();
    request.headers_mut().insert(header::USER_AGENT, agent);

    drop(gateway.serve(request).await.into_body().collect().await);
    let story = heard.only().await;
    assert_eq!(story.request.headers[header::USER_AGENT], "test/1");
    assert_eq!(story.request.body, CHAT);
    assert!(read.is_unique());
}

#[tokio::test]
async fn where_nobody_keeps_headers_those_of_the_body_are_held() {
    let upstream = answering(200, "{}").await;
    let heard = Heard::new();
    let rules = Rules { headers: KeepHeaders::OfTheBody, keep: Keep::NOTHING, ..Rules::default() };
    let router = router(&[TOKEN], [crate::house::entry("first", &upstream)]);
    let gateway = Gateway::builder(router).rules(rules).observer(heard.clone()).build();
    drop(gateway.serve(Ask::chat().header("user-agent", "test/1").request()).await);
    let story = heard.only().await;
    assert_eq!(story.request.headers.keys().collect::<Vec<_>>(), ["content-type"]);
    assert_eq!(upstream.requests()[0].head.header("user-agent"), Some("test/1"));
    assert!(story.request.body.is_empty(), "a backend without a word of its own goes by the rules");
}
