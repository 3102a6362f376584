//! Tells people when an upstream fails, and when it works again: exchange → alert → chat.
//!
//! [`Alerts`] listens to finished exchanges, decides which are worth a message, holds back what repeats, and queues the
//! rest; its [`Worker`] delivers to every [`Notifier`]: [`Feishu`], [`Matrix`], [`Webhook`], or your own (as in
//! `examples/file.rs`). A [`Policy`] says how often, of what, and in which language. How messages read is in
//! `tests/transcripts/`.
//!
//! What may reach a chat: the upstream's name, what came of each attempt, the model's name, the request's id. Never a
//! prompt, a key, a token or a body; and nothing that a client wrote can ping a room.
//!
//! This crate refuses to delay a request, to grow without a bound, to tell people about callers' mistakes, and to
//! insist: a message that cannot be delivered in a few tries is counted and forgotten.
//!
//! ```
//! use async_trait::async_trait;
//! use oar_notify::{Alert, Alerts, Notifier, NotifyError, Policy};
//! use std::sync::Arc;
//!
//! /// Writes alerts to the log.
//! struct Log;
//!
//! #[async_trait]
//! impl Notifier for Log {
//!     fn name(&self) -> &str {
//!         "log"
//!     }
//!
//!     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
//!         tracing::info!(text = %alert.text(), "alert");
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let (alerts, worker) = Alerts::start(vec![Arc::new(Log)], "gateway-1", Policy::default());
//! // `alerts` joins the observers; `worker.run()` goes to the tracker that shutdown waits for.
//! alerts.close();
//! worker.run().await;
//! # }
//! ```

// What of a request people should hear, and when.
mod alerts;
mod book;
mod desk;
mod grouping;
mod policy;
mod quota;
mod standing;
mod trouble;

// What a message says.
mod alert;
mod event;
mod payload;
mod text;

// How it reaches people.
mod channels;
mod counts;
mod notifier;
mod worker;

#[cfg(test)]
mod testing;

pub use alert::{Alert, Kind};
pub use alerts::Alerts;
pub use channels::{Feishu, Http, Matrix, SetupError, Webhook, feishu};
pub use counts::ChannelCounts;
pub use event::{Event, Failure, Recovery, Summary, Times, Tried};
pub use notifier::{Notifier, NotifyError, Said};
pub use policy::{Ending, Language, Policy};
pub use trouble::{Condition, Reason, Subject, Trouble};
pub use worker::Worker;
