//! What the program weighs: memory stays within its bound, whatever clients and upstreams do.
//!
//! The bound is the sixth promise: resident memory is at most 64 MiB, and 1.3 times what request bodies may hold, and
//! 64 KiB for each open stream. An idle program takes less than 16 MiB of the 64 when it is built to be used, but more
//! when it is built to be tested. So a [`Scale`](scale::Scale) weighs what comes on top of the idle program, and 48 MiB
//! are left for that.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the figures are worth reading, with --nocapture")]

#[allow(dead_code, reason = "shared with the other suites, which use the rest")]
#[path = "../harness/program.rs"]
mod program;
mod scale;

mod answers;
mod bodies;
mod crowd;
mod scarce;
