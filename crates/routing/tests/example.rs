//! The example does what it says, over real sockets.

#[path = "../examples/blocking_client.rs"]
#[allow(dead_code, reason = "the test runs all of it but `main`")]
mod blocking_client;

use blocking_client::{answer_once, route};
use oar_routing::{Candidate, Order, Router, Token};
use std::net::TcpListener;

fn router(endpoints: &[(&str, &TcpListener)]) -> Router<String> {
    let builder = Router::builder(Order::Configured).token(Token::new("team-token"));
    let candidate = |(name, listener): &(&str, &TcpListener)| {
        Candidate::new(*name, format!("http://{}/v1", listener.local_addr().expect("an address")))
    };
    endpoints.iter().map(candidate).fold(builder, oar_routing::Builder::candidate).build().expect("a router")
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

#[test]
fn a_blocking_client_goes_on_to_the_next_upstream() {
    let (closed, busy, working) = (listener(), listener(), listener());
    let router = router(&[("closed", &closed), ("busy", &busy), ("working", &working)]);
    drop(closed);
    let upstreams = std::thread::spawn(move || {
        answer_once(&busy, "503 Service Unavailable", "later").expect("a request");
        answer_once(&working, "200 OK", "Hello yourself").expect("a request");
    });
    let answer = route(&router, "gpt-4o-mini").expect("a plan");
    upstreams.join().expect("both were asked");
    assert_eq!(answer, Some(("working".to_owned(), "Hello yourself".to_owned())));
}

#[test]
fn nobody_answers_when_nobody_is_there() {
    let closed = listener();
    let router = router(&[("closed", &closed)]);
    drop(closed);
    assert_eq!(route(&router, "gpt-4o-mini").expect("a plan"), None);
}
