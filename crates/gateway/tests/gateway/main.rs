//! What the request path does, seen from both of its ends: real connections, scripted upstreams, and the story told.
//!
//! The modules stand in the order in which a request meets the stages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod house;

mod authenticate;
mod injection;
mod keys;
mod read;
mod unambiguous;

mod attempt;
mod connect;
mod heartbeat;
mod hold;
mod patience;
mod policy;
mod stale;
mod terminal;

mod error_answers;
mod oddities;

mod broken;
mod endless;
mod long;
mod panics;
mod relay;
mod stream;
mod tunnel;

mod models;

mod apart;
mod cors;
mod drain_after;
mod kept;
mod reject;
mod secrecy;
mod small;
mod story;
