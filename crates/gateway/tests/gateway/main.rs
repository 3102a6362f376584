//! What the request path does, seen from both of its ends: real connections, scripted upstreams, and the story told.
//!
//! The modules stand in the order in which a request meets the stages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod house;

mod authenticate;
mod keys;
mod read;
mod unambiguous;

mod attempt;
mod hold;
mod patience;
mod policy;
mod terminal;

mod broken;
mod panics;
mod relay;
mod stream;
mod tunnel;

mod models;

mod cors;
mod reject;
mod story;
