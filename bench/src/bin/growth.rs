//! `growth`: how the cost of a request grows with upstreams, tokens, bytes and connections.

use oar_bench::compare::growth::{Options, USAGE, run};
use oar_bench::compare::main as play;
use std::process::ExitCode;

fn main() -> ExitCode {
    play(USAGE, Options::parse, async |options| run(&options).await)
}
