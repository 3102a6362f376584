//! The story of one finished request, and who hears it.
//!
//! The gateway tells each request's story exactly once, as an [`Exchange`], to every [`Observer`]: the metrics count it,
//! the record keeps it, the alerts read what went wrong. This crate holds the vocabulary they share and nothing else: no
//! clock, no IO, no runtime, no opinion about what is worth keeping.
//!
//! ```
//! use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
//! use oar_exchange::{Exchange, Observer, Outcome};
//!
//! /// Counts the requests that no upstream could answer.
//! #[derive(Default)]
//! struct Unanswered(AtomicU64);
//!
//! impl Observer for Unanswered {
//!     fn finished(&self, exchange: &Arc<Exchange>) {
//!         if exchange.outcome == Outcome::AllFailed {
//!             self.0.fetch_add(1, Ordering::Relaxed);
//!         }
//!     }
//! }
//! ```

mod attempt;
mod outcome;
mod transcript;

pub use attempt::{Attempt, AttemptResult, Phase};
pub use outcome::Outcome;
pub use transcript::{Transcript, Whole};

use bytes::Bytes;
use http::{HeaderMap, Method};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Who hears about requests.
///
/// Called on the request path, from whichever task the request ended on: hand the story over and return.
pub trait Observer: Send + Sync + 'static {
    /// Called exactly once per request, whichever way it ended. Must not block, cannot fail.
    fn finished(&self, exchange: &Arc<Exchange>);

    /// Called once when a request was accepted, before anything is known of it. Each call is followed by exactly one
    /// [`finished`](Self::finished).
    fn started(&self) {}
}

/// One finished request: what was asked, which upstreams were tried, what the client got, and how it ended.
///
/// All durations are measured from the moment the request's head was read, on a monotonic clock.
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
    /// The attempt whose answer the client received, if any upstream's was.
    pub fn served_by(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|last| last.result == AttemptResult::Ok)
    }
}

/// What the client asked.
#[derive(Clone, Debug)]
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
    /// The body as far as it is kept, if it is one JSON text; shared, unless it is longer than what is kept. Of a form, an
    /// outline: its fields and what its files are, never the files.
    pub body: Bytes,
    /// How many bytes of body the client sent, kept or not.
    pub bytes: u64,
    /// The model asked for, from the body; `None` when the body names none.
    pub model: Option<String>,
    /// Whether the body asked for a stream.
    pub stream: bool,
}

/// What the client got.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt: Option<u64>,
    /// Tokens of the completion.
    pub completion: Option<u64>,
}
