//! Routes with a blocking client: no async runtime, no HTTP types in the router.
//!
//! The client is `ureq`; any other takes its place in [`ask`]. The example plays both upstreams itself, so it needs no key and
//! no network:
//!
//! ```sh
//! cargo run --package oar-routing --example blocking_client
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use oar_routing::{Candidate, Finding, Order, Query, Router, Token, Verdict};
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

/// What an upstream answered, and its name.
pub(crate) type Answer = (String, String);

/// Asks one upstream after the other, as the router says, until one answers.
pub(crate) fn route(router: &Router<String>, model: &str) -> Result<Option<Answer>, Box<dyn std::error::Error>> {
    let caller = router.authenticate(Some("team-token"))?;
    let plan = router.plan(&caller, &Query::model(model), 0)?;
    for attempt in plan.attempts() {
        let (finding, text) = ask(attempt.payload(), model, attempt.timeout());
        let verdict = attempt.judge(finding);
        println!("{}: {finding:?}, so {verdict:?}", attempt.name());
        match verdict {
            Verdict::Relay => return Ok(Some((attempt.name().to_string(), text))),
            Verdict::Stop => break,
            // This client keeps no connections, so it never finds one stale.
            Verdict::Again | Verdict::TryNext => {}
        }
    }
    Ok(None)
}

/// One request with a blocking client: what came of it, in the router's words, and what was answered.
fn ask(base: &str, model: &str, timeout: Duration) -> (Finding, String) {
    let request = ureq::post(format!("{base}/chat/completions")).config();
    let request = request.http_status_as_error(false).timeout_global(Some(timeout)).build();
    let body = format!(r#"{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello"}}]}}"#);
    match request.content_type("application/json").send(body) {
        Err(error) => (finding(&error), String::new()),
        // Nothing has gone to anybody yet, so an answer that breaks off is no answer.
        Ok(mut response) => match response.body_mut().read_to_string() {
            Ok(text) => (Finding::Status(response.status().as_u16()), text),
            Err(error) => (finding(&error), String::new()),
        },
    }
}

fn finding(error: &ureq::Error) -> Finding {
    let is_refused = matches!(error, ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused);
    if matches!(error, ureq::Error::Timeout(_)) {
        Finding::TimedOut
    } else if is_refused || matches!(error, ureq::Error::HostNotFound | ureq::Error::ConnectionFailed) {
        Finding::Unreachable
    } else {
        Finding::Broken
    }
}

/// Reads one request, and answers it.
pub(crate) fn answer_once(listener: &TcpListener, status: &str, text: &str) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    let (mut request, mut piece) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"]}") {
        match stream.read(&mut piece)? {
            0 => break,
            read => request.extend(piece.iter().take(read)),
        }
    }
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (busy, working) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let router = Router::builder(Order::Configured)
        .token(Token::new("team-token"))
        .candidate(Candidate::new("busy", format!("http://{}/v1", busy.local_addr()?)))
        .candidate(Candidate::new("working", format!("http://{}/v1", working.local_addr()?)))
        .build()?;
    let upstreams = std::thread::spawn(move || {
        answer_once(&busy, "503 Service Unavailable", "later")?;
        answer_once(&working, "200 OK", "Hello yourself")
    });
    println!("{:?}", route(&router, "gpt-4o-mini")?);
    upstreams.join().map_err(|_| "an upstream panicked")??;
    Ok(())
}
