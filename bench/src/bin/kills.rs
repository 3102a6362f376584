//! `kills`: the gateway is killed at random moments under load.

use oar_bench::cli::{self, say};
use oar_bench::kills::{Options, kill};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::main(async |options: Options| {
        let mut holds = true;
        for store in options.stores {
            let found = kill(store, &options.binary, options.load).await?;
            say(&found.to_string());
            holds &= found.mistakes.count() == 0;
        }
        Ok((String::new(), holds))
    })
    .await
}
