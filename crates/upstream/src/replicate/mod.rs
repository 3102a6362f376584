//! Replicate's language models behind OpenAI's chat and text completions.
//!
//! `POST /v1/chat/completions` and `/v1/completions` become a prediction, and the prediction becomes the answer, plain or
//! streaming. What a prediction cannot express (tools, images, several choices) is a 400 that names the field; nothing is
//! dropped in silence. Predictions cost money: one that nobody waits for any more is cancelled, and so is one whose
//! answer cannot be read, as long as enough of it came to tell how.
//!
//! Tokens are counted by Replicate, at a prediction's end. An answer that a stop sequence cuts before that has no counts,
//! and a stream of such an answer no chunk with the usage, even when it was asked for.
//!
//! The wire format is that of <https://replicate.com/docs/reference/http>; streams are described at
//! <https://replicate.com/docs/topics/predictions/streaming>.
//!
//! This module refuses to time out, to repeat a creation, and to talk to any host that its settings do not name,
//! whatever addresses a prediction contains.
//!
//! ```
//! use oar_upstream::{Upstream, replicate::{Replicate, Settings}};
//! use std::time::Duration;
//!
//! let settings = Settings { sk: "r8_example".into(), ..Settings::default() };
//! let upstream = Replicate::new(settings, Duration::from_secs(5))?;
//! assert_eq!(upstream.describe().endpoint, "https://api.replicate.com/v1");
//! # Ok::<(), oar_upstream::replicate::SettingsError>(())
//! ```

mod adapter;
mod settings;

// What was asked: pure.
mod ask;
mod conversation;
mod family;
mod fields;
mod prompt;

// Talking to Replicate.
mod account;
mod clues;
mod fault;
mod links;
mod poll;
mod prediction;
mod problem;
mod running;

// What is answered.
mod answer;
mod live;
mod refusal;
mod sse;
mod stops;

pub use adapter::Replicate;
pub use settings::{DEFAULT_ENDPOINT, DEFAULT_STREAM_HOSTS, Settings, SettingsError};
