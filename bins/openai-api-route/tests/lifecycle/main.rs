//! The program's life under pressure: signals, one after the other, and too few open files.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "shared with the other suites, which use the rest")]
#[path = "../harness/program.rs"]
mod program;

mod files;
mod health;
mod listen;
mod reload;
mod signals;
