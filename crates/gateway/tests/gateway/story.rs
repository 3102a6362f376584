//! Every request's story is told once, to everybody, and it is true.

use crate::house::{Ask, CHAT, House, PROMPT, TOKEN, entry, key_of, status};
use oar_exchange::{AttemptResult, Exchange, Outcome};
use oar_gateway::{CredentialLabel, Gateway, Limits, Rules};
use oar_testkit::{Heard, Script, ScriptedUpstream, Step, canary};
use std::sync::Arc;
use std::time::SystemTime;

async fn answering(status: u16, headers: &[(&str, &str)], body: &str) -> ScriptedUpstream {
    ScriptedUpstream::answering(status, headers, body).await.unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");
const ANSWER: &str = r#"{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}}"#;

#[tokio::test]
async fn a_story_tells_what_was_asked_who_was_tried_and_what_was_answered() {
    let (first, second) = (answering(503, &[], "busy").await, answering(200, &[JSON], ANSWER).await);
    let house = House::of([&first, &second]).await;
    let before = SystemTime::now();
    house.ask(&Ask::chat().header("user-agent", "test/1").header("cookie", "canary")).await;
    let story = house.story().await;

    assert!((before..=SystemTime::now()).contains(&story.started_at));
    assert_eq!((story.request.method.as_str(), story.request.path.as_str()), ("POST", "/v1/chat/completions"));
    assert!(story.request.peer.is_loopback());
    assert_eq!(story.request.body, CHAT);
    assert_eq!(
        (story.request.bytes, story.request.model.as_deref(), story.request.stream),
        (CHAT.len() as u64, Some("m"), false)
    );
    assert_eq!(story.request.headers["user-agent"], "test/1");

    let [failed, served] = &story.attempts[..] else { panic!("two attempts") };
    assert_eq!((&*failed.upstream, failed.result, failed.status), ("first", AttemptResult::Status, Some(503)));
    assert_eq!((&*served.upstream, served.result, served.status), ("second", AttemptResult::Ok, Some(200)));
    assert_eq!(*served.endpoint, second.endpoint());
    assert_eq!(story.served_by().map(|attempt| &*attempt.upstream), Some("second"));

    assert_eq!((story.outcome, story.answer.status, &story.error), (Outcome::Ok, 200, &None));
    assert_eq!(story.answer.content_type.as_deref(), Some("application/json"));
    assert_eq!((story.answer.bytes, story.answer.body.as_bytes()), (ANSWER.len() as u64, ANSWER.as_bytes()));
    let usage = story.usage.expect("the answer told it");
    assert_eq!((usage.prompt, usage.completion), (Some(7), Some(5)));
    let (head, first_byte) = (story.answer.head_after.unwrap(), story.answer.first_byte_after.unwrap());
    assert!(head <= first_byte && first_byte <= story.elapsed);
}

/// A09.
#[tokio::test]
async fn no_story_holds_a_token_a_key_or_a_cookie() {
    let rude = format!("{} is wrong", key_of("second"));
    let (first, second) = (ScriptedUpstream::refusing().unwrap(), answering(401, &[], &rude).await);
    let house = House::of([&first, &second]).await;
    let secrets = ["cookie", "x-api-key", "proxy-authorization"];
    let ask = secrets.iter().fold(Ask::chat(), |ask, name| ask.header(name, "canary"));
    house.ask(&ask).await;
    house.ask(&ask.header("authorization", "Bearer canary")).await;
    let told = format!("{:?}", house.heard.until_finished(2).await);
    canary::assert_none("the stories", told.replace(PROMPT, ""));
}

#[tokio::test]
async fn tokens_and_keys_go_by_fingerprints_that_tell_them_apart() {
    let upstream = answering(200, &[], "").await;
    let house = House::open(&["canary-a", "canary-b"], [entry("first", &upstream)], Limits::default()).await;
    for token in ["canary-a", "canary-b", "canary-a"] {
        house.ask(&Ask::chat().header("authorization", token)).await;
    }
    let stories = house.heard.until_finished(3).await;
    let callers: Vec<_> = stories.iter().map(|story| story.caller.clone().expect("a caller")).collect();
    assert!(callers[0] == callers[2] && callers[0] != callers[1]);
    let keys: Vec<_> = stories.iter().map(|story| story.attempts[0].key.clone().expect("a key")).collect();
    assert!(keys[0] == keys[1] && *keys[0] != *callers[0]);
}

/// As the Go version recorded them, for whoever asks for it.
#[tokio::test]
async fn plain_labels_tell_the_callers_token_itself() {
    let upstream = answering(200, &[], "").await;
    let heard = Heard::new();
    let router = crate::house::router(&[TOKEN], [entry("first", &upstream)]);
    let gateway = Gateway::builder(router)
        .rules(Rules { label: CredentialLabel::Plain, ..Rules::default() })
        .observer(heard.clone())
        .build();
    drop(gateway.serve(Ask::get("/v1/files").request()).await);
    assert_eq!(heard.only().await.caller.as_deref(), Some(TOKEN));
}

#[tokio::test]
async fn a_stream_is_told_with_its_text_and_its_usage() {
    let text = |text: &str| format!(r#"{{"choices": [{{"delta": {{"content": "{text}"}}}}]}}"#);
    let usage = r#"{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}"#.to_owned();
    let events = [text("Hel"), text("lo"), usage, "[DONE]".to_owned()];
    let upstream = ScriptedUpstream::sse(events).await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::stream()).await;
    let story = house.story().await;
    assert!(story.request.stream);
    assert_eq!((story.answer.body.as_bytes(), story.answer.body.is_assembled()), (&b"Hello"[..], true));
    assert_eq!(story.answer.bytes, answer.body.len() as u64);
    assert_eq!(story.usage.and_then(|usage| usage.completion), Some(2));
}

#[tokio::test]
async fn of_an_upload_an_outline_is_kept() {
    let upstream = answering(200, &[], "").await;
    let house = House::of([&upstream]).await;
    let form = "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b--\r\n";
    house.ask(&Ask::chat().header("content-type", "multipart/form-data; boundary=b").body(form)).await;
    let story = house.story().await;
    assert_eq!((story.request.bytes, &story.request.body[..]), (form.len() as u64, &b"model: \"m\""[..]));
}

/// Every way in which a request can end.
async fn every_ending(house: &House) {
    assert_eq!(status(&house.ask(&Ask::chat()).await), 200);
    assert_eq!(status(&house.ask(&Ask::get("/v1/models")).await), 200);
    assert_eq!(status(&house.ask(&Ask::stranger("GET", "/v1/x")).await), 401);
    assert_eq!(status(&house.ask(&Ask::chat().json(r#"{"model": "broken"}"#)).await), 502);
    assert_eq!(status(&house.ask(&Ask::chat().json(r#"{"model": "strict"}"#)).await), 422);
    house.begin(&Ask::chat().json(r#"{"model": "cut"}"#)).await.read_to_close().await;
    let mut client = house.begin(&Ask::chat().json(r#"{"model": "endless"}"#)).await;
    client.read_head().await.expect("a head");
}

#[tokio::test]
async fn every_request_is_told_exactly_once_however_it_ended() {
    let good = answering(200, &[], "good").await;
    let broken = answering(500, &[], "").await;
    let strict = answering(422, &[], "").await;
    let cut = Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
    let cut = ScriptedUpstream::start(Script::after_request([cut, Step::Fin])).await.unwrap();
    let endless = ScriptedUpstream::start(Script::after_request([Step::event_stream(), Step::event("1"), Step::Hang]))
        .await
        .unwrap();
    let entries = [
        entry("good", &good).allow(["m"]),
        entry("broken", &broken).allow(["broken"]),
        entry("strict", &strict).allow(["strict"]),
        entry("cut", &cut).allow(["cut"]),
        entry("endless", &endless).allow(["endless"]),
    ];
    let house = House::with(entries).await;
    every_ending(&house).await;
    let stories = house.heard.until_finished(7).await;
    endless.closed().await;
    let outcomes: Vec<Outcome> = stories.iter().map(|story| story.outcome).collect();
    let expected = [
        Outcome::Ok,
        Outcome::Ok,
        Outcome::Rejected,
        Outcome::AllFailed,
        Outcome::UpstreamError,
        Outcome::StreamBroken,
        Outcome::ClientClosed,
    ];
    assert_eq!(outcomes, expected);
    assert_eq!((house.heard.begun(), house.heard.exchanges().len()), (7, 7));
    let ids: std::collections::HashSet<&str> = stories.iter().map(|story| story.id.as_str()).collect();
    assert_eq!(ids.len(), 7);
}

#[tokio::test]
async fn every_observer_hears_the_same_story() {
    let upstream = answering(200, &[], "good").await;
    let (one, other) = (Heard::new(), Heard::new());
    let router = crate::house::router(&[TOKEN], [entry("first", &upstream)]);
    let gateway = Gateway::builder(router).observer(one.clone()).observer(other.clone()).build();
    drop(gateway.serve(Ask::get("/v1/files").request()).await);
    let (one, other): (Arc<Exchange>, Arc<Exchange>) = (one.only().await, other.only().await);
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(one.outcome, Outcome::ClientClosed, "the answer was dropped unread");
}
