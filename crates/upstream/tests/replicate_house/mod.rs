//! The adapter in front of a stand-in for Replicate, and what tests ask of the two.
#![allow(dead_code, reason = "each test file uses its own part")]

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use oar_testkit::canary::Watch;
use oar_testkit::replicate::{Moment, Play, Running, Seen, Standin};
use oar_testkit::{Script, ScriptedUpstream, Step as Wire, response_bytes};
use oar_upstream::replicate::{Replicate, Settings};
use oar_upstream::{ResponseBody, Upstream, UpstreamRequest, UpstreamResponse};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// More than loopback ever needs.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const KEY: &str = "r8_canary_key";
pub(crate) const MODEL: &str = "mistralai/mixtral-8x7b-instruct-v0.1";
/// The stand-in's first prediction.
pub(crate) const ID: &str = "standin0000000000000000001";
pub(crate) const CREATE: &str = "POST /v1/models/mistralai/mixtral-8x7b-instruct-v0.1/predictions";
pub(crate) const GET: &str = "GET /v1/predictions/standin0000000000000000001";
pub(crate) const STREAM: &str = "GET /streams/standin0000000000000000001";
pub(crate) const CANCEL: &str = "POST /v1/predictions/standin0000000000000000001/cancel";
/// A stream's last event.
pub(crate) const DONE: &str = "event: done\nid: 1:99\ndata: {}\n\n";

/// A stand-in in which every model plays the same.
pub(crate) struct House {
    standin: Running,
    /// Fails the test when a secret got out.
    _watch: Watch,
}

impl House {
    pub(crate) async fn playing(play: Play) -> Self {
        let standin = Standin::playing(play).requiring_key(KEY).start().await.expect("a port");
        Self { standin, _watch: Watch::start() }
    }

    pub(crate) fn settings(&self) -> Settings {
        settings(&self.standin.endpoint())
    }

    pub(crate) fn upstream(&self) -> Arc<Replicate> {
        upstream(self.settings())
    }

    pub(crate) async fn send(&self, request: &UpstreamRequest) -> UpstreamResponse {
        self.upstream().send(request).await.expect("a response")
    }

    /// Methods and paths of all requests, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.standin.lines()
    }

    /// Waits until such a request has come.
    pub(crate) async fn saw(&self, line: &str) -> Seen {
        self.saw_nth(line, 1).await
    }

    /// Waits until that many such requests have come.
    pub(crate) async fn saw_nth(&self, line: &str, count: usize) -> Seen {
        let seen = tokio::time::timeout(PATIENCE, self.standin.saw_nth(line, count)).await;
        seen.unwrap_or_else(|_| panic!("no {line}, but {:?}", self.lines()))
    }

    /// Waits until that has happened to the prediction.
    pub(crate) async fn happened(&self, moment: Moment) {
        let happened = tokio::time::timeout(PATIENCE, self.standin.happened(moment)).await;
        happened.unwrap_or_else(|_| panic!("not {moment:?}, but {:?}", self.standin.predictions()));
    }

    /// Sends a request and gives up on it once the stand-in saw `line`.
    pub(crate) async fn abandon_at(&self, line: &str, request: UpstreamRequest) {
        let (upstream, mut sending) = (self.upstream(), JoinSet::new());
        sending.spawn(async move { upstream.send(&request).await.is_ok() });
        self.saw(line).await;
        sending.shutdown().await;
    }
}

pub(crate) fn settings(endpoint: &str) -> Settings {
    Settings { sk: KEY.into(), endpoint: endpoint.to_owned(), ..Settings::default() }
}

pub(crate) fn upstream(settings: Settings) -> Arc<Replicate> {
    Arc::new(Replicate::new(settings, CONNECT_TIMEOUT).expect("settings are valid"))
}

/// A remote that answers a creation in a way that Replicate never would, and everything else like a cancellation.
pub(crate) async fn creating(answer: impl Fn(&str) -> Vec<Wire> + Send + Sync + 'static) -> ScriptedUpstream {
    creating_and_cancelling(answer, || reply(200)).await
}

