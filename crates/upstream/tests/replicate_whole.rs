//! Whole answers: a prediction is created, waited for, and translated.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod replicate_house;

use http::StatusCode;
use oar_testkit::replicate::{Play, Standin, Step};
use oar_testkit::{Script, ScriptedUpstream, Step as Wire};
use oar_upstream::replicate::{Replicate, Settings};
use oar_upstream::{Fault, Upstream};
use replicate_house::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;

fn say(piece: &str) -> Step {
    Step::Say(piece.to_owned())
}

fn error(answer: &Value) -> (&str, &str, &str) {
    let text = |key| answer["error"][key].as_str().unwrap_or_default();
    (text("type"), text("code"), text("message"))
}

#[tokio::test]
async fn a_chat_becomes_a_prediction_and_back() {
    let house = House::playing(Play::saying(["", " Hi", " 你好\n", "🎉", ""]).counting(4, 5)).await;
    let (status, answer) = read_json(house.send(&chat(&json!({"max_tokens": 5}))).await).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["choices"][0]["message"],
        json!({"role": "assistant", "content": " Hi 你好\n🎉", "refusal": null})
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"], json!({"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}));
    assert_eq!((&answer["id"], &answer["model"]), (&json!(format!("chatcmpl-{ID}")), &json!(MODEL)));
    let seen = house.saw(CREATE).await;
    assert_eq!(seen.json()["input"]["prompt"], "<s>[INST] canary-prompt [/INST]");
    let header = |name| seen.header(name).expect(name).to_owned();
    let told = ["authorization", "prefer", "content-type"].map(header);
    assert_eq!(told, ["Bearer r8_canary_key", "wait=1", "application/json"]);
    assert_eq!(house.lines(), [CREATE], "nothing is left to cancel");
}

#[tokio::test]
async fn a_completion_of_a_version_is_created_by_version() {
    let play = Play::saying(["upon a time"]).in_one_string().told_at_creation(json!({"metrics": null}));
    let house = House::playing(play).await;
    let request = request("/completions", &json!({"model": "owner/name:abc", "prompt": "Once"}));
    let (_, answer) = read_json(house.send(&request).await).await;
    assert_eq!((&answer["object"], &answer["choices"][0]["text"]), (&json!("text_completion"), &json!("upon a time")));
    assert_eq!(answer.get("usage"), None, "what was not counted is not told");
    assert_eq!(house.saw("POST /v1/predictions").await.json()["version"], "abc");
}

/// A18.
#[tokio::test]
async fn a_whole_output_that_is_still_processing_is_waited_for() {
    let house = House::playing(Play::new([say("a"), Step::Answer, say("b"), Step::Succeed]).failing_reads(1)).await;
    let (_, answer) = read_json(house.send(&chat(&json!({}))).await).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "ab");
    assert_eq!(house.lines(), [CREATE, GET, GET]);
    assert_eq!(house.saw(GET).await.header("authorization"), Some("Bearer r8_canary_key"));
}

#[tokio::test]
async fn a_stop_sequence_ends_the_answer_whether_the_model_knows_it_or_not() {
    let house = House::playing(Play::saying(["one", ", t", "wo"]).counting(1, 9)).await;
    let (_, answer) = read_json(house.send(&chat(&json!({"stop": [", t"], "max_tokens": 9}))).await).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "one");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

/// A18.
#[tokio::test]
async fn a_prediction_that_did_not_succeed_is_a_bad_gateway() {
    for (end, code) in [
        (Step::Fail("CUDA out of memory, key r8_canary_key".into()), "prediction_failed"),
        (Step::Cancel, "prediction_canceled"),
        (Step::Abort, "prediction_canceled"),
    ] {
        let house = House::playing(Play::new([say("half"), end])).await;
        let (answered, answer) = read_json(house.send(&chat(&json!({}))).await).await;
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
        let problem = json!({"title": "T", "detail": detail, "status": status});
        let house = House::playing(Play::refusing(StatusCode::from_u16(status).expect("a status"), problem)).await;
        let response = house.send(&chat(&json!({}))).await;
        let after = response.headers.get("retry-after").cloned();
        assert_eq!(after.is_some_and(|after| after == "30"), status == 429);
        let (answered, answer) = read_json(response).await;
        assert_eq!((answered, error(&answer)), (status, (kind, code, detail.replace(KEY, "***").as_str())));
    }
}

