//! `alerts`: a flood of failures, and what the alerts about it cost.

use oar_bench::alerts::{Options, USAGE, run};
use oar_bench::cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(USAGE, Options::parse, async |options| {
        let comparison = run(&options).await?;
        Ok((comparison.to_string(), comparison.holds()))
    })
    .await
}
