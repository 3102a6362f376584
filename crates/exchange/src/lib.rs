//! The story of one finished request, and who hears it.
//!
//! The gateway tells each request's story exactly once, as an [`Exchange`], to every [`Observer`]: the metrics count it,
//! the record keeps it, the alerts read what went wrong. This crate holds the vocabulary they share and nothing else: no
//! clock, no IO, no runtime, no opinion about what is worth keeping.
//!
//! ```
//! use oar_exchange::{Exchange, Observer, Outcome, Request};
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU64, Ordering};
//! use std::time::SystemTime;
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
//!
//! // The gateway tells such stories; a test of an observer makes one.
//! let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
//! let exchange = Exchange { outcome: Outcome::AllFailed, ..Exchange::new("0190", SystemTime::UNIX_EPOCH, request) };
//! let unanswered = Unanswered::default();
//! unanswered.finished(&Arc::new(exchange));
//! assert_eq!(unanswered.0.into_inner(), 1);
//! ```

mod exchange;
mod observer;

mod attempt;
mod outcome;
mod transcript;

pub use attempt::{Attempt, AttemptResult, Phase};
pub use exchange::{Answer, Exchange, Request, Usage};
pub use observer::Observer;
pub use outcome::Outcome;
pub use transcript::{Transcript, Whole};
