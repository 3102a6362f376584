//! `records`, as its user meets it: words in, text and exit codes out, while a gateway writes or none does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "shared with the other suites, which use the rest")]
#[path = "../harness/program.rs"]
mod program;

mod book;

mod export;
mod list;
mod prune;
mod show;
mod source;
mod stats;
mod tail;
mod true_rows;
