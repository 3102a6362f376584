use super::play::Play;
use super::prediction::{Asked, Prediction};
use super::running::Running;
use super::seen::Seen;
use super::{api, performer, problem, repertoire};
use crate::loopback::{self, LoopbackServer};
use crate::reply::Reply;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const BODY_CAP_BYTES: usize = 16 * 1024 * 1024;
/// How many predictions are kept; older ones are forgotten, as Replicate forgets them after an hour.
const PREDICTIONS_CAP: usize = 20_000;
/// How many requests are remembered; later ones are answered all the same.
const SEEN_CAP: usize = 100_000;
/// How long a stream stays open when nothing is said.
const IDLE: Duration = Duration::from_secs(30);
/// What an account that hardly does anything is told (<https://replicate.com/docs/topics/predictions/rate-limits>).
const RATE_LIMIT: [(HeaderName, HeaderValue); 2] = [
    (HeaderName::from_static("ratelimit-remaining"), HeaderValue::from_static("599")),
    (HeaderName::from_static("ratelimit-reset"), HeaderValue::from_static("1")),
];

/// A stand-in for Replicate's API: what its models play, and what was asked of it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use oar_testkit::{RawClient, request_bytes};
/// # use serde_json::Value;
/// # let headers = [("authorization", "Bearer r8_any"), ("prefer", "wait")];
/// use oar_testkit::replicate::Standin;
///
/// let standin = Standin::new().start().await?;
/// let body = br#"{"input": {"prompt": "Hello"}}"#;
/// let create = request_bytes("POST", "/v1/models/acme/echo/predictions", &headers, body);
/// let told: Value = serde_json::from_slice(&RawClient::exchange(standin.addr(), create).await?.body)?;
/// assert_eq!((&told["status"], &told["output"][0]), (&"succeeded".into(), &"Hello".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Standin {
    key: Option<String>,
    idle: Option<Duration>,
    play: Option<Play>,
    state: Mutex<State>,
    news: Arc<watch::Sender<()>>,
}

#[derive(Default)]
struct State {
    predictions: Vec<Arc<Prediction>>,
    created: u64,
    seen: Vec<Seen>,
    /// Plays the predictions; ends with the stand-in.
    performers: JoinSet<()>,
}

impl Standin {
    /// One whose models play by their names, and that takes any key.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// let standin = Standin::new().start().await?;
    /// let body = br#"{"input": {"prompt": "x"}}"#;
    /// let create = request_bytes("POST", "/v1/models/acme/error-429/predictions", &headers, body);
    /// assert_eq!(RawClient::exchange(standin.addr(), create).await?.head.status(), Some(429));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// One in which every model plays this.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Moment, Play, Standin}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let standin = Standin::playing(Play::saying(["Hi"])).start().await?;
    /// RawClient::exchange(standin.addr(), create).await?;
    /// standin.happened(Moment::Ended).await;
    /// assert_eq!(standin.predictions()[0]["status"], "succeeded");
    /// # Ok(())
    /// # }
    /// ```
    pub fn playing(play: Play) -> Self {
        Self { play: Some(play), ..Self::default() }
    }

    /// The same, but a request with another key is answered 401.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// let standin = Standin::new().requiring_key("r8_right").start().await?;
    /// for (key, status) in [("Bearer r8_right", 200), ("Bearer r8_wrong", 401)] {
    ///     let request = request_bytes("GET", "/v1/account", &[("authorization", key)], b"");
    ///     assert_eq!(RawClient::exchange(standin.addr(), request).await?.head.status(), Some(status));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn requiring_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// The same, but streams close after so long without an event, instead of 30 seconds.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Play, Standin}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// # use std::time::Duration;
    /// let standin = Standin::playing(Play::new([])).idling_after(Duration::from_millis(1)).start().await?;
    /// RawClient::exchange(standin.addr(), create).await?;
    /// let path = format!("/streams/{}", standin.predictions()[0]["id"].as_str().unwrap_or_default());
    /// let stream = RawClient::exchange(standin.addr(), request_bytes("GET", &path, &[], b"")).await?;
    /// assert!(stream.complete && stream.text().contains(":408: 408 Request Timeout"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn idling_after(self, idle: Duration) -> Self {
        Self { idle: Some(idle), ..self }
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
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # use std::sync::Arc;
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let addr = listener.local_addr()?;
    /// tokio::select! {
    ///     () = Arc::new(Standin::new()).serve(listener) => unreachable!("it serves for ever"),
    ///     answer = RawClient::exchange(addr, request_bytes("GET", "/v1/account", &headers, b"")) => {
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
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// let standin = Standin::new().start().await?;
    /// let answer = RawClient::exchange(standin.addr(), request_bytes("GET", "/v1/account", &headers, b"")).await?;
    /// assert_eq!(answer.head.status(), Some(200));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(self) -> io::Result<Running> {
        let standin = Arc::new(self);
        let own = standin.clone();
        let server = LoopbackServer::start(move |stream| own.clone().connection(stream)).await?;
        Ok(Running::new(server, standin))
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(|request| {
            let standin = self.clone();
            async move { Ok::<_, Infallible>(standin.handle(request).await) }
        });
        // How a client leaves is its own affair.
        let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    }

    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let mut reply = match Limited::new(body, BODY_CAP_BYTES).collect().await {
            Ok(body) => {
                let seen = Seen::new(head, body.to_bytes());
                self.remember(&seen);
                api::answer(self, &seen).await
            }
            Err(_) => problem::reply_of(StatusCode::PAYLOAD_TOO_LARGE),
        };
        reply.headers_mut().extend(RATE_LIMIT);
        reply
    }

    fn remember(&self, seen: &Seen) {
        let mut state = self.state();
        if state.seen.len() < SEEN_CAP {
            state.seen.push(seen.clone());
        }
        drop(state);
        self.news.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There must be a key, even where any will do.
    pub(super) fn admits(&self, seen: &Seen) -> bool {
        seen.token().is_some_and(|token| self.key.as_deref().is_none_or(|key| key == token))
    }

    pub(super) fn idle(&self) -> Duration {
        self.idle.unwrap_or(IDLE)
    }

    pub(super) fn play(&self, name: &str, input: &Value) -> Play {
        self.play.clone().unwrap_or_else(|| repertoire::play(name, input))
    }

    /// A new prediction, which begins at once.
    pub(super) fn perform(&self, asked: Asked, play: Play) -> Arc<Prediction> {
        let mut state = self.state();
        state.created += 1;
        // As long as Replicate's own, and the same in every run.
        let id = format!("standin{:019}", state.created);
        let prediction = Arc::new(Prediction::new(id, asked, play, self.news.clone()));
        while state.performers.try_join_next().is_some() {}
        state.performers.spawn(performer::perform(prediction.clone()));
        if state.predictions.len() == PREDICTIONS_CAP {
            state.predictions.remove(0);
        }
        state.predictions.push(prediction.clone());
        prediction
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// Changes whenever a request came, or something happened to a prediction.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    pub(super) fn predictions(&self) -> Vec<Arc<Prediction>> {
        self.state().predictions.clone()
    }

    pub(super) fn prediction(&self, id: &str) -> Option<Arc<Prediction>> {
        self.state().predictions.iter().find(|prediction| prediction.id == id).cloned()
    }

    pub(super) fn reports(&self) -> Vec<Value> {
        self.predictions().iter().map(|prediction| prediction.report()).collect()
    }
}
