//! Whole answers: a prediction is created, waited for, and translated.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod replicate_standin;

use oar_upstream::replicate::{Replicate, Settings};
use oar_upstream::{Fault, Upstream};
use replicate_standin::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;

async fn answering(reply: Reply) -> Standin {
    Standin::new(move |_, _| reply.clone()).await
}

fn error(answer: &Value) -> (&str, &str, &str) {
    let text = |key| answer["error"][key].as_str().unwrap_or_default();
    (text("type"), text("code"), text("message"))
}

#[tokio::test]
async fn a_chat_becomes_a_prediction_and_back() {
    let output = json!({"output": ["", " Hi", " 你好\n", "🎉", ""], "metrics": metrics(4, 5)});
    let standin = answering(created("succeeded", &output)).await;
    let (status, answer) = read_json(standin.send(&chat(&json!({"max_tokens": 5}))).await).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["choices"][0]["message"],
        json!({"role": "assistant", "content": " Hi 你好\n🎉", "refusal": null})
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"], json!({"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}));
    assert_eq!((&answer["id"], &answer["model"]), (&json!("chatcmpl-p1"), &json!(MODEL)));
    let seen = standin.saw(CREATE).await;
    assert_eq!(seen.json()["input"]["prompt"], "<s>[INST] canary-prompt [/INST]");
    for header in ["authorization: bearer r8_canary_key", "prefer: wait=1", "content-type: application/json"] {
        assert!(seen.headers.contains(header), "{}", seen.headers);
    }
    assert_eq!(standin.lines(), [CREATE], "nothing is left to cancel");
}

#[tokio::test]
async fn a_completion_of_a_version_is_created_by_version() {
    let standin = answering(created("succeeded", &json!({"output": "upon a time"}))).await;
    let request = request("/completions", &json!({"model": "owner/name:abc", "prompt": "Once"}));
    let (_, answer) = read_json(standin.send(&request).await).await;
    assert_eq!((&answer["object"], &answer["choices"][0]["text"]), (&json!("text_completion"), &json!("upon a time")));
    assert_eq!(answer.get("usage"), None, "what was not counted is not told");
    assert_eq!(standin.saw("POST /v1/predictions").await.json()["version"], "abc");
}

/// A18.
#[tokio::test]
async fn a_whole_output_that_is_still_processing_is_waited_for() {
    let standin = Standin::new(|seen, earlier| match (seen.line.as_str(), earlier) {
        (CREATE, _) => created("processing", &json!({"output": ["a"]})),
        (GET, 0) => Reply::json(500, &json!({"detail": "for a moment"})),
        _ => state("succeeded", &json!({"output": ["a", "b"]})),
    })
    .await;
    let (_, answer) = read_json(standin.send(&chat(&json!({}))).await).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "ab");
    assert_eq!(standin.lines(), [CREATE, GET, GET]);
    assert!(standin.saw(GET).await.headers.contains("authorization: bearer r8_canary_key"));
}

#[tokio::test]
async fn a_stop_sequence_ends_the_answer_whether_the_model_knows_it_or_not() {
    let standin =
        answering(created("succeeded", &json!({"output": ["one", ", t", "wo"], "metrics": metrics(1, 9)}))).await;
    let (_, answer) = read_json(standin.send(&chat(&json!({"stop": [", t"], "max_tokens": 9}))).await).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "one");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

/// A18.
#[tokio::test]
async fn a_prediction_that_did_not_succeed_is_a_bad_gateway() {
    for (status, told, code) in [
        ("failed", "CUDA out of memory, key r8_canary_key", "prediction_failed"),
        ("canceled", "", "prediction_canceled"),
        ("aborted", "", "prediction_canceled"),
    ] {
        let standin = answering(created(status, &json!({"error": told, "output": ["half"]}))).await;
        let (answered, answer) = read_json(standin.send(&chat(&json!({}))).await).await;
        assert_eq!((answered, error(&answer).1), (502, code), "{answer}");
        assert!(!answer.to_string().contains(KEY), "{answer}");
    }
}

#[tokio::test]
async fn errors_keep_their_status_and_lose_the_key() {
    for (status, detail, kind, code) in [
        (
            401,
            "You did not pass a valid authentication token: r8_canary_key",
            "authentication_error",
            "invalid_api_key",
        ),
        (402, "Insufficient credit", "rate_limit_error", "insufficient_quota"),
        (404, "The requested resource could not be found.", "invalid_request_error", "model_not_found"),
        (422, "Input validation failed", "invalid_request_error", "invalid_request"),
        (429, "Request was throttled. Your rate limit resets in ~30s.", "rate_limit_error", "rate_limit_exceeded"),
        (500, "oops", "upstream_error", "upstream_error"),
    ] {
        let standin = answering(Reply::json(status, &json!({"title": "T", "detail": detail, "status": status}))).await;
        let response = standin.send(&chat(&json!({}))).await;
        let after = response.headers.get("retry-after").cloned();
        assert_eq!(after.is_some_and(|after| after == "30"), status == 429);
        let (answered, answer) = read_json(response).await;
        assert_eq!((answered, error(&answer)), (status, (kind, code, detail.replace(KEY, "***").as_str())));
    }
}

