//! A stand-in for OpenAI's API on a loopback port, until it is killed.
//!
//! ```text
//! cargo run -p oar-testkit --example standin -- --listen 127.0.0.1:0 --mode answer
//! ```
//!
//! It prints one line, `listening on 127.0.0.1:PORT`, when it can be reached. `--mode` is `answer` (default), `hang`,
//! `cut`, `status=503`, or `refuse`, which takes the port and refuses every connection (and prints `refusing on …`).
//! With `--key KEY` it answers 401 to every other key.

use oar_testkit::ScriptedUpstream;
use oar_testkit::standin::{Mode, Standin};
use std::env::Args;
use std::error::Error;
use std::future::pending;
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

struct Options {
    listen: String,
    mode: String,
    key: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = options(std::env::args())?;
    if options.mode == "refuse" {
        let port = ScriptedUpstream::refusing()?;
        announce("refusing", port.addr())?;
        return pending().await;
    }
    let standin = Standin::new(options.mode.parse::<Mode>()?);
    let standin = options.key.into_iter().fold(standin, Standin::requiring_key);
    let listener = TcpListener::bind(&options.listen).await?;
    announce("listening", listener.local_addr()?)?;
    Arc::new(standin).serve(listener).await;
    Ok(())
}

fn options(mut args: Args) -> Result<Options, String> {
    let mut options = Options { listen: "127.0.0.1:0".to_owned(), mode: "answer".to_owned(), key: None };
    args.next();
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--listen" => options.listen = value,
            "--mode" => options.mode = value,
            "--key" => options.key = Some(value),
            _ => return Err(format!("unknown option `{name}` (known: --listen, --mode, --key)")),
        }
    }
    Ok(options)
}

/// Whoever started this waits for the line, so it must not stay in a buffer.
fn announce(what: &str, addr: SocketAddr) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{what} on {addr}")?;
    out.flush()
}
