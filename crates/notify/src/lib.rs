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

mod alert;
mod payload;
mod policy;
mod text;
mod trouble;

mod alerts;
mod book;
mod counts;
mod desk;
mod grouping;
mod quota;
mod standing;
mod worker;

mod channels;
mod notifier;

#[cfg(test)]
mod testing;

pub use alert::{Alert, Event, Failure, Kind, Recovery, Summary, Times, Tried};
pub use alerts::Alerts;
pub use channels::{Feishu, Http, Matrix, SetupError, Webhook, feishu};
pub use counts::ChannelCounts;
pub use notifier::{Notifier, NotifyError, Said};
pub use policy::{Ending, Language, Policy};
pub use trouble::{Condition, Reason, Subject, Trouble};
pub use worker::Worker;
