//! A gateway on a loopback port with scripted upstreams behind it and an ear at its stories.

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use oar_exchange::{AttemptResult, Exchange};
use oar_gateway::{Backend, Gateway, Limits, Peer, Rules};
use oar_routing::{Candidate, Order, Router, Token};
use oar_testkit::canary::Watch;
use oar_testkit::{Heard, RawClient, RawResponse, ScriptedUpstream, request_bytes};
use oar_upstream::openai::{OpenAi, Settings, Transport};
use oar_upstream::{ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use serde_json::Value;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What opens every upstream that has no tokens of its own.
pub(crate) const TOKEN: &str = "canary-team-token";

/// What nobody but the upstream and the records may read.
pub(crate) const PROMPT: &str = "canary-prompt";

/// What [`Ask::chat`] says: the model `m`, and [`PROMPT`].
pub(crate) const CHAT: &str = r#"{"model": "m", "user": "canary-prompt"}"#;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(100);

/// An upstream as the router sees it.
pub(crate) type Entry = Candidate<Arc<Backend>>;

pub(crate) struct House {
    addr: SocketAddr,
    pub(crate) heard: Arc<Heard>,
    /// What the gateway does beside its connections.
    pub(crate) tasks: TaskTracker,
    /// Ends what still runs.
    pub(crate) cut: CancellationToken,
    /// Owns the listener and every connection.
    _server: JoinSet<()>,
    /// Fails the test when a secret got out.
    _watch: Watch,
}

impl House {
    /// Upstreams named `first`, `second`, `third`, open to [`TOKEN`].
    pub(crate) async fn of<const N: usize>(upstreams: [&ScriptedUpstream; N]) -> Self {
        let names = ["first", "second", "third"];
        Self::with(names.into_iter().zip(upstreams).map(|(name, upstream)| entry(name, upstream))).await
    }

    /// These upstreams, open to [`TOKEN`].
    pub(crate) async fn with(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self::limited(entries, Limits::default()).await
    }

    /// These upstreams, open to [`TOKEN`], and these limits.
    pub(crate) async fn limited(entries: impl IntoIterator<Item = Entry>, limits: Limits) -> Self {
        Self::open(&[TOKEN], entries, limits).await
    }

    /// These upstreams, and these tokens for those that have none of their own.
    pub(crate) async fn open(tokens: &[&str], entries: impl IntoIterator<Item = Entry>, limits: Limits) -> Self {
        let watch = Watch::start();
        let (heard, tasks, cut) = (Heard::new(), TaskTracker::new(), CancellationToken::new());
        let gateway = Gateway::builder(router(tokens, entries))
            .rules(Rules { limits, ..Rules::default() })
            .observer(heard.clone())
            .tunnels(tasks.clone())
            .cut(cut.clone())
            .build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(accept(listener, gateway));
        Self { addr, heard, tasks, cut, _server: server, _watch: watch }
    }

    /// Asks on a connection of its own and reads the whole answer.
    pub(crate) async fn ask(&self, ask: &Ask) -> RawResponse {
        self.begin(ask).await.read_response().await.expect("an answer")
    }

    /// Asks, and leaves the reading to the test.
    pub(crate) async fn begin(&self, ask: &Ask) -> RawClient {
        let mut client = self.connect().await;
        client.send(ask.bytes()).await.unwrap();
        client
    }

    pub(crate) async fn connect(&self) -> RawClient {
        RawClient::connect(self.addr).await.unwrap()
    }

    /// The one story of a test that asks once.
    pub(crate) async fn story(&self) -> Arc<Exchange> {
        self.heard.only().await
    }
}

pub(crate) fn router(tokens: &[&str], entries: impl IntoIterator<Item = Entry>) -> Router<Arc<Backend>> {
    let builder = Router::builder(Order::Configured);
    let builder = tokens.iter().fold(builder, |builder, token| builder.token(Token::new(*token)));
    entries.into_iter().fold(builder, oar_routing::Builder::candidate).build().unwrap()
}

async fn accept(listener: TcpListener, gateway: Gateway) {
    let mut connections = JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let gateway = gateway.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            let gateway = gateway.clone();
            async move { Ok::<_, Infallible>(gateway.serve(request).await) }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades());
    }
}

