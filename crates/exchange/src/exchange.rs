use crate::attempt::{Attempt, AttemptResult};
use crate::outcome::Outcome;
use crate::transcript::Transcript;
use bytes::Bytes;
use http::{HeaderMap, Method};
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// One finished request: what was asked, which upstreams were tried, what the client got, and how it ended.
///
/// All durations are measured from the moment the request's head was read, on a monotonic clock. `Debug` shows of bodies
/// only how long they are.
///
/// ```
/// use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Outcome, Request, Usage};
/// use std::time::{Duration, SystemTime};
///
/// // As a test of an observer makes one.
/// let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
/// let exchange = Exchange {
///     attempts: vec![Attempt::new("primary", "https://api.example.com/v1", AttemptResult::Ok)],
///     answer: Answer { status: 200, bytes: 512, ..Answer::default() },
///     outcome: Outcome::Ok,
///     usage: Some(Usage { prompt: Some(12), completion: Some(30) }),
///     elapsed: Duration::from_millis(840),
///     ..Exchange::new("0190f5fe-7c00-7a00-8000-000000000000", SystemTime::UNIX_EPOCH, request)
/// };
/// assert_eq!(exchange.served_by().map(|attempt| &*attempt.upstream), Some("primary"));
/// ```
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Unique among all exchanges of all gateways: a UUIDv7 made by the gateway.
    pub id: String,
    /// What the client was told in `x-request-id`: its own, when it sent a sane one, else the same as `id`.
    pub request_id: String,
    /// Wall-clock time at which the request's head was read.
    pub started_at: SystemTime,
    /// What the client asked.
    pub request: Request,
    /// The label of the token that the client was let in with (a fingerprint unless the operator chose otherwise), or
    /// `None` for anonymous callers.
    pub caller: Option<String>,
    /// The tries, in order. Empty when the request was refused, or answered by the gateway itself.
    pub attempts: Vec<Attempt>,
    /// What the client got.
    pub answer: Answer,
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence for the operator when something went wrong, or when the answer of a success is odd: empty, an error
    /// object, a page for people. Holds no secret and no body text.
    pub error: Option<String>,
    /// Tokens, when the answer told them.
    pub usage: Option<Usage>,
    /// From the request's head to the end of the exchange.
    pub elapsed: Duration,
}

impl Exchange {
    /// A story that has only begun: nobody was asked and nothing was sent, as when the client leaves at once. The rest is
    /// for whoever tells it, or tests with it, to fill in.
    ///
    /// ```
    /// # use oar_exchange::{Exchange, Outcome, Request};
    /// # use std::time::SystemTime;
    /// let request = Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// let exchange = Exchange::new("0190", SystemTime::UNIX_EPOCH, request);
    /// assert_eq!((exchange.outcome, exchange.request_id.as_str()), (Outcome::ClientClosed, "0190"));
    /// ```
    pub fn new(id: impl Into<String>, started_at: SystemTime, request: Request) -> Self {
        let id = id.into();
        Self {
            request_id: id.clone(),
            id,
            started_at,
            request,
            caller: None,
            attempts: Vec::new(),
            answer: Answer::default(),
            outcome: Outcome::ClientClosed,
            error: None,
            usage: None,
            elapsed: Duration::ZERO,
        }
    }

    /// The attempt that gave the client a success, even one that broke off. `None` when the client got an upstream's own
    /// error answer ([`Outcome::UpstreamError`]), or nothing from any of them.
    ///
    /// ```
    /// # use oar_exchange::{Attempt, AttemptResult, Exchange, Request};
    /// # let request = Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let mut exchange = Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request);
    /// exchange.attempts.push(Attempt::new("busy", "https://busy.example.com/v1", AttemptResult::Status));
    /// assert!(exchange.served_by().is_none());
    /// exchange.attempts.push(Attempt::new("spare", "https://spare.example.com/v1", AttemptResult::Ok));
    /// assert_eq!(exchange.served_by().map(|attempt| &*attempt.upstream), Some("spare"));
    /// ```
    pub fn served_by(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|last| last.result == AttemptResult::Ok)
    }
}

/// What the client asked.
///
/// ```
/// # use oar_exchange::Request;
/// let request = Request {
///     model: Some("gpt-4o".into()),
///     stream: true,
///     body: r#"{"model": "gpt-4o", "stream": true}"#.into(),
///     bytes: 35,
///     ..Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1])
/// };
/// assert_eq!(request.body.len() as u64, request.bytes, "all of it is kept");
/// ```
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path without the query, which may carry what should not be kept.
    pub path: String,
    /// The address of the client: of the other end of the connection, or what a trusted proxy there says.
    pub peer: IpAddr,
    /// The client's headers without credentials and cookies; of those, where nobody keeps any, the ones that tell what the
    /// body is.
    pub headers: HeaderMap,
    /// The body as far as it is kept, if it is one JSON text: a long one shared, unless it is longer than what is kept. Of a
    /// form, an outline: its fields and what its files are, never the files.
    pub body: Bytes,
    /// How many bytes of body the client sent, kept or not.
    pub bytes: u64,
    /// The model asked for, from the body; `None` when the body names none.
    pub model: Option<String>,
    /// Whether the body asked for a stream.
    pub stream: bool,
}

impl Request {
    /// A request without headers and body.
    ///
    /// ```
    /// # use oar_exchange::Request;
    /// use std::net::Ipv4Addr;
    ///
    /// let request = Request::new(http::Method::GET, "/v1/models", Ipv4Addr::LOCALHOST);
    /// assert!(request.peer.is_loopback() && request.body.is_empty());
    /// ```
    pub fn new(method: Method, path: impl Into<String>, peer: impl Into<IpAddr>) -> Self {
        Self {
            method,
            path: path.into(),
            peer: peer.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            bytes: 0,
            model: None,
            stream: false,
        }
    }
}

impl fmt::Debug for Request {
    /// Shows how much of the body is kept, and nothing of it: it is somebody's prompt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("peer", &self.peer)
            .field("headers", &self.headers)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("bytes", &self.bytes)
            .field("model", &self.model)
            .field("stream", &self.stream)
            .finish()
    }
}

/// What the client got.
///
/// ```
/// # use oar_exchange::Answer;
/// let cut_short = Answer { status: 200, bytes: 1024, ..Answer::default() };
/// assert!(cut_short.body.is_empty(), "what was sent need not be kept");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status sent to the client; 499 when it left before any was sent.
    pub status: u16,
    /// The `content-type` of the answer.
    pub content_type: Option<String>,
    /// A bounded copy of the body, of a stream the text that it carried; empty when it is no text, or not kept.
    pub body: Transcript,
    /// Body bytes handed to the client's connection.
    pub bytes: u64,
    /// When the head of the answer was ready to be sent.
    pub head_after: Option<Duration>,
    /// When the first body byte was handed to the client's connection.
    pub first_byte_after: Option<Duration>,
}

/// Tokens as the upstream counted them.
///
/// ```
/// # use oar_exchange::Usage;
/// let embedding = Usage { prompt: Some(8), ..Usage::default() };
/// assert_eq!(embedding.completion, None, "no upstream counted any");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt: Option<u64>,
    /// Tokens of the completion.
    pub completion: Option<u64>,
}
