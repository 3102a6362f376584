//! What becomes of requests on a shared connection whose server says frame by frame what it will not do.

use super::connect_tests::{Authority, PATIENT, listen, request, resolving, upstream};
use super::{OpenAi, Transport};
use crate::{Fault, Upstream, UpstreamError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Types of frames, a flag of two of them, and error codes (RFC 9113, sections 6 and 7).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The whole of an answer: its head is `:status: 200` (RFC 7541, appendix A, index 8), and no body follows.
fn good(stream: u32) -> Vec<u8> {
    const END_STREAM_AND_HEADERS: u8 = 1 | 4;
    frame(HEADERS, END_STREAM_AND_HEADERS, stream, &[0x88])
}

fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// No stream above `last` was or will be looked at.
fn go_away(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

/// Speaks HTTP/2 and nothing else.
struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

/// A server, and an upstream that asks it.
async fn server() -> (Server, OpenAi) {
    let ours = Authority::named("ours");
    let (listener, addr) = listen().await;
    let transport = Transport::with(ours.trusted(), &resolving(&[[127, 0, 0, 1]]), PATIENT);
    let upstream = upstream(&format!("https://upstream.test:{}/v1", addr.port()), transport);
    (Server { listener, acceptor: ours.certify_for("upstream.test", |_| {}, &[b"h2"]) }, upstream)
}

impl Server {
    async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.expect("a connection");
        let mut peer = Peer(self.acceptor.accept(stream).await.expect("a handshake"));
        peer.0.read_exact(&mut [0; 24]).await.expect("a preface");
        peer.send(&frame(SETTINGS, 0, 0, &[])).await;
        peer
    }

    /// A connection on which one request has been answered.
    async fn accept_used(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.answer().await;
        peer
    }
}

/// The server's end of a connection.
struct Peer(TlsStream<TcpStream>);

impl Peer {
    async fn send(&mut self, frames: &[u8]) {
        self.0.write_all(frames).await.expect("room");
        self.0.flush().await.expect("room");
    }

    /// The next frame's type, flags and stream, or `None` when the client has left.
    async fn next(&mut self) -> Option<(u8, u8, u32)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        if flags & ACK == 0 && (kind == SETTINGS || kind == PING) {
            let same = if kind == PING { &payload[..] } else { &[] };
            self.send(&frame(kind, ACK, 0, same)).await;
        }
        Some((kind, flags, u32::from_be_bytes(stream)))
    }

    /// The stream of the next request, or `None` if there is no other.
    async fn request(&mut self) -> Option<u32> {
        loop {
            if let (HEADERS, _, stream) = self.next().await? {
                return Some(stream);
            }
        }
    }

    async fn answer(&mut self) {
        let stream = self.request().await.expect("a request");
        self.send(&good(stream)).await;
    }

    /// Sends frames and waits until they have been read.
    async fn tell(&mut self, frames: &[u8]) {
        self.send(&[frames, &frame(PING, 0, 0, b"all read")].concat()).await;
        while !matches!(self.next().await.expect("an answer"), (PING, ACK, _)) {}
    }
}

/// What a request comes to on a kept connection when the server sends these frames for it and leaves.
async fn second(frames: impl Fn(u32) -> Vec<u8>) -> Option<Fault> {
    let (server, upstream) = server().await;
    let serve = async {
        let mut peer = server.accept_used().await;
        let stream = peer.request().await.expect("another request");
        peer.tell(&frames(stream)).await;
    };
    let ask = async {
        upstream.send(&request()).await.expect("an answer");
        upstream.send(&request()).await.err().as_ref().map(UpstreamError::fault)
    };
    timeout(PATIENT, async { tokio::join!(serve, ask).1 }).await.expect("an end")
}

/// U15: a server that ends a connection names the last request it looked at, and can refuse a single one unseen.
#[tokio::test]
async fn only_what_a_server_surely_did_not_look_at_is_stale() {
    assert_eq!(second(|stream| reset(stream, REFUSED_STREAM)).await, Some(Fault::StaleConnection));
    assert_eq!(second(|stream| go_away(stream - 2, NO_ERROR)).await, Some(Fault::StaleConnection));
    for code in [NO_ERROR, INTERNAL_ERROR, CANCEL, ENHANCE_YOUR_CALM] {
        assert_eq!(second(|stream| reset(stream, code)).await, Some(Fault::Other), "{code}");
    }
    for code in [INTERNAL_ERROR, ENHANCE_YOUR_CALM] {
        assert_eq!(second(|stream| go_away(stream - 2, code)).await, Some(Fault::Other), "{code}");
    }
    assert_eq!(second(|stream| go_away(stream, NO_ERROR)).await, Some(Fault::Reset));
}

/// U15: the request that is asked again gets a connection of its own, of the version that the server speaks.
#[tokio::test]
async fn a_refused_request_is_asked_again_on_a_new_connection() {
    for refuse in [|stream| reset(stream, REFUSED_STREAM), |stream| go_away(stream - 2, NO_ERROR)] {
        let (server, upstream) = server().await;
        let serve = async {
            let mut first = server.accept_used().await;
            let stream = first.request().await.expect("another request");
            first.send(&refuse(stream)).await;
            let mut fresh = server.accept().await;
            fresh.answer().await;
            (first, fresh)
        };
        let ask = async {
            upstream.send(&request()).await.expect("an answer");
            let error = upstream.send(&request()).await.expect_err("refused");
            assert_eq!(error.fault(), Fault::StaleConnection);
            let again = upstream.send(&request().on_fresh_connection()).await;
            assert_eq!(again.expect("an answer").status, 200);
        };
        timeout(PATIENT, async { tokio::join!(serve, ask) }).await.expect("an end");
    }
}

/// A connection made for the request is not stale, whatever is said on it: nobody asks for ever.
#[tokio::test]
async fn a_request_refused_on_a_connection_of_its_own_is_a_failure() {
    let (server, upstream) = server().await;
    let serve = async {
        let mut peer = server.accept().await;
        let stream = peer.request().await.expect("a request");
        peer.tell(&reset(stream, REFUSED_STREAM)).await;
        peer
    };
    let ask = async { upstream.send(&request().on_fresh_connection()).await.expect_err("refused").fault() };
    let (_, fault) = timeout(PATIENT, async { tokio::join!(serve, ask) }).await.expect("an end");
    assert_eq!(fault, Fault::Other);
}

/// What runs when the server says that it ends the connection is answered on it; what comes later goes elsewhere.
#[tokio::test]
async fn a_connection_that_is_going_away_finishes_its_requests_and_takes_no_other() {
    let (server, upstream) = server().await;
    let (going, gone) = oneshot::channel();
    let serve = async {
        let mut first = server.accept_used().await;
        let running = first.request().await.expect("another request");
        first.tell(&go_away(running, NO_ERROR)).await;
        going.send(()).expect("somebody waits");
        let second = server.accept_used().await;
        first.send(&good(running)).await;
        assert_eq!(first.request().await, None, "a request after the end was announced");
        second
    };
    let later = async {
        gone.await.expect("an announcement");
        upstream.send(&request()).await
    };
    let ask = async {
        upstream.send(&request()).await.expect("an answer");
        let asked = request();
        let (running, later) = tokio::join!(upstream.send(&asked), later);
        assert!([running, later].into_iter().all(|answer| answer.expect("an answer").status == 200));
    };
    timeout(PATIENT, async { tokio::join!(serve, ask) }).await.expect("an end");
}
