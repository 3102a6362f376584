//! `outage`: the database goes away under load, and comes back.

use oar_bench::cli;
use oar_bench::outage::{Options, USAGE, run};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(USAGE, Options::parse, async |options| {
        let comparison = run(&options).await?;
        Ok((comparison.to_string(), comparison.holds()))
    })
    .await
}
