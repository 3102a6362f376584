//! The program as its user meets it: words in, lines and exit codes out, rows left behind.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "shared with the other suites, which use the rest")]
#[path = "../harness/program.rs"]
mod program;

mod alerts;
mod check;
mod database;
mod healthcheck;
mod list;

mod logs;
mod notify;
mod postgres;
mod replicate;
mod secrets;
mod serve;
