//! `soak`: a mixed load with faults at the built gateway, and an account of every request.

use oar_bench::cli;
use oar_bench::soak::{Options, run};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(async |options: Options| {
        let account = run(&options).await?;
        Ok((account.to_string(), account.balances()))
    })
    .await
}
