//! `bench`: what a request costs, beside no proxy at all, nginx and Go's reverse proxy.

use oar_bench::compare::{Options, main as play, run, told};
use std::process::ExitCode;

fn main() -> ExitCode {
    play(async |options: Options| told(&run(&options).await?, &options))
}
