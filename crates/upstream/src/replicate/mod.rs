//! Replicate's language models behind OpenAI's chat and text completions.
//!
//! `POST /v1/chat/completions` and `/v1/completions` become a prediction, and the prediction becomes the answer, plain or
//! streaming. What a prediction cannot express (tools, images, several choices) is a 400 that names the field; nothing is
//! dropped in silence. Predictions cost money: one that nobody waits for any more is cancelled, and so is one whose
//! answer cannot be read, as long as enough of it came to tell how.
//!
//! How a conversation is written and what a model's inputs are called, the model's name tells: Mistral, Mixtral, Llama 2,
//! Llama 3 and OpenAI's models on Replicate are known, all others are asked as most of Replicate's models are. What a name
//! does not tell, [`Settings::models`] does. Values stay as they are, `temperature: 0` included, which some models refuse.
//!
//! Replicate closes a stream that was silent for 30 s. It is opened again behind the last event, and whatever is repeated
//! is not said twice; where nobody could tell, the prediction itself is read for the rest.
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
mod models;
mod settings;

// What was asked: pure.
mod ask;
mod conversation;
mod family;
mod fields;
mod input;
mod prompt;

// Talking to Replicate.
mod account;
mod clues;
mod links;
mod prediction;
mod problem;
mod running;

// What is answered.
mod answer;
mod live;
mod refusal;
mod sse;
mod stops;
mod trail;

pub use adapter::Replicate;
pub use models::{InputName, InputNames, Model, ModelError, PromptStyle};
pub use settings::{DEFAULT_ENDPOINT, DEFAULT_STREAM_HOSTS, Settings, SettingsError};
