//! A stand-in for Replicate's API on a loopback port, until it is killed.
//!
//! ```text
//! cargo run -p oar-testkit --example replicate -- --listen 127.0.0.1:0
//! ```
//!
//! It prints one line, `listening on 127.0.0.1:PORT`, when it can be reached; the API is at `/v1`. The model's name decides
//! what it plays: `oar_testkit::replicate` has the list. With `--key KEY` it answers 401 to every other key, and with
//! `--idle-ms 2000` streams close after so long without an event, instead of 30 seconds.

use oar_testkit::replicate::Standin;
use std::env::Args;
use std::error::Error;
use std::io::{Write, stdout};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

struct Options {
    listen: String,
    standin: Standin,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options(std::env::args())?;
    let listener = TcpListener::bind(&options.listen).await?;
    announce(&listener)?;
    Arc::new(options.standin).serve(listener).await;
    Ok(())
}

fn options(mut args: Args) -> Result<Options, Box<dyn Error>> {
    let mut options = Options { listen: "127.0.0.1:0".to_owned(), standin: Standin::new() };
    args.next();
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        let Options { listen, standin } = options;
        options = match name.as_str() {
            "--listen" => Options { listen: value, standin },
            "--key" => Options { listen, standin: standin.requiring_key(value) },
            "--idle-ms" => Options { listen, standin: standin.idling_after(Duration::from_millis(value.parse()?)) },
            _ => return Err(format!("unknown option `{name}` (known: --listen, --key, --idle-ms)").into()),
        };
    }
    Ok(options)
}

/// Whoever started this waits for the line, so it must not stay in a buffer.
fn announce(listener: &TcpListener) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    out.flush()
}
