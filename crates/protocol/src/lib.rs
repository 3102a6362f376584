//! The little of OpenAI's HTTP API that a gateway must understand, and no more.
//!
//! A gateway passes bytes through. Before it does, it makes sure that a request's head can be read in one way only
//! ([`unambiguous()`]). What it must know to route a request are its [`Facts`] (model, stream), the suffix of its
//! [`ApiPath`], and which [`headers`] concern only one connection; what it must know to tell the story afterwards is the
//! [`usage`] in an answer and the events of a stream ([`sse`]). When the gateway itself answers, it speaks in
//! [`ErrorBody`]s, as OpenAI does.
//!
//! This crate refuses to model the API: there is no type for a chat completion, so what a provider adds tomorrow passes
//! today. It does no IO, reads no clock and needs no runtime.
//!
//! ```
//! use oar_protocol::{ApiPath, Facts};
//!
//! let path = ApiPath::parse("/v1/chat/completions")?;
//! assert_eq!(path.suffix(), "/chat/completions");
//!
//! let body = br#"{"model": "gpt-4o", "stream": true, "messages": []}"#;
//! let facts = Facts::read(Some("application/json"), body)?;
//! assert_eq!((facts.model.as_deref(), facts.stream), (Some("gpt-4o"), true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod trusted_proxies;
mod unambiguous;

pub mod headers;

mod path;

mod facts;
mod json;
mod members;
mod multipart;
mod outline;
mod parameters;
mod scan;
mod url_encoded;

pub mod sse;

mod align;
mod stream_end;
mod stream_text;

pub mod usage;

mod error_answer;
mod error_body;
mod html_text;
mod models;

pub use align::{Aligner, HELD_CAP_BYTES};
pub use error_answer::is_error_answer;
pub use error_body::{ErrorBody, ErrorKind};
pub use facts::{Facts, FactsError, Form, MODEL_CAP_BYTES};
pub use html_text::html_text;
pub use models::{Model, ModelList};
pub use outline::Outline;
pub use path::{ApiPath, PathError, decode_segment};
pub use stream_end::StreamEnd;
pub use stream_text::StreamText;
pub use trusted_proxies::TrustedProxies;
pub use unambiguous::{Ambiguity, unambiguous};
pub use url_encoded::query_model;
