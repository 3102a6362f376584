//! The service as a whole: a configuration goes in, requests come over real sockets, rows and counters come out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod payload;
mod service;

mod flood;
mod front;
mod kept;
mod layers;
mod leaving;
mod notifier;
mod odd;
mod paths;
mod patience;
mod records;
mod refused;
mod reload;
mod retention;
mod secrecy;
mod serve;
mod stop;
mod store;
mod threads;
mod unambiguous;

mod backends;