#[tokio::test]
async fn what_is_no_prediction_is_a_bad_gateway() {
    for body in [json!({"id": "p1"}), json!([]), json!("ok")] {
        let (status, answer) = read_json(answering(Reply::json(201, &body)).await.send(&chat(&json!({}))).await).await;
        assert_eq!((status, error(&answer).1), (502, "upstream_bad_answer"));
    }
    let picture = created("succeeded", &json!({"output": {"image": "x"}}));
    let (status, answer) = read_json(answering(picture).await.send(&chat(&json!({}))).await).await;
    assert_eq!((status, error(&answer).1), (502, "upstream_not_text"));
}

/// A17.
#[tokio::test]
async fn a_foreign_address_is_refused_without_a_request_and_the_prediction_cancelled() {
    let tripwire = answering(Reply::json(200, &json!({}))).await;
    let get = format!("{}/v1/predictions/p1", tripwire.base());
    let standin = Standin::new(move |seen, _| match seen.line.as_str() {
        CREATE => created("starting", &json!({"urls": {"get": get, "cancel": "{base}/v1/predictions/p1/cancel"}})),
        _ => state("canceled", &json!({})),
    })
    .await;
    let (status, answer) = read_json(standin.send(&chat(&json!({}))).await).await;
    assert_eq!((status, error(&answer).1), (502, "upstream_bad_answer"));
    standin.saw(CANCEL).await;
    assert_eq!(tripwire.lines(), [""; 0]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let tripwire = answering(Reply::json(200, &json!({}))).await;
    let found = format!("HTTP/1.1 307 X\r\nlocation: {}/v1\r\ncontent-length: 0\r\n\r\n", tripwire.base());
    let response = answering(Reply::raw(&found)).await.send(&chat(&json!({}))).await;
    assert_eq!((response.status.as_u16(), response.headers.get("location")), (307, None));
    assert_eq!(tripwire.lines(), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_translated_is_refused_before_anything_is_sent() {
    let standin = answering(Reply::json(500, &json!({}))).await;
    for (request, status, param) in [
        (chat(&json!({"tools": [{"type": "function"}]})), 400, json!("tools")),
        (chat(&json!({"model": "gpt-4o"})), 400, json!("model")),
        (request("/embeddings", &json!({"input": "x"})), 404, json!(null)),
    ] {
        let (answered, answer) = read_json(standin.send(&request).await).await;
        assert_eq!((answered, &answer["error"]["param"]), (status, &param));
    }
    assert_eq!(standin.lines(), [""; 0]);
}

#[tokio::test]
async fn a_missing_key_is_a_defect_and_not_a_request() {
    let standin = answering(Reply::json(500, &json!({}))).await;
    let upstream = Replicate::new(Settings { sk: "".into(), ..standin.settings() }, CONNECT_TIMEOUT).expect("usable");
    assert_eq!(upstream.describe().defect.as_deref(), Some("sk is empty"));
    let fault = upstream.send(&chat(&json!({}))).await.expect_err("a fault").fault();
    assert_eq!((fault, standin.lines().len()), (Fault::Misconfigured, 0));
}

#[tokio::test]
async fn the_description_has_the_key_and_where_it_goes() {
    let ours =
        Replicate::new(Settings { sk: KEY.into(), ..Settings::default() }, CONNECT_TIMEOUT).expect("usable").describe();
    assert_eq!(ours.endpoint, "https://api.replicate.com/v1");
    assert_eq!(ours.key.as_ref().map(ExposeSecret::expose_secret), Some(KEY));
    assert_eq!((ours.passes_client_token, ours.defect), (false, None));
    let error = Replicate::new(Settings { sk: "bad\nkey".into(), ..Settings::default() }, CONNECT_TIMEOUT)
        .err()
        .expect("unusable");
    assert_eq!((error.key(), error.to_string().contains("bad")), (Some("sk"), false));
}

#[tokio::test]
async fn as_is_passes_the_clients_token_on() {
    let standin = answering(created("succeeded", &json!({"output": "ok"}))).await;
    let upstream =
        Replicate::new(Settings { sk: "asis".into(), ..standin.settings() }, CONNECT_TIMEOUT).expect("usable");
    assert!(upstream.describe().passes_client_token);
    let mut request = chat(&json!({}));
    request.client_token = Some("r8_canary_clients_own".into());
    assert_eq!(upstream.send(&request).await.expect("a response").status, 200);
    assert!(standin.saw(CREATE).await.headers.contains("authorization: bearer r8_canary_clients_own"));
}

#[tokio::test]
async fn faults_tell_whether_anything_was_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let settings = |base: &str| Settings { endpoint: format!("{base}/v1"), sk: KEY.into(), stream_hosts: None };
    let refused = settings(&format!("http://{}", closed.local_addr().expect("an address")));
    drop(closed);
    // Too long for a label, so that no name server is asked.
    let unresolvable = format!("http://{}.test", "a".repeat(64));
    let (cut, garbage) = (answering(Reply::raw("HTTP/1.1 2")).await, answering(Reply::raw("SSH-2.0-x\r\n\r\n")).await);
    for (settings, fault) in [
        (refused, Fault::Refused),
        (settings(cut.base()), Fault::Reset),
        (settings(garbage.base()), Fault::BadHead),
        (settings(&unresolvable), Fault::Dns),
        (settings(&garbage.base().replace("http:", "https:")), Fault::Tls),
    ] {
        let upstream: Arc<dyn Upstream> = Arc::new(Replicate::new(settings.clone(), CONNECT_TIMEOUT).expect("usable"));
        let error = upstream.send(&chat(&json!({}))).await.expect_err("a fault");
        assert_eq!(error.fault(), fault, "{settings:?}: {error:?}");
        assert!(!format!("{error:?}").contains(KEY));
    }
}
