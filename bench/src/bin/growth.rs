//! `growth`: how the cost of a request grows with upstreams, tokens, bytes and connections.

use oar_bench::compare::growth::{Options, run};
use oar_bench::compare::main as play;
use std::process::ExitCode;

fn main() -> ExitCode {
    play(async |options: Options| run(&options).await)
}
