//! `kills`: the gateway is killed at random moments under load.

use oar_bench::cli;
use oar_bench::kills::{Options, USAGE, kill};
use oar_bench::report::say;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(USAGE, Options::parse, async |options| {
        let mut holds = true;
        for store in options.stores {
            let found = kill(store, &options.binary, options.load).await?;
            say(&found.to_string());
            holds &= found.wrong == 0;
        }
        Ok((String::new(), holds))
    })
    .await
}
