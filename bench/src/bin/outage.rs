//! `outage`: the database goes away under load, and comes back.

use oar_bench::cli;
use oar_bench::outage::{Options, run};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(async |options: Options| {
        let comparison = run(&options).await?;
        Ok((comparison.to_string(), comparison.holds()))
    })
    .await
}
