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
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, request_bytes, standin::{Mode, Standin}};
    /// let standin = Standin::new(Mode::Status(http::StatusCode::SERVICE_UNAVAILABLE)).start().await?;
    /// let answer = RawClient::exchange(standin.addr(), request_bytes("GET", "/v1/models", &[], b"")).await?;
    /// assert_eq!(answer.head.status(), Some(503));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// The same, but a request without this key is answered 401.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, request_bytes, standin::{Mode, Standin}};
    /// let standin = Standin::new(Mode::Answer).requiring_key("sk-right").start().await?;
    /// for (key, status) in [("Bearer sk-right", 200), ("Bearer sk-wrong", 401)] {
    ///     let request = request_bytes("GET", "/v1/models", &[("authorization", key)], b"");
    ///     assert_eq!(RawClient::exchange(standin.addr(), request).await?.head.status(), Some(status));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn requiring_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// How often a path was asked, e.g. `/v1/chat/completions`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, request_bytes, standin::{Mode, Standin}};
    /// # use std::sync::Arc;
    /// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let addr = listener.local_addr()?;
    /// let standin = Arc::new(Standin::new(Mode::Answer));
    /// tokio::select! {
    ///     () = standin.clone().serve(listener) => unreachable!("it serves for ever"),
    ///     answer = RawClient::exchange(addr, request_bytes("GET", "/v1/models", &[], b"")) => drop(answer?),
    /// }
    /// assert_eq!(standin.hits("/v1/models"), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn hits(&self, path: &str) -> u64 {
        self.hits.of(path)
    }

    /// Serves HTTP/1.1 and HTTP/2 for as long as the future is kept.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener and every connection.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, request_bytes, standin::{Mode, Standin}};
    /// # use std::sync::Arc;
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let addr = listener.local_addr()?;
    /// tokio::select! {
    ///     () = Arc::new(Standin::new(Mode::Answer)).serve(listener) => unreachable!("it serves for ever"),
    ///     answer = RawClient::exchange(addr, request_bytes("GET", "/v1/models", &[], b"")) => {
    ///         assert_eq!(answer?.head.status(), Some(200));
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loopback::serve_each(listener, |stream| self.clone().connection(stream)).await;
    }

    /// Serves on a free loopback port of the current runtime.
    ///
    /// # Errors
    ///
    /// No loopback port could be had.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, request_bytes, standin::{Mode, Standin}};
    /// let standin = Standin::new(Mode::Answer).start().await?;
    /// let request = request_bytes("POST", "/v1/embeddings", &[], br#"{"model": "m", "input": "hello"}"#);
    /// let answer = RawClient::exchange(standin.addr(), request).await?;
    /// let answer: serde_json::Value = serde_json::from_slice(&answer.body)?;
    /// assert_eq!(answer["data"][0]["object"], "embedding");
    /// # Ok(())
    /// # }
    /// ```
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
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use oar_testkit::standin::{Mode, Standin};
/// # use oar_app::upstream::{Upstream, UpstreamRequest, openai::{OpenAi, Settings, Transport}};
/// # let transport = Transport::new(std::time::Duration::from_secs(5));
///
/// let standin = Standin::new(Mode::Answer).start().await?;
/// let settings = Settings { endpoint: standin.endpoint(), sk: "sk-any".into(), ..Settings::default() };
/// let upstream = OpenAi::new(&settings, transport)?;
/// let request = UpstreamRequest::new(http::Method::GET, "/models");
/// assert_eq!((upstream.send(&request).await?.status.as_u16(), standin.hits("/v1/models")), (200, 1));
/// # Ok(())
/// # }
/// ```
pub struct Running {
    server: LoopbackServer,
    standin: Arc<Standin>,
}

impl Running {
    /// Where it listens.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, request_bytes, standin::{Mode, Standin}};
    /// let standin = Standin::new(Mode::Answer).start().await?;
    /// assert!(standin.addr().ip().is_loopback());
    /// let answer = RawClient::exchange(standin.addr(), request_bytes("GET", "/_hits", &[], b"")).await?;
    /// assert_eq!(answer.text(), "{}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// `http://127.0.0.1:PORT/v1`, as a configured endpoint would be.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::standin::{Mode, Standin};
    /// let standin = Standin::new(Mode::Answer).start().await?;
    /// assert_eq!(standin.endpoint(), format!("http://{}/v1", standin.addr()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// How often a path was asked, e.g. `/v1/chat/completions`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, request_bytes, standin::{Mode, Standin}};
    /// let standin = Standin::new(Mode::Answer).start().await?;
    /// RawClient::exchange(standin.addr(), request_bytes("GET", "/v1/models?x=1", &[], b"")).await?;
    /// assert_eq!((standin.hits("/v1/models"), standin.hits("/v1/files")), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn hits(&self, path: &str) -> u64 {
        self.standin.hits(path)
    }
}
