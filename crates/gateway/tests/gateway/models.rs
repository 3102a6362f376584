//! `GET /v1/models`: the union of what the caller may use.

use crate::house::{Ask, Entry, Fake, House, TOKEN, entry, entry_with, json, pass, refusal, router, settings, status};
use http_body_util::BodyExt;
use oar_exchange::Outcome;
use oar_gateway::{Gateway, Limits};
use oar_routing::{Access, Token};
use oar_testkit::{RawResponse, Script, ScriptedUpstream};
use oar_upstream::openai::Settings;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

async fn listing(ids: &[&str]) -> ScriptedUpstream {
    let data: Vec<_> =
        ids.iter().map(|id| json!({"id": id, "object": "model", "owned_by": "them", "own": 1})).collect();
    let body = json!({"object": "list", "data": data}).to_string();
    ScriptedUpstream::answering(200, &[("content-type", "application/json")], body).await.unwrap()
}

fn ids(answer: &Value) -> Vec<&str> {
    assert_eq!(answer["object"], "list");
    answer["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect()
}

async fn models(house: &House) -> Vec<String> {
    let answer = house.ask(&Ask::get("/v1/models")).await;
    assert_eq!((status(&answer), answer.head.header("content-type")), (200, Some("application/json")));
    ids(&json(&answer)).into_iter().map(ToOwned::to_owned).collect()
}

fn own(entry: Entry, token: &str) -> Entry {
    entry.access(Access::Tokens(vec![Token::new(token)]))
}

#[tokio::test]
async fn the_list_is_the_union_of_allowed_names_and_listed_models_each_once() {
    let (allowing, first, second) =
        (listing(&["unasked"]).await, listing(&["x", "y"]).await, listing(&["y", "z"]).await);
    let entries = [
        entry("allowing", &allowing).allow(["b", "a", "/v1/audio/transcriptions", "denied"]).deny(["denied"]),
        entry("first", &first).deny(["x"]),
        entry("second", &second),
    ];
    let house = House::with(entries).await;
    assert_eq!(models(&house).await, ["a", "b", "y", "z"]);
    assert!(allowing.connections().is_empty(), "whoever has an allow list is not asked");
}

#[tokio::test]
async fn the_list_has_what_the_callers_token_opens() {
    let entries = |first, second| {
        [own(entry("first", first), "canary-a").allow(["of-a"]), own(entry("second", second), "canary-b")]
    };
    let (first, second) = (listing(&[]).await, listing(&["of-b"]).await);
    let house = House::open(&[TOKEN], entries(&first, &second), Limits::default()).await;
    for (token, expected) in [("canary-a", "of-a"), ("canary-b", "of-b")] {
        let answer = house.ask(&Ask::stranger("GET", "/v1/models").token(token)).await;
        assert_eq!(ids(&json(&answer)), [expected]);
    }
    assert_eq!(status(&house.ask(&Ask::stranger("GET", "/v1/models")).await), 401);
    assert_eq!(status(&house.ask(&Ask::stranger("GET", "/v1/models").token("canary-c")).await), 401);
}

#[tokio::test]
async fn an_upstream_is_asked_with_its_own_key_at_its_own_path() {
    let upstream = listing(&["x"]).await;
    let moved = Settings { endpoint: format!("{}/openai/v1/", upstream.origin()), ..settings("first", &upstream) };
    let house = House::with([entry_with("first", &moved)]).await;
    models(&house).await;
    let head = upstream.requests()[0].head.clone();
    assert_eq!((head.method(), head.target()), ("GET", "/openai/v1/models"));
    assert_eq!(head.header("authorization"), Some("Bearer canary-key-of-first"));
}

/// One client's list is every client's, so an upstream is asked for all of it, and for what can be read here.
#[tokio::test]
async fn an_upstream_is_asked_for_the_whole_list_in_plain_text_whatever_the_client_wants() {
    let upstream = listing(&["x"]).await;
    let house =
        House::with([entry_with("first", &Settings { keep_header: true, ..settings("first", &upstream) })]).await;
    let wishes = ["accept-encoding", "range", "if-range", "if-match", "if-none-match", "if-modified-since"];
    let ask = wishes.iter().fold(Ask::get("/v1/models").header("x-custom", "1"), |ask, name| ask.header(name, "any"));
    assert_eq!(ids(&json(&house.ask(&ask).await)), ["x"]);
    let head = upstream.requests()[0].head.clone();
    for name in wishes {
        assert_eq!(head.header(name), None, "{name}");
    }
    assert_eq!(head.header("x-custom"), Some("1"));
}

#[tokio::test]
async fn an_upstream_is_asked_once_for_many_questions_and_again_when_the_answer_is_old() {
    let upstream = listing(&["x"]).await;
    let house = House::of([&upstream]).await;
    for _ in 0..2 {
        assert_eq!(models(&house).await, ["x"]);
    }
    assert_eq!(status(&house.ask(&Ask::get("/v1/models/x")).await), 200);
    assert_eq!(upstream.hits(), 1);
    pass(Duration::from_secs(61)).await;
    models(&house).await;
    assert_eq!(upstream.hits(), 2);
}

/// What it lists depends on who asks, so nobody is shown another's list.
#[tokio::test]
async fn a_list_that_depends_on_the_caller_is_not_remembered() {
    let upstream = listing(&["x"]).await;
    let passing = Settings { sk: "asis".into(), ..settings("first", &upstream) };
    let house = House::open(&["canary-a", "canary-b"], [entry_with("first", &passing)], Limits::default()).await;
    for token in ["canary-a", "canary-b"] {
        house.ask(&Ask::stranger("GET", "/v1/models").token(token)).await;
        let asked = upstream.requests().pop().unwrap().head;
        assert_eq!(asked.header("authorization"), Some(format!("Bearer {token}").as_str()));
    }
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test]
async fn upstreams_that_fail_are_left_out_and_not_asked_again_at_once() {
    let failing = [
        ScriptedUpstream::answering(500, &[], "").await.unwrap(),
        ScriptedUpstream::answering(200, &[], "no JSON").await.unwrap(),
    ];
    let good = listing(&["x"]).await;
    let house = House::of([&failing[0], &failing[1], &good]).await;
    for _ in 0..2 {
        assert_eq!(models(&house).await, ["x"]);
    }
    assert_eq!(failing.map(|upstream| upstream.hits()), [1, 1]);
}

#[tokio::test]
async fn an_upstream_that_fails_later_is_taken_at_its_last_word() {
    let listed = Script::answering(200, &[], r#"{"object": "list", "data": [{"id": "x"}]}"#);
    let upstream = ScriptedUpstream::start_each([listed, Script::answering(500, &[], "")]).await.unwrap();
    let house = House::of([&upstream]).await;
    assert_eq!(models(&house).await, ["x"]);
    pass(Duration::from_secs(61)).await;
    assert_eq!(models(&house).await, ["x"]);
    assert_eq!(upstream.hits(), 2);
}

#[tokio::test(start_paused = true)]
async fn silent_upstreams_delay_the_list_no_longer_than_its_limit() {
    let silent = [Fake::silent(), Fake::silent()];
    let good = Fake::answering(r#"{"object": "list", "data": [{"id": "x"}]}"#);
    let entries = [silent[0].entry("first"), silent[1].entry("second"), good.entry("third")];
    let gateway = Gateway::builder(router(&[TOKEN], entries)).build();
    let began = Instant::now();
    let answer = gateway.serve(Ask::get("/v1/models").request()).await.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(began.elapsed(), Duration::from_secs(5), "all are asked at once");
    assert_eq!(ids(&serde_json::from_slice(&answer).unwrap()), ["x"]);
}

async fn one(house: &House, name: &str) -> RawResponse {
    house.ask(&Ask::get(&format!("/v1/models/{name}"))).await
}

#[tokio::test]
async fn one_model_is_told_as_its_upstream_lists_it() {
    let upstream = listing(&["meta/llama-3", "x"]).await;
    let house = House::with([entry("first", &upstream), entry("second", &upstream).allow(["a/b:c"])]).await;
    let theirs = json(&one(&house, "x").await);
    assert_eq!(theirs, json!({"id": "x", "object": "model", "owned_by": "them", "own": 1}));
    let ours = json(&one(&house, "a%2Fb:c").await);
    assert_eq!(ours, json!({"id": "a/b:c", "object": "model", "created": 0, "owned_by": "second"}));
    for name in ["meta%2Fllama-3", "meta%2fllama-3", "meta/llama-3"] {
        assert_eq!(json(&one(&house, name).await)["id"], "meta/llama-3", "{name}");
    }
}

#[tokio::test]
async fn a_model_that_is_not_listed_or_not_for_the_caller_is_not_found() {
    let upstream = listing(&["x"]).await;
    let house =
        House::with([entry("first", &upstream).deny(["x"]), own(entry("second", &upstream), "b").allow(["y"])]).await;
    for name in ["x", "y", "unknown", "unknown%2F..%2Fetc"] {
        let answer = one(&house, name).await;
        assert_eq!(refusal(&answer), (404, "model_not_found".into()), "{name}");
        assert_eq!(json(&answer)["error"]["param"], "model");
    }
}

/// Deleting a fine-tuned model is the upstream's business.
#[tokio::test]
async fn other_methods_go_to_the_upstream() {
    let upstream = listing(&[]).await;
    let house = House::of([&upstream]).await;
    assert_eq!(status(&house.ask(&Ask::new("DELETE", "/v1/models/ft:x")).await), 200);
    assert_eq!(upstream.requests()[0].head.method(), "DELETE");
}

#[tokio::test]
async fn a_list_is_a_story_without_attempts() {
    let upstream = listing(&["x"]).await;
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::get("/v1/models").header("x-request-id", "clients-own")).await;
    assert_eq!(answer.head.header("x-request-id"), Some("clients-own"));
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status, story.attempts.len()), (Outcome::Ok, 200, 0));
    assert_eq!(story.answer.bytes, answer.body.len() as u64);
}
