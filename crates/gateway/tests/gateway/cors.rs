//! Scripts of any origin may call, and may read every answer.

use crate::house::{Ask, House, entry, status};
use oar_gateway::Limits;
use oar_testkit::{RawResponse, ScriptedUpstream};

/// A14.
#[track_caller]
fn check_readable(answer: &RawResponse, what: &str) {
    assert_eq!(answer.head.values("access-control-allow-origin").collect::<Vec<_>>(), ["*"], "{what}");
    assert_eq!(answer.head.values("access-control-expose-headers").collect::<Vec<_>>(), ["*"], "{what}");
    assert_eq!(answer.head.header("access-control-allow-credentials"), None, "{what}");
}

#[tokio::test]
async fn every_answer_may_be_read_by_scripts_of_any_origin() {
    let theirs = [
        ("access-control-allow-origin", "https://theirs.test"),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "x-theirs"),
        ("access-control-max-age", "1"),
    ];
    let good = ScriptedUpstream::answering(200, &theirs, "{}").await.unwrap();
    let broken = ScriptedUpstream::answering(500, &theirs, "").await.unwrap();
    let strict = ScriptedUpstream::answering(422, &theirs, "{}").await.unwrap();
    let entries = [
        entry("good", &good).allow(["m"]),
        entry("broken", &broken).allow(["broken"]),
        entry("strict", &strict).allow(["strict"]),
    ];
    let house = House::limited(entries, Limits { body_bytes: 100, ..Limits::default() }).await;
    let chat = |body: &str| Ask::chat().json(body.to_owned());
    for (ask, expected) in [
        (Ask::chat(), 200),
        (Ask::get("/v1/models"), 200),
        (Ask::chat().header("authorization", ""), 401),
        (Ask::get("/elsewhere"), 404),
        (Ask::get("/v1/models/unknown"), 404),
        (chat(r#"{"model": "unknown"}"#), 404),
        (chat("{"), 400),
        (chat(&" ".repeat(101)), 413),
        (Ask::chat().header("content-encoding", "gzip"), 415),
        (Ask::new("TRACE", "/v1/files"), 405),
        (chat(r#"{"model": "strict"}"#), 422),
        (chat(r#"{"model": "broken"}"#), 502),
    ] {
        let answer = house.ask(&ask.header("origin", "https://app.test")).await;
        assert_eq!(status(&answer), expected);
        check_readable(&answer, &format!("the answer {expected}"));
    }
}

fn preflight() -> Ask {
    Ask::stranger("OPTIONS", "/v1/chat/completions")
        .header("origin", "https://app.test")
        .header("access-control-request-method", "POST")
}

#[tokio::test]
async fn a_browser_that_asks_for_permission_gets_it_without_a_token() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let house = House::of([&upstream]).await;
    let wanted = "authorization, content-type, x-stainless-os, x-stainless-retry-count";
    let answer = house.ask(&preflight().header("access-control-request-headers", wanted)).await;
    assert_eq!(status(&answer), 204);
    check_readable(&answer, "permission");
    assert_eq!(answer.head.header("access-control-allow-headers"), Some(wanted));
    let methods = answer.head.header("access-control-allow-methods").unwrap();
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(methods.split(", ").any(|allowed| allowed == method), "{method}");
    }
    assert!(answer.head.header("access-control-max-age").is_some());
    let answer = house.ask(&preflight()).await;
    assert_eq!(answer.head.header("access-control-allow-headers"), Some("authorization, content-type"));
    assert!(upstream.connections().is_empty());
    assert_eq!(house.heard.begun(), 0, "permission is no request to the API");
}

/// Without the header that makes it a preflight, it is a request like any other.
#[tokio::test]
async fn options_without_a_question_needs_a_token() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let house = House::of([&upstream]).await;
    assert_eq!(status(&house.ask(&Ask::stranger("OPTIONS", "/v1/files")).await), 401);
    assert!(upstream.connections().is_empty());
}
