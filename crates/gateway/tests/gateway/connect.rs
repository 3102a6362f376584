//! Upstreams to which no connection can be made: names that lead nowhere, and handshakes that fail.
//!
//! What needs a resolver or a certificate authority of the test's own is in `crates/upstream`.

use crate::house::{Ask, Entry, House, attempts, entry, entry_with, json, refusal, status};
use oar_exchange::AttemptResult::{self, ConnectTimeout, DnsFailed, Ok, TlsFailed};
use oar_testkit::{Gate, Script, ScriptedUpstream, Step};
use oar_upstream::openai::Settings;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

fn at(endpoint: String) -> Entry {
    entry_with("first", &Settings { endpoint, sk: "canary-key".into(), ..Settings::default() })
}

fn over_tls(addr: SocketAddr) -> Entry {
    at(format!("https://{addr}/v1"))
}

/// The entry is followed by one that answers.
async fn check_next(case: &str, first: Entry, result: AttemptResult) {
    let second = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let house = House::with([first, entry("second", &second)]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!((status(&answer), answer.text().as_str()), (200, "good"), "{case}");
    assert_eq!(attempts(&house.story().await), [("first", result), ("second", Ok)], "{case}");
}

/// The entry is the only one. Yields what the operator reads, for what the client must not.
async fn check_alone(case: &str, first: Entry, result: AttemptResult, code: &str) -> String {
    let house = House::with([first]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!(refusal(&answer), (502, code.into()), "{case}");
    let message = json(&answer)["error"].to_string().to_lowercase();
    for detail in ["certificate", "issuer", "peer", "handshake", "127.0.0.1"] {
        assert!(!message.contains(detail), "{case}: {detail} in {message}");
    }
    let story = house.story().await;
    assert_eq!(attempts(&story), [("first", result)], "{case}");
    story.attempts[0].detail.clone().unwrap()
}

/// U02. The name is too long to be asked for, so no name server is.
#[tokio::test]
async fn a_name_that_cannot_be_resolved_is_followed_by_the_next() {
    let nowhere = || at(format!("http://{}.nonexistent.invalid/v1", "x".repeat(64)));
    check_next("alone no more", nowhere(), DnsFailed).await;
    check_alone("alone", nowhere(), DnsFailed, "upstream_connect_failed").await;
}

/// Shakes hands with a certificate that nobody has signed but itself.
async fn self_signed() -> (SocketAddr, JoinSet<()>) {
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["127.0.0.1".into()]).unwrap();
    let key = signing_key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        while let Result::Ok((stream, _)) = listener.accept().await {
            assert!(acceptor.accept(stream).await.is_err(), "the client must not agree");
        }
    });
    (addr, server)
}

/// U03.
#[tokio::test]
async fn a_self_signed_certificate_is_followed_by_the_next() {
    let (addr, _server) = self_signed().await;
    check_next("self-signed", over_tls(addr), TlsFailed).await;
    let detail = check_alone("self-signed", over_tls(addr), TlsFailed, "upstream_tls_failed").await;
    assert!(detail.contains("UnknownIssuer"), "{detail}");
}

/// U03.
#[tokio::test]
async fn plain_http_on_a_tls_port_is_followed_by_the_next() {
    let refusing = Step::send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let plain = ScriptedUpstream::start([refusing, Step::Fin]).await.unwrap();
    check_next("plain HTTP", over_tls(plain.addr()), TlsFailed).await;
    check_alone("plain HTTP", over_tls(plain.addr()), TlsFailed, "upstream_tls_failed").await;
}

/// U03: a handshake is part of the connection, and has its time.
#[tokio::test]
async fn a_silent_handshake_is_given_up_after_the_connect_timeout() {
    let silent = ScriptedUpstream::start(Script::new([Step::Until(Gate::new())])).await.unwrap();
    check_next("silence", over_tls(silent.addr()), ConnectTimeout).await;
    check_alone("silence", over_tls(silent.addr()), ConnectTimeout, "upstream_connect_failed").await;
    silent.closed().await;
}
