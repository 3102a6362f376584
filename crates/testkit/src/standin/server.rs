use super::call::Call;
use super::files::Files;
use super::hits::Hits;
use super::{Mode, problem, realtime, router};
use crate::loopback::{self, LoopbackServer};
use crate::reply::{self, Reply};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};

const BODY_CAP_BYTES: usize = 64 * 1024 * 1024;

/// A stand-in for OpenAI's API: how it behaves, and what it has seen and been given to keep.
///
/// ```
/// use oar_testkit::standin::{Mode, Standin};
/// use oar_testkit::{RawClient, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let standin = Standin::new(Mode::Answer).requiring_key("sk-right").start().await?;
/// let headers = [("authorization", "Bearer sk-right"), ("content-type", "application/json")];
/// let body = br#"{"model": "m", "messages": [{"role": "user", "content": "hello"}]}"#;
/// let request = request_bytes("POST", "/v1/chat/completions", &headers, body);
/// let answer = RawClient::exchange(standin.addr(), request).await?;
/// assert!(answer.text().contains("The stand-in heard: hello"));
/// assert_eq!(standin.hits("/v1/chat/completions"), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Standin {
    mode: Mode,
    key: Option<String>,
    hits: Hits,
    files: Files,
    calls: AtomicU64,
}

/// Where a connection leaves what follows an upgrade, for when it is done with HTTP.
type Upgraded = Mutex<Option<OnUpgrade>>;

impl Standin {
    /// One that behaves like that and takes any key.
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// The same, but a request without this key is answered 401.
    #[must_use]
    pub fn requiring_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// How often a path was asked, e.g. `/v1/chat/completions`.
    pub fn hits(&self, path: &str) -> u64 {
        self.hits.of(path)
    }

    /// Serves HTTP/1.1 and HTTP/2 for as long as the future is kept.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and every connection.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loopback::serve_each(listener, |stream| self.clone().connection(stream)).await;
    }

    /// Serves on a free loopback port of the current runtime.
    ///
    /// # Errors
    ///
    /// No loopback port could be had.
    pub async fn start(self) -> io::Result<Running> {
        let standin = Arc::new(self);
        let own = standin.clone();
        let server = LoopbackServer::start(move |stream| own.clone().connection(stream)).await?;
        Ok(Running { server, standin })
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let upgraded = Arc::new(Upgraded::default());
        let service = service_fn(|request| {
            let (standin, upgraded) = (self.clone(), upgraded.clone());
            async move { Ok::<_, Infallible>(standin.handle(request, &upgraded).await) }
        });
        let server = auto::Builder::new(TokioExecutor::new());
        // How a client leaves is its own affair.
        let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
        let upgrade = upgraded.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(upgrade) = upgrade
            && let Ok(socket) = upgrade.await
        {
            let _ = realtime::echo(TokioIo::new(socket)).await;
        }
    }

    async fn handle(&self, request: Request<Incoming>, upgraded: &Upgraded) -> Reply {
        let serial = self.calls.fetch_add(1, Ordering::Relaxed);
        let mut reply = self.counted(request, upgraded, serial).await;
        reply.headers_mut().extend(
            HeaderValue::from_str(&format!("req_{serial:06}"))
                .map(|id| (http::HeaderName::from_static("x-request-id"), id)),
        );
        reply
    }

    async fn counted(&self, mut request: Request<Incoming>, upgraded: &Upgraded, serial: u64) -> Reply {
        let path = request.uri().path();
        if path == "/_hits" {
            return reply::json(&self.hits.json());
        }
        self.hits.count(path);
        if !self.admits(request.headers()) {
            return problem::wrong_key();
        }
        if path == "/v1/realtime" && self.mode == Mode::Answer {
            let (reply, upgrade) = realtime::accept(&mut request);
            *upgraded.lock().unwrap_or_else(PoisonError::into_inner) = upgrade;
            return reply;
        }
        let (head, body) = request.into_parts();
        match Limited::new(body, BODY_CAP_BYTES).collect().await {
            Ok(body) => self.answer(&Call::new(head, &body.to_bytes(), serial)).await,
            Err(_) => problem::too_large(),
        }
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let presented = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = presented.and_then(|presented| presented.strip_prefix("Bearer "));
        self.key.is_none() || self.key.as_deref() == token
    }

    async fn answer(&self, call: &Call) -> Reply {
        match self.mode.for_model(call.model()) {
            Mode::Answer => router::answer(call, &self.files),
            Mode::Hang => pending().await,
            Mode::Status(status) => problem::of_status(status),
            Mode::Cut => reply::cut(router::answer(call, &self.files)).await,
        }
    }
}

/// A stand-in that is serving; dropping it closes its port and every connection.
pub struct Running {
    server: LoopbackServer,
    standin: Arc<Standin>,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// `http://127.0.0.1:PORT/v1`, as a configured endpoint would be.
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// How often a path was asked, e.g. `/v1/chat/completions`.
    pub fn hits(&self, path: &str) -> u64 {
        self.standin.hits(path)
    }
}
