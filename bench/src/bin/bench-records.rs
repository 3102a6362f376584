//! `bench-records`: what keeping records costs.

use oar_bench::cli;
use oar_bench::records::{Options, Part, costs, rates, searches};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(async |options: Options| {
        for part in &options.parts {
            match part {
                Part::Rate => rates(&options).await?,
                Part::Cost => costs(&options).await?,
                Part::Search => searches(&options).await?,
            }
        }
        Ok((String::new(), true))
    })
    .await
}
