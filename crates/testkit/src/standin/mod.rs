//! A server that answers like OpenAI's API, out of its head: for real clients, for demonstrations, without a key.
//!
//! What it knows: chat completions (plain, streamed, with tools, with a JSON schema), completions, embeddings, audio
//! both ways, images, files, models, responses and a realtime WebSocket that echoes. The shapes are those of OpenAI's API
//! reference (<https://platform.openai.com/docs/api-reference>); the content is made up, and always the same for the
//! same request.
//!
//! A model named `error-429` is answered with that status and an error object, any other status likewise; `error-hang`
//! is never answered; `error-cut` is answered with a body that breaks off. `GET /_hits` tells how often each path was
//! asked.
//!
//! It is no model of OpenAI's limits, validation or billing, and keeps nothing on disk.

#![allow(clippy::indexing_slicing, reason = "indexing a `serde_json::Value` yields null for what is absent")]

mod call;
mod multipart;
mod sample;
pub(crate) mod text;

mod audio;
mod chat;
mod completions;
mod embeddings;
mod files;
mod images;
mod models;
mod problem;
mod realtime;
mod responses;

mod hits;
mod mode;
mod router;
mod server;

pub use mode::{Mode, UnknownMode};
pub use server::{Running, Standin};
