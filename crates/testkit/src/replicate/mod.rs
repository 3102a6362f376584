//! A server that behaves like Replicate's HTTP API for language models: for its official clients, for demonstrations and for
//! tests, without a key and without cost.
//!
//! The API is at `/v1` (<https://replicate.com/docs/reference/http>): predictions by model, by version and by deployment, with
//! `Prefer: wait`; reading, listing and cancelling them; what clients ask about models, versions and the account. Streams
//! are at addresses of their own (`urls.stream`), with ids, `Last-Event-ID`, and a close after 30 seconds of silence
//! (<https://replicate.com/docs/topics/predictions/streaming>). Errors are those of RFC 7807.
//!
//! The model's name decides what it plays. Most words must stand alone, or between `-`, `_` and `.`:
//!
//! | name | what it plays |
//! | --- | --- |
//! | any other | the pieces of [`PIECES`], 5 ms apart, and succeeds |
//! | `echo`, also within a word | says the prompt to the letter, or the `messages` as JSON |
//! | `slow` | 200 pieces, ` 1` to ` 200`, 100 ms apart |
//! | `never` | stays `starting` |
//! | `fails`, `fails-midway` | fails with [`FAILURE`], at once or after two pieces |
//! | `aborted` | is aborted |
//! | `idle` | is silent after two pieces; its stream closes in between, after 300 ms, and can be opened again |
//! | `cut` | the stream's connection breaks after two pieces, once; the prediction goes on |
//! | `whole` | the output is one string, there at the end; there is no stream |
//! | `processing` | `Prefer: wait` is answered with the whole output and `processing`; it succeeds 300 ms later |
//! | `error-429`, any status | no prediction: the creation is answered with that status and a problem |
//!
//! Pieces are tokens: of a model that is given `max_tokens`, `max_new_tokens`, `max_completion_tokens` or `max_length` no
//! more than that come. The prompt has as many tokens as words.
//!
//! `GET /_predictions`, which needs no key, tells for each prediction `id`, `model`, `version`, `input`, `status`,
//! `created_ms` since 1970, and `events`: a list of `{"event", "ms"}`, counted from its creation, with `created`,
//! `first_piece`, `stream_opened`, `stream_left`, `cancelled` (somebody asked for it) and `ended`.
//!
//! Tests that want certainty have every model [play](Standin::playing) a [`Play`] of theirs, with gates instead of pauses:
//!
//! ```
//! use oar_testkit::replicate::{Moment, Play, Standin, Step};
//! use oar_testkit::{Gate, RawClient, request_bytes};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let gate = Gate::new();
//! let standin = Standin::playing(Play::new([Step::Until(gate.clone()), Step::Say("Hi".into()), Step::Succeed]));
//! let standin = standin.start().await?;
//!
//! let headers = [("authorization", "Bearer r8_any")];
//! let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input": {"prompt": "Hello"}}"#);
//! let created = RawClient::exchange(standin.addr(), create).await.expect("an answer");
//! assert_eq!(created.head.status(), Some(201));
//! assert_eq!(standin.predictions()[0]["status"], "starting");
//!
//! gate.open();
//! standin.happened(Moment::Ended).await;
//! assert_eq!(standin.predictions()[0]["status"], "succeeded");
//! # Ok(())
//! # }
//! ```
//!
//! It is no model of Replicate's limits, deadlines, validation, billing, files, webhooks or trainings.

#![allow(clippy::indexing_slicing, reason = "indexing a `serde_json::Value` yields null for what is absent")]

mod play;
mod repertoire;

mod clock;
mod performer;
mod prediction;
mod stage;

mod api;
mod contract;
mod models;
mod problem;
mod running;
mod seen;
mod server;
mod stream;
mod wait;

pub use play::{Play, Step};
pub use repertoire::{FAILURE, PIECES};
pub use running::Running;
pub use seen::Seen;
pub use server::Standin;
pub use stage::Moment;