/// The same, but it answers cancellations in its own way as well.
pub(crate) async fn creating_and_cancelling(
    answer: impl Fn(&str) -> Vec<Wire> + Send + Sync + 'static,
    cancel: impl Fn() -> Wire + Send + Sync + 'static,
) -> ScriptedUpstream {
    let script = Script::choosing(move |head, _| match head.target().ends_with("/cancel") {
        true => vec![cancel()],
        false => answer(&format!("http://{}", head.header("host").expect("a host"))),
    });
    ScriptedUpstream::start(script).await.expect("a port")
}

/// How a cancellation is answered.
pub(crate) fn reply(status: u16) -> Wire {
    let cancelled = json!({"id": ID, "status": "canceled"}).to_string();
    Wire::Send(response_bytes(status, &[("connection", "close")], cancelled.as_bytes()))
}

/// Waits until that many requests have come, and says which they were.
pub(crate) async fn targets(remote: &ScriptedUpstream, count: usize) -> Vec<String> {
    tokio::time::timeout(PATIENCE, remote.until_hit(count)).await.expect("all of them come");
    remote.requests().iter().map(|seen| format!("{} {}", seen.head.method(), seen.head.target())).collect()
}

/// A request for `path` with these fields beside the model.
pub(crate) fn request(path: &str, fields: &Value) -> UpstreamRequest {
    let mut body = json!({"model": MODEL});
    extend(&mut body, fields);
    UpstreamRequest {
        body: body.to_string().into(),
        model: Some(MODEL.to_owned()),
        stream: body["stream"] == true,
        ..UpstreamRequest::new(Method::POST, path)
    }
}

pub(crate) fn chat(fields: &Value) -> UpstreamRequest {
    let mut all = json!({"messages": [{"role": "user", "content": "canary-prompt"}]});
    extend(&mut all, fields);
    request("/chat/completions", &all)
}

pub(crate) fn streamed(fields: &Value) -> UpstreamRequest {
    let mut all = json!({"stream": true});
    extend(&mut all, fields);
    chat(&all)
}

fn extend(all: &mut Value, fields: &Value) {
    all.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
}

/// The whole body; an error in the end is part of it.
pub(crate) async fn read(response: UpstreamResponse) -> (StatusCode, String, Option<String>) {
    let ResponseBody::Body(mut body) = response.body else { panic!("a tunnel") };
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend(frame.into_data().expect("data")),
            Err(error) => return (response.status, text(bytes), Some(error.to_string())),
        }
    }
    (response.status, text(bytes), None)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

/// The status and the JSON of a whole answer.
pub(crate) async fn read_json(response: UpstreamResponse) -> (u16, Value) {
    let (status, text, error) = read(response).await;
    assert_eq!(error, None);
    (status.as_u16(), serde_json::from_str(&text).expect("JSON"))
}

/// The next piece of a body that is being streamed.
pub(crate) async fn frame(response: &mut UpstreamResponse) -> Bytes {
    let ResponseBody::Body(body) = &mut response.body else { panic!("a tunnel") };
    body.frame().await.expect("a frame").expect("no error").into_data().expect("data")
}

/// The JSON of each event of a stream that ended well, without `[DONE]`.
pub(crate) async fn read_chunks(response: UpstreamResponse) -> Vec<Value> {
    assert_eq!(response.headers.get("content-type").expect("a type"), "text/event-stream; charset=utf-8");
    let (status, text, error) = read(response).await;
    assert_eq!((status.as_u16(), error), (200, None), "{text}");
    let events = text.strip_suffix("data: [DONE]\n\n").expect("an end");
    events.split_terminator("\n\n").map(event_json).collect()
}

fn event_json(event: &str) -> Value {
    serde_json::from_str(event.strip_prefix("data: ").expect("data")).expect("JSON")
}

/// All text of a chat stream.
pub(crate) fn content(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}