#[tokio::test]
async fn what_is_no_prediction_is_a_bad_gateway() {
    for body in [json!({"id": ID}), json!([]), json!("ok")] {
        let remote = ScriptedUpstream::answering(201, &[], body.to_string()).await.expect("a port");
        let answered = upstream(settings(&remote.endpoint())).send(&chat(&json!({}))).await.expect("a response");
        let (status, answer) = read_json(answered).await;
        assert_eq!((status, error(&answer).1), (502, "upstream_bad_answer"));
    }
    let picture = Play::saying(["x"]).told_at_creation(json!({"output": {"image": "x"}}));
    let (status, answer) = read_json(House::playing(picture).await.send(&chat(&json!({}))).await).await;
    assert_eq!((status, error(&answer).1), (502, "upstream_not_text"));
}

/// A17.
#[tokio::test]
async fn a_foreign_address_is_refused_without_a_request_and_the_prediction_cancelled() {
    let tripwire = ScriptedUpstream::hanging().await.expect("a port");
    let told = json!({"urls": {"get": format!("{}/v1/predictions/{ID}", tripwire.origin())}});
    let house = House::playing(Play::new([Step::Answer]).told_at_creation(told)).await;
    let (status, answer) = read_json(house.send(&chat(&json!({}))).await).await;
    assert_eq!((status, error(&answer).1), (502, "upstream_bad_answer"));
    house.saw(CANCEL).await;
    assert_eq!(tripwire.connections().len(), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let tripwire = ScriptedUpstream::hanging().await.expect("a port");
    let elsewhere = format!("{}/v1", tripwire.origin());
    let remote = ScriptedUpstream::answering(307, &[("location", &elsewhere)], "").await.expect("a port");
    let response = upstream(settings(&remote.endpoint())).send(&chat(&json!({}))).await.expect("a response");
    assert_eq!((response.status.as_u16(), response.headers.get("location")), (307, None));
    assert_eq!(tripwire.connections().len(), 0);
}

#[tokio::test]
async fn what_cannot_be_translated_is_refused_before_anything_is_sent() {
    let house = House::playing(Play::default()).await;
    for (request, status, param) in [
        (chat(&json!({"tools": [{"type": "function"}]})), 400, json!("tools")),
        (chat(&json!({"model": "gpt-4o"})), 400, json!("model")),
        (request("/embeddings", &json!({"input": "x"})), 404, json!(null)),
    ] {
        let (answered, answer) = read_json(house.send(&request).await).await;
        assert_eq!((answered, &answer["error"]["param"]), (status, &param));
    }
    assert_eq!(house.lines(), [""; 0]);
}

#[tokio::test]
async fn a_missing_key_is_a_defect_and_not_a_request() {
    let house = House::playing(Play::default()).await;
    let upstream = upstream(Settings { sk: "".into(), ..house.settings() });
    assert_eq!(upstream.describe().defect.as_deref(), Some("sk is empty"));
    let fault = upstream.send(&chat(&json!({}))).await.expect_err("a fault").fault();
    assert_eq!((fault, house.lines().len()), (Fault::Misconfigured, 0));
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
    let standin =
        Standin::playing(Play::saying(["ok"])).requiring_key("r8_canary_clients_own").start().await.expect("a port");
    let upstream = upstream(Settings { sk: "asis".into(), ..settings(&standin.endpoint()) });
    assert!(upstream.describe().passes_client_token);
    let mut request = chat(&json!({}));
    request.client_token = Some("r8_canary_clients_own".into());
    assert_eq!(upstream.send(&request).await.expect("a response").status, 200);
    let presented = standin.saw(CREATE).await.header("authorization").map(str::to_owned);
    assert_eq!(presented.as_deref(), Some("Bearer r8_canary_clients_own"));
}

#[tokio::test]
async fn faults_tell_whether_anything_was_sent() {
    let refusing = ScriptedUpstream::refusing().expect("a port");
    let after = |bytes: &'static str| ScriptedUpstream::start(Script::after_request([Wire::send(bytes), Wire::Fin]));
    let cut = after("HTTP/1.1 2").await.expect("a port");
    let garbage = after("SSH-2.0-x\r\n\r\n").await.expect("a port");
    let no_tls = ScriptedUpstream::start([Wire::send("SSH-2.0-x\r\n\r\n"), Wire::Fin]).await.expect("a port");
    // Too long for a label, so that no name server is asked.
    let unresolvable = format!("http://{}.test/v1", "a".repeat(64));
    for (endpoint, fault) in [
        (refusing.endpoint(), Fault::Refused),
        (cut.endpoint(), Fault::Reset),
        (garbage.endpoint(), Fault::BadHead),
        (unresolvable, Fault::Dns),
        (no_tls.endpoint().replace("http:", "https:"), Fault::Tls),
    ] {
        let upstream: Arc<dyn Upstream> = upstream(settings(&endpoint));
        let error = upstream.send(&chat(&json!({}))).await.expect_err("a fault");
        assert_eq!(error.fault(), fault, "{endpoint}: {error:?}");
        assert!(!format!("{error:?}").contains(KEY));
    }
}
