//! The gateway's own refusals: one form, one table, and nothing half-read after them.

use crate::house::{Ask, House, entry, json, refusal, status};
use oar_exchange::Outcome;
use oar_gateway::Limits;
use oar_testkit::{Ending, ScriptedUpstream};

async fn house() -> (House, ScriptedUpstream) {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let limits = Limits { body_bytes: 100, ..Limits::default() };
    (House::limited([entry("first", &upstream).deny(["denied"])], limits).await, upstream)
}

#[tokio::test]
async fn each_refusal_is_an_error_object_with_its_own_code() {
    let (house, upstream) = house().await;
    let cases = [
        (Ask::get("/elsewhere"), 404, "invalid_request_error", "unknown_url"),
        (Ask::get("/v1/../admin"), 400, "invalid_request_error", "invalid_path"),
        (Ask::new("TRACE", "/v1/files"), 405, "invalid_request_error", "method_not_allowed"),
        (Ask::stranger("GET", "/v1/files"), 401, "authentication_error", "invalid_api_key"),
        (Ask::chat().body(" ".repeat(101)), 413, "invalid_request_error", "request_too_large"),
        (Ask::chat().header("content-encoding", "br"), 415, "invalid_request_error", "unsupported_encoding"),
        (Ask::chat().body("{"), 400, "invalid_request_error", "invalid_json"),
        (Ask::chat().body(r#"{"model":"denied"}"#), 404, "invalid_request_error", "model_not_available"),
        (Ask::get("/v1/models/unknown"), 404, "invalid_request_error", "model_not_found"),
    ];
    for (told, (ask, code, kind, word)) in cases.into_iter().enumerate() {
        let answer = house.ask(&ask.header("x-request-id", &format!("r-{told}"))).await;
        assert_eq!(refusal(&answer), (code, word.into()));
        let body = json(&answer);
        assert_eq!((&body["error"]["type"], &body["request_id"]), (&kind.into(), &format!("r-{told}").into()));
        assert!(body["error"].get("param").is_some() && body["error"]["message"].is_string(), "{word}");
        assert_eq!(answer.head.header("content-type"), Some("application/json"), "{word}");
        assert_eq!(answer.head.header("x-request-id"), Some(format!("r-{told}").as_str()));
        assert_eq!(answer.head.header("x-oar-attempts"), Some("0"), "{word}");
        let story = house.heard.until_finished(told + 1).await.pop().unwrap();
        assert_eq!((story.outcome, story.answer.status), (Outcome::Rejected, code), "{word}");
        assert!(story.error.as_deref().unwrap().starts_with(word), "{:?}", story.error);
    }
    // Only the list of models was asked of it, for the model that it does not have.
    assert!(upstream.requests().iter().all(|request| request.head.target() == "/v1/models"));
}

/// P01, P02.
#[tokio::test]
async fn a_path_that_could_lead_elsewhere_goes_nowhere() {
    let (house, upstream) = house().await;
    for path in [
        "/v1/../admin",
        "/v1/./x",
        "/v1/%2e%2e%2fadmin",
        "/v1/%252e%252e/admin",
        "/v1/x/..",
        "/v1//chat/completions",
        "/v1/x%2fy",
        "/v1/x%5cy",
        "/v1/x\\..\\y",
        "/v1/x%00",
    ] {
        assert_eq!(refusal(&house.ask(&Ask::get(path)).await), (400, "invalid_path".into()), "{path}");
    }
    for path in ["/", "/v1", "/v1/", "/v2/chat", "//v1/chat", "/V1/chat", "/v1x/chat", "/chat/completions"] {
        assert_eq!(refusal(&house.ask(&Ask::get(path)).await), (404, "unknown_url".into()), "{path}");
    }
    assert!(upstream.connections().is_empty());
}

/// C15: what is left of a body that nobody read must not be read as a request.
#[tokio::test]
async fn a_connection_with_an_unread_body_is_closed() {
    let (house, upstream) = house().await;
    let hidden = Ask::chat().bytes();
    for ask in [
        Ask::stranger("POST", "/v1/chat/completions"),
        Ask::new("POST", "/elsewhere"),
        Ask::new("POST", "/v1/../x"),
        Ask::chat().header("content-encoding", "gzip"),
        Ask::chat().header("content-length", "101"),
    ] {
        let mut client = house.begin(&ask.body(hidden.clone())).await;
        let answer = client.read_response().await.expect("a refusal");
        assert!((400..500).contains(&status(&answer)), "{}", status(&answer));
        assert_eq!(answer.head.header("connection"), Some("close"));
        assert_eq!(client.read_to_close().await.0, "", "one answer and no more");
    }
    assert!(upstream.connections().is_empty());
}

/// A refusal after the body was read leaves the connection as it was.
#[tokio::test]
async fn a_connection_whose_body_was_read_is_kept() {
    let (house, _upstream) = house().await;
    let mut client = house.connect().await;
    for (ask, code) in [(Ask::chat().body("{"), 400), (Ask::chat(), 200)] {
        client.send(ask.bytes()).await.unwrap();
        assert_eq!(status(&client.read_response().await.expect("an answer")), code);
    }
    client.half_close().await.unwrap();
    assert_eq!(client.read_to_close().await, ("".into(), Ending::Fin));
}
