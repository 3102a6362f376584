//! A scripted Replicate on a loopback port, and what tests ask of it.
#![allow(dead_code, reason = "each test file uses its own part")]

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use oar_testkit::canary::Watch;
use oar_upstream::replicate::{Replicate, Settings};
use oar_upstream::{Connection, ResponseBody, Upstream, UpstreamRequest, UpstreamResponse};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// More than loopback ever needs.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const KEY: &str = "r8_canary_key";
pub(crate) const MODEL: &str = "mistralai/mixtral-8x7b-instruct-v0.1";
pub(crate) const CREATE: &str = "POST /v1/models/mistralai/mixtral-8x7b-instruct-v0.1/predictions";
pub(crate) const GET: &str = "GET /v1/predictions/p1";
pub(crate) const STREAM: &str = "GET /streams/p1";
/// Seen when the client closed a connection that the stand-in had left hanging.
pub(crate) const CLOSED: &str = "closed";
pub(crate) const CANCEL: &str = "POST /v1/predictions/p1/cancel";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Method and path.
    pub(crate) line: String,
    /// All header lines, in lower case.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

/// What is answered to one request. `{base}` in texts stands for the stand-in's own origin.
#[derive(Clone)]
pub(crate) struct Reply(Vec<Piece>);

#[derive(Clone)]
enum Piece {
    Text(String),
    Bytes(Vec<u8>),
    /// Goes on when the test says so.
    Gate(Arc<Notify>),
    /// Waits until the client is gone, and counts that as a request for `closed`.
    Hang,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::raw(&format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\n\r\n{body}"))
    }