/// The key of the upstream of this name.
pub(crate) fn key_of(name: &str) -> String {
    format!("canary-key-of-{name}")
}

/// An upstream of OpenAI's protocol with a key of its own.
pub(crate) fn entry(name: &str, upstream: &ScriptedUpstream) -> Entry {
    entry_with(name, &settings(name, upstream))
}

pub(crate) fn settings(name: &str, upstream: &ScriptedUpstream) -> Settings {
    Settings { sk: key_of(name).into(), endpoint: upstream.endpoint(), ..Settings::default() }
}

pub(crate) fn entry_with(name: &str, settings: &Settings) -> Entry {
    Candidate::new(name, Arc::new(backend_with(settings, CONNECT_TIMEOUT)))
}

/// What stands behind an [`entry`], for tests that change more of it.
pub(crate) fn backend(name: &str, upstream: &ScriptedUpstream) -> Backend {
    backend_with(&settings(name, upstream), CONNECT_TIMEOUT)
}

/// With this much time to connect.
pub(crate) fn backend_with(settings: &Settings, connect_timeout: Duration) -> Backend {
    Backend::new(Arc::new(OpenAi::new(settings, Transport::new(connect_timeout)).unwrap()))
}

/// An upstream without a socket, for tests in which only time passes.
pub(crate) struct Fake {
    answer: Option<&'static str>,
    asked: AtomicUsize,
}

impl Fake {
    pub(crate) fn silent() -> Arc<Self> {
        Arc::new(Self { answer: None, asked: AtomicUsize::new(0) })
    }

    pub(crate) fn answering(answer: &'static str) -> Arc<Self> {
        Arc::new(Self { answer: Some(answer), asked: AtomicUsize::new(0) })
    }

    pub(crate) fn entry(self: &Arc<Self>, name: &str) -> Entry {
        Candidate::new(name, Arc::new(Backend::new(self.clone())))
    }

    pub(crate) fn hits(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Upstream for Fake {
    async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let Some(answer) = self.answer else { return std::future::pending().await };
        let body = ResponseBody::full(answer);
        Ok(UpstreamResponse { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body })
    }
}

/// A request in the making.
#[derive(Clone)]
pub(crate) struct Ask {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Ask {
    /// With [`TOKEN`] and no body.
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self::stranger(method, target).token(TOKEN)
    }

    /// Without a token.
    pub(crate) fn stranger(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A chat with the model `m`.
    pub(crate) fn chat() -> Self {
        Self::new("POST", "/v1/chat/completions").json(CHAT)
    }

    /// A chat with the model `m` that wants a stream.
    pub(crate) fn stream() -> Self {
        Self::chat().json(r#"{"model": "m", "stream": true, "user": "canary-prompt"}"#)
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// In place of one of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.and_header(name, value)
    }

    /// Beside one of the same name.
    pub(crate) fn and_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn json(self, body: impl Into<Bytes>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// For a gateway without a socket.
    pub(crate) fn request(&self) -> Request<Full<Bytes>> {
        let request = Request::builder().method(&*self.method).uri(&*self.target).header("host", "gateway.test");
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.body(Full::new(self.body.clone())).unwrap()
    }

    pub(crate) fn bytes(&self) -> Bytes {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        request_bytes(&self.method, &self.target, &headers, &self.body)
    }
}

pub(crate) fn json(answer: &RawResponse) -> Value {
    serde_json::from_slice(&answer.body).expect("a JSON text")
}

pub(crate) fn status(answer: &RawResponse) -> u16 {
    answer.head.status().expect("a status")
}

/// The status and the error code of a refusal.
pub(crate) fn refusal(answer: &RawResponse) -> (u16, String) {
    (status(answer), json(answer)["error"]["code"].as_str().expect("a code").to_owned())
}

/// Who was tried, and what came of it.
pub(crate) fn attempts(story: &Arc<Exchange>) -> Vec<(&str, AttemptResult)> {
    story.attempts.iter().map(|attempt| (&*attempt.upstream, attempt.result)).collect()
}

/// Lets this much time pass at once.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
