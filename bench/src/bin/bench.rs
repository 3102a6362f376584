//! `bench`: what a request costs, beside no proxy at all, nginx and Go's reverse proxy.

use oar_bench::compare::{Options, USAGE, main as play, run, told};
use std::process::ExitCode;

fn main() -> ExitCode {
    play(USAGE, Options::parse, async |options| told(&run(&options).await?, &options))
}