    pub(crate) fn raw(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// An open stream that has said this so far.
    pub(crate) fn sse(text: &str) -> Self {
        Self::raw(&format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n{text}"))
    }

    pub(crate) fn then(mut self, text: &str) -> Self {
        self.0.push(Piece::Text(text.to_owned()));
        self
    }

    /// Each byte in a write of its own.
    pub(crate) fn then_byte_by_byte(mut self, text: &str) -> Self {
        self.0.extend(text.bytes().map(|byte| Piece::Bytes(vec![byte])));
        self
    }

    pub(crate) fn then_wait_for(mut self, gate: &Arc<Notify>) -> Self {
        self.0.push(Piece::Gate(gate.clone()));
        self
    }

    pub(crate) fn then_hang(mut self) -> Self {
        self.0.push(Piece::Hang);
        self
    }

    pub(crate) fn after(gate: &Arc<Notify>, reply: Self) -> Self {
        Self([vec![Piece::Gate(gate.clone())], reply.0].concat())
    }
}

/// A prediction with links on the stand-in.
pub(crate) fn prediction(status: &str, fields: &Value) -> Value {
    let urls = json!({
        "get": "{base}/v1/predictions/p1", "cancel": "{base}/v1/predictions/p1/cancel", "stream": "{base}/streams/p1",
    });
    let mut whole = json!({
        "id": "p1", "model": MODEL, "version": "hidden", "input": {}, "logs": "", "output": null, "error": null,
        "status": status, "created_at": "2024-10-04T18:07:35.262Z", "urls": urls, "data_removed": false,
    });
    whole.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    whole
}

pub(crate) fn created(status: &str, fields: &Value) -> Reply {
    Reply::json(201, &prediction(status, fields))
}

pub(crate) fn state(status: &str, fields: &Value) -> Reply {
    Reply::json(200, &prediction(status, fields))
}

pub(crate) fn metrics(input: u64, output: u64) -> Value {
    json!({"input_token_count": input, "output_token_count": output, "predict_time": 0.1})
}

/// What answers: the request, and how many like it came before.
type Script = dyn Fn(&Seen, usize) -> Reply + Send + Sync;

pub(crate) struct Standin {
    served: Served,
    _serving: JoinSet<()>,
    /// Fails the test when a secret got out.
    _watch: Watch,
}

impl Standin {
    /// Answers creation and cancellation as told, and everything else by the script.
    pub(crate) async fn new(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let served = Served { base, seen: Arc::default(), changed: Arc::default(), script: Arc::new(script) };
        let mut serving = JoinSet::new();
        serving.spawn(served.clone().run(listener));
        Self { served, _serving: serving, _watch: Watch::start() }
    }

    /// Its own origin.
    pub(crate) fn base(&self) -> &str {
        &self.served.base
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.served.seen.lock().expect("unpoisoned").clone()
    }

    /// Methods and paths of all requests, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// Waits until such a request has come.
    pub(crate) async fn saw(&self, line: &str) -> Seen {
        let wait = async {
            loop {
                let changed = self.served.changed.notified();
                if let Some(seen) = self.seen().into_iter().find(|seen| seen.line == line) {
                    return seen;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .unwrap_or_else(|_| panic!("no {line}, but {:?}", self.lines()))
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings { sk: KEY.into(), endpoint: format!("{}/v1", self.base()), stream_hosts: None }
    }

    pub(crate) fn upstream(&self) -> Arc<Replicate> {
        Arc::new(Replicate::new(self.settings(), CONNECT_TIMEOUT).expect("settings are valid"))
    }

    pub(crate) async fn send(&self, request: &UpstreamRequest) -> UpstreamResponse {
        self.upstream().send(request).await.expect("a response")
    }
}

#[derive(Clone)]
struct Served {
    base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    changed: Arc<Notify>,
    script: Arc<Script>,
}

impl Served {
    async fn run(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            let served = self.clone();
            connections.spawn(async move {
                // A client that leaves is part of the play.
                let _ = served.serve(socket).await;
            });
        }
    }

    async fn serve(self, mut socket: TcpStream) -> std::io::Result<()> {
        socket.set_nodelay(true)?;
        let Some(seen) = read_request(&mut socket).await? else { return Ok(()) };
        let earlier = self.remember(seen.clone());
        self.play((self.script)(&seen, earlier), &mut socket).await?;
        socket.shutdown().await
    }

    /// How many like it came before.
    fn remember(&self, seen: Seen) -> usize {
        let mut all = self.seen.lock().expect("unpoisoned");
        let earlier = all.iter().filter(|other| other.line == seen.line).count();
        all.push(seen);
        self.changed.notify_waiters();
        earlier
    }

    async fn play(&self, reply: Reply, socket: &mut TcpStream) -> std::io::Result<()> {
        for piece in reply.0 {
            match piece {
                Piece::Text(text) => socket.write_all(text.replace("{base}", &self.base).as_bytes()).await?,
                Piece::Bytes(bytes) => {
                    socket.write_all(&bytes).await?;
                    tokio::task::yield_now().await;
                }
                Piece::Gate(gate) => gate.notified().await,
                Piece::Hang => {
                    let _ = socket.read(&mut [0; 64]).await;
                    self.remember(Seen { line: CLOSED.to_owned(), headers: String::new(), body: String::new() });
                }
            }
        }
        Ok(())
    }
}

const TLS_HANDSHAKE: &[u8] = &[0x16];

async fn read_request(socket: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
        if bytes.starts_with(TLS_HANDSHAKE) {
            return Ok(Some(Seen { line: "TLS".to_owned(), headers: String::new(), body: String::new() }));
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let headers = headers.to_lowercase();
        let length = headers.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            let line = line.trim_end_matches(" HTTP/1.1").to_owned();
            return Ok(Some(Seen { line, headers, body: body.to_owned() }));
        }
    }
}

/// A request for `path` with these fields beside the model.
pub(crate) fn request(path: &str, fields: &Value) -> UpstreamRequest {
    let mut body = json!({"model": MODEL});
    body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    UpstreamRequest {
        method: Method::POST,
        path_and_query: path.to_owned(),
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
        model: Some(MODEL.to_owned()),
        stream: body["stream"] == true,
        request_id: "r-1".to_owned(),
        client_token: None,
        upgrade: None,
        connection: Connection::Any,
    }
}

pub(crate) fn chat(extra: &Value) -> UpstreamRequest {
    let mut fields = json!({"messages": [{"role": "user", "content": "canary-prompt"}]});
    fields.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    request("/chat/completions", &fields)
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
