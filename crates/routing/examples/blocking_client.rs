//! Routes with a blocking client of your choice: no async runtime, no HTTP types.
//!
//! The "client" here is a closure over a `TcpStream`, so that the example needs nothing else; put `ureq` or `curl` in
//! its place. Run it with `cargo run -p oar-routing --example blocking_client`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use oar_routing::{Candidate, Finding, Order, Query, Router, Token, Verdict};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let working = TcpListener::bind("127.0.0.1:0")?;
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let router = Router::builder(Order::Configured)
        .token(Token::new("team-token"))
        .candidate(Candidate::new("broken", closed))
        .candidate(Candidate::new("working", working.local_addr()?))
        .build()?;
    let server = std::thread::spawn(move || answer_once(&working));

    let caller = router.authenticate(Some("team-token"))?;
    let plan = router.plan(&caller, &Query::model("gpt-4o-mini"), 0)?;
    for attempt in plan.attempts() {
        let finding = ask(*attempt.payload(), attempt.timeout());
        let verdict = attempt.judge(finding);
        println!("{}: {finding:?}, so {verdict:?}", attempt.name());
        match verdict {
            Verdict::Relay | Verdict::Stop => break,
            // This client keeps no connections, so it never finds one stale.
            Verdict::Again | Verdict::TryNext => {}
        }
    }
    server.join().map_err(|_| "the server panicked")??;
    Ok(())
}

/// One request with a blocking client: what came of it, in the router's words.
fn ask(address: SocketAddr, timeout: std::time::Duration) -> Finding {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, timeout) else { return Finding::Unreachable };
    let mut head = [0; 12];
    let asked = stream.write_all(b"GET /v1/models HTTP/1.0\r\n\r\n").and_then(|()| stream.read_exact(&mut head));
    let status = std::str::from_utf8(&head).ok().and_then(|head| head.get(9..12)?.parse().ok());
    match (asked, status) {
        (Ok(()), Some(status)) => Finding::Status(status),
        _ => Finding::Broken,
    }
}

fn answer_once(listener: &TcpListener) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    let mut request = [0; 1024];
    let _ = stream.read(&mut request)?;
    stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{\"object\":\"list\",\"data\":[]}")
}
