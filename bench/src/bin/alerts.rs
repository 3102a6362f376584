//! `alerts`: a flood of failures, and what the alerts about it cost.

use oar_bench::alerts::{Options, run};
use oar_bench::cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(async |options: Options| {
        let comparison = run(&options).await?;
        Ok((comparison.to_string(), comparison.holds()))
    })
    .await
}
