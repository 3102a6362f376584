//! The stand-in speaks Replicate's API, byte by byte; tests/clients runs the official clients against it.
#![allow(clippy::indexing_slicing, reason = "a test that panics has failed")]

use oar_testkit::replicate::{FAILURE, Moment, PIECES, Play, Running, Standin, Step};
use oar_testkit::{Gate, RawClient, RawResponse, request_bytes};
use serde_json::{Value, json};
use std::time::Duration;

const KEY: [(&str, &str); 1] = [("authorization", "Bearer r8_any")];

async fn standin() -> Running {
    Standin::new().start().await.expect("a loopback port")
}

async fn playing(steps: impl IntoIterator<Item = Step>) -> Running {
    Standin::playing(Play::new(steps)).start().await.expect("a loopback port")
}

fn say(piece: &str) -> Step {
    Step::Say(piece.to_owned())
}

async fn ask(at: &Running, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> RawResponse {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    RawClient::exchange(at.addr(), request_bytes(method, path, headers, body.as_bytes())).await.expect("an answer")
}

fn json_of(answer: &RawResponse) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// The answer to a creation with these further headers.
async fn create(at: &Running, name: &str, input: Value, headers: &[(&str, &str)]) -> RawResponse {
    let headers = [&KEY, headers].concat();
    ask(at, "POST", &format!("/v1/models/acme/{name}/predictions"), &headers, &json!({ "input": input })).await
}

/// A prediction of this model, as it was created.
async fn created(at: &Running, name: &str) -> Value {
    json_of(&create(at, name, json!({"prompt": "one two"}), &[]).await)
}

/// A prediction of this model, when it has ended.
async fn ended(at: &Running, name: &str) -> Value {
    json_of(&create(at, name, json!({"prompt": "one two"}), &[("prefer", "wait")]).await)
}

async fn get(at: &Running, prediction: &Value) -> Value {
    json_of(&ask(at, "GET", &path(prediction, "get"), &KEY, &json!(null)).await)
}

async fn stream(at: &Running, prediction: &Value, headers: &[(&str, &str)]) -> RawResponse {
    ask(at, "GET", &path(prediction, "stream"), headers, &json!(null)).await
}

async fn happened(at: &Running, moment: Moment) {
    tokio::time::timeout(Duration::from_secs(10), at.happened(moment)).await.expect("it happens");
}

/// The path of a link: the raw client calls every host by the same name.
fn path(prediction: &Value, link: &str) -> String {
    let url = prediction["urls"][link].as_str().expect("an address");
    url.splitn(4, '/').last().map(|path| format!("/{path}")).expect("a path")
}

#[tokio::test]
async fn a_creation_is_answered_with_a_prediction_that_starts() {
    let answer = create(&standin().await, "never", json!({"prompt": "x"}), &[]).await;
    assert_eq!((answer.head.status(), answer.head.header("preference-applied")), (Some(201), None));
    assert_eq!(
        (answer.head.header("ratelimit-remaining"), answer.head.header("ratelimit-reset")),
        (Some("599"), Some("1"))
    );
    let mut told = json_of(&answer);
    let created_at = told["created_at"].take();
    assert!(created_at.as_str().is_some_and(|date| date.len() == "2024-10-04T18:07:35.262Z".len()), "{created_at}");
    told["urls"].take();
    let expected = json!({
        "id": "standin0000000000000000001", "model": "acme/never", "version": "hidden", "input": {"prompt": "x"},
        "logs": "", "output": null, "data_removed": false, "error": null, "source": "api", "status": "starting",
        "created_at": null, "urls": null,
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_prediction_processes_and_then_succeeds_with_metrics() {
    let (first, second) = (Gate::new(), Gate::new());
    let until = |gate: &Gate| Step::Until(gate.clone());
    let standin = playing([until(&first), say("a"), until(&second), say("b"), Step::Succeed]).await;
    let prediction = created(&standin, "m").await;
    assert_eq!(get(&standin, &prediction).await["status"], "starting");
    first.open();
    happened(&standin, Moment::FirstPiece).await;
    let told = get(&standin, &prediction).await;
    assert_eq!(
        (&told["status"], &told["output"], &told["metrics"]),
        (&json!("processing"), &json!(["a"]), &json!(null))
    );
    assert!(told["started_at"].is_string() && told["completed_at"].is_null(), "{told}");
    second.open();
    happened(&standin, Moment::Ended).await;
    let told = get(&standin, &prediction).await;
    assert_eq!((&told["status"], &told["output"]), (&json!("succeeded"), &json!(["a", "b"])));
    let metrics = &told["metrics"];
    assert_eq!((&metrics["input_token_count"], &metrics["output_token_count"]), (&json!(2), &json!(2)));
    assert!(told["completed_at"].is_string() && metrics["predict_time"].is_f64(), "{told}");
}

#[tokio::test]
async fn prefer_wait_is_answered_at_the_end_and_says_so() {
    let standin = standin().await;
    for (asked, applied) in [("wait", Some("wait=60")), ("wait=9", Some("wait=9")), ("wait=61", None), ("soon", None)] {
        let answer = create(&standin, "m", json!({"prompt": "x"}), &[("prefer", asked)]).await;
        assert_eq!(answer.head.header("preference-applied"), applied, "{asked}");
        let status = if applied.is_some() { "succeeded" } else { "starting" };
        assert_eq!(json_of(&answer)["status"], status, "{asked}");
    }
}

#[tokio::test]
async fn prefer_wait_may_be_answered_with_a_whole_output_that_is_still_processing() {
    let told = ended(&standin().await, "processing").await;
    assert_eq!((&told["status"], &told["output"]), (&json!("processing"), &json!(PIECES)));
    assert_eq!(told.get("metrics"), None);
}

#[tokio::test]
async fn prefer_wait_ends_with_its_time() {
    let answer = create(&standin().await, "never", json!({"prompt": "x"}), &[("prefer", "wait=1")]).await;
    assert_eq!(
        (answer.head.header("preference-applied"), &json_of(&answer)["status"]),
        (Some("wait=1"), &json!("starting"))
    );
}

#[tokio::test]
async fn a_stream_is_events_with_ids_and_one_space_before_the_data() {
    let standin = playing([say(" Bon"), say("!\n\n"), Step::Log("x".into()), say(""), Step::Succeed]).await;
    let prediction = created(&standin, "m").await;
    let answer = stream(&standin, &prediction, &[]).await;
    assert!(answer.complete);
    assert_eq!(answer.head.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    let first = text.lines().find_map(|line| line.strip_prefix("id: ")).expect("an id");
    let since = first.strip_suffix(":0").expect("the first");
    let expected = format!(
        ": hi\n\nevent: output\nid: {since}:0\ndata:  Bon\n\nevent: output\nid: {since}:1\ndata: !\ndata: \ndata: \n\n\
         event: logs\nid: {since}:2\ndata: x\n\nevent: output\nid: {since}:3\ndata: \n\n\
         event: done\nid: {since}:4\ndata: {{}}\n\n"
    );
    assert_eq!(text, expected);
    let rest = stream(&standin, &prediction, &[("last-event-id", &format!("{since}:2"))]).await;
    assert_eq!(rest.text(), expected.split_once("data: x\n\n").expect("a log").1);
    let all = stream(&standin, &prediction, &[("last-event-id", "unknown")]).await;
    assert_eq!(all.text(), expected);
}

#[tokio::test]
async fn a_stream_comes_piece_by_piece() {
    let gate = Gate::new();
    let standin = playing([say("a"), Step::Until(gate.clone()), say("b"), Step::Succeed]).await;
    let prediction = created(&standin, "m").await;
    let mut client = RawClient::connect(standin.addr()).await.expect("a connection");
    client.send(request_bytes("GET", &path(&prediction, "stream"), &[], b"")).await.expect("sent");
    client.read_head().await.expect("a head");
    assert_eq!(client.read_chunk().await.expect("a comment"), ": hi\n\n");
    assert!(client.read_chunk().await.expect("a piece").ends_with(b"data: a\n\n"));
    gate.open();
    assert!(client.read_chunk().await.expect("a piece").ends_with(b"data: b\n\n"));
}

#[tokio::test]
async fn an_idle_stream_is_closed_and_can_be_read_on() {
    let gate = Gate::new();
    let play = Play::new([say("a"), Step::Until(gate.clone()), say("b"), Step::Succeed]);
    let standin = Standin::playing(play).idling_after(Duration::from_millis(20)).start().await.expect("a port");
    let prediction = created(&standin, "m").await;
    let answer = stream(&standin, &prediction, &[]).await;
    assert!(
        answer.complete && answer.text().ends_with("data: a\n\n:408: 408 Request Timeout\n\n"),
        "{}",
        answer.text()
    );
    gate.open();
    let last = answer.text().lines().find_map(|line| line.strip_prefix("id: ").map(str::to_owned)).expect("an id");
    let rest = stream(&standin, &prediction, &[("last-event-id", &last)]).await.text();
    assert!(rest.starts_with("event: output\n") && rest.contains("data: b\n\nevent: done\n"), "{rest}");
}

#[tokio::test]
async fn a_stream_is_interrupted_for_its_first_reader_alone() {
    for (interruption, complete) in [(Step::Cut, false), (Step::Close, true), (Step::IdleClose, true)] {
        let standin = playing([say("a"), interruption.clone(), say("b"), Step::Succeed]).await;
        let prediction = created(&standin, "m").await;
        let first = stream(&standin, &prediction, &[]).await;
        assert_eq!(first.complete, complete, "{interruption:?}");
        assert!(first.text().contains("data: a\n") && !first.text().contains("data: b\n"), "{}", first.text());
        let second = stream(&standin, &prediction, &[]).await;
        assert!(second.complete && second.text().contains("data: b\n"), "{}", second.text());
    }
}

#[tokio::test]
async fn a_cancelled_prediction_stops() {
    let gate = Gate::new();
    let standin = playing([say("a"), Step::Until(gate.clone()), say("b"), Step::Succeed]).await;
    let prediction = created(&standin, "m").await;
    happened(&standin, Moment::FirstPiece).await;
    let answer = ask(&standin, "POST", &path(&prediction, "cancel"), &KEY, &json!(null)).await;
    assert_eq!((answer.head.status(), &json_of(&answer)["status"]), (Some(200), &json!("canceled")));
    gate.open();
    let told = stream(&standin, &prediction, &[]).await.text();
    assert!(told.ends_with("data: {\"reason\": \"canceled\"}\n\n") && !told.contains("data: b"), "{told}");
    let told = get(&standin, &prediction).await;
    assert_eq!((&told["status"], &told["output"]), (&json!("canceled"), &json!(["a"])));
    assert_eq!(told["metrics"].get("output_token_count"), None);
    let life = &standin.predictions()[0];
    let moments: Vec<&str> =
        life["events"].as_array().expect("a list").iter().filter_map(|moment| moment["event"].as_str()).collect();
    assert_eq!(moments, ["created", "first_piece", "cancelled", "ended", "stream_opened"]);
}

#[tokio::test]
async fn what_has_ended_stays_as_it_ended() {
    let standin = standin().await;
    let prediction = ended(&standin, "m").await;
    let told = json_of(&ask(&standin, "POST", &path(&prediction, "cancel"), &KEY, &json!(null)).await);
    assert_eq!((&told, &told["status"]), (&prediction, &json!("succeeded")));
}

#[tokio::test]
async fn who_leaves_a_stream_is_noticed() {
    let standin = playing([say("a")]).await;
    let prediction = created(&standin, "m").await;
    let mut client = RawClient::connect(standin.addr()).await.expect("a connection");
    client.send(request_bytes("GET", &path(&prediction, "stream"), &[], b"")).await.expect("sent");
    client.read_head().await.expect("a head");
    drop(client);
    happened(&standin, Moment::StreamLeft).await;
}

#[tokio::test]
async fn a_failure_is_told_in_the_prediction_and_in_the_stream() {
    let standin = standin().await;
    let told = ended(&standin, "mistral-fails-midway").await;
    assert_eq!(
        (&told["status"], &told["error"], &told["output"]),
        (&json!("failed"), &json!(FAILURE), &json!([" Bon", "jour"]))
    );
    let text = stream(&standin, &told, &[]).await.text();
    assert!(text.contains("event: error\n") && text.ends_with("data: {\"reason\": \"error\"}\n\n"), "{text}");
    assert!(text.contains(&format!("data: {}\n", json!({ "detail": FAILURE }))), "{text}");
    assert_eq!(ended(&standin, "aborted").await["status"], "aborted");
}

#[tokio::test]
async fn an_answer_has_no_more_tokens_than_its_limit() {
    let input = json!({"prompt": "x", "max_new_tokens": 3});
    let told = json_of(&create(&standin().await, "mixtral", input, &[("prefer", "wait")]).await);
    assert_eq!((&told["output"], &told["metrics"]["output_token_count"]), (&json!(PIECES[..3]), &json!(3)));
}

#[tokio::test]
async fn one_string_comes_at_the_end_and_without_a_stream() {
    let told = ended(&standin().await, "whole").await;
    assert_eq!((&told["output"], told["urls"].get("stream")), (&json!(PIECES.concat()), None));
}

#[tokio::test]
async fn versions_and_deployments_can_be_predicted_with() {
    let standin = standin().await;
    for (path, version, model, told_version) in [
        ("/v1/predictions", json!("acme/echo:abc"), "acme/echo", "abc"),
        ("/v1/predictions", json!("echo"), "standin/echo", "echo"),
        ("/v1/deployments/acme/echo/predictions", json!(null), "acme/echo", "hidden"),
    ] {
        let body = json!({"version": version, "input": {"prompt": "a\nb 你"}});
        let told = json_of(&ask(&standin, "POST", path, &[KEY[0], ("prefer", "wait")], &body).await);
        assert_eq!((&told["model"], &told["version"]), (&json!(model), &json!(told_version)));
        assert_eq!(told["output"], json!(["a\nb ", "你"]));
    }
}

#[tokio::test]
async fn errors_are_problems() {
    let standin = standin().await;
    for (name, status, detail) in [
        ("error-402", 402, "You have insufficient credit to run this model."),
        ("error-404", 404, "The requested resource could not be found."),
        ("error-429", 429, "Request was throttled. Your rate limit resets in ~30s."),
        ("error-500", 500, "Something went wrong"),
    ] {
        let answer = create(&standin, name, json!({"prompt": "x"}), &[]).await;
        let problem = json_of(&answer);
        assert_eq!((answer.head.status(), &problem["status"]), (Some(status), &json!(status)));
        assert!(problem["detail"].as_str().is_some_and(|told| told.starts_with(detail)), "{problem}");
    }
    let answer = create(&standin, "m", json!({"temperature": 1}), &[]).await;
    let problem = json_of(&answer);
    assert_eq!((answer.head.status(), &problem["title"]), (Some(422), &json!("Input validation failed")));
    assert_eq!(problem["invalid_fields"][0]["field"], "input.prompt");
    assert_eq!(ask(&standin, "GET", "/v1/predictions/none", &KEY, &json!(null)).await.head.status(), Some(404));
    assert_eq!(standin.predictions().len(), 0);
}

#[tokio::test]
async fn a_key_is_needed_and_may_be_asked_for() {
    let standin = Standin::new().requiring_key("r8_right").start().await.expect("a port");
    for (key, status) in [
        (None, 401),
        (Some("Bearer r8_wrong"), 401),
        (Some("r8_right"), 401),
        (Some("Bearer r8_right"), 200),
        (Some("Token r8_right"), 200),
    ] {
        let headers: Vec<_> = key.into_iter().map(|key| ("authorization", key)).collect();
        let answer = ask(&standin, "GET", "/v1/predictions", &headers, &json!(null)).await;
        assert_eq!(answer.head.status(), Some(status), "{key:?}");
    }
    assert_eq!(ask(&standin, "GET", "/_predictions", &[], &json!(null)).await.text(), "[]");
}

#[tokio::test]
async fn a_dropped_stand_in_is_gone() {
    let standin = standin().await;
    let addr = standin.addr();
    let prediction = created(&standin, "never").await;
    let mut reader = RawClient::connect(addr).await.expect("a connection");
    reader.send(request_bytes("GET", &path(&prediction, "stream"), &[], b"")).await.expect("sent");
    reader.read_head().await.expect("a head");
    drop(standin);
    reader.read_to_close().await;
    assert!(RawClient::connect(addr).await.is_err());
}
