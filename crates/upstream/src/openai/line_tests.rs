//! What one connection makes of its requests and answers.

use super::kept::{Kept, Origin, Shelves};
use super::line::Line;
use super::link::{Unanswered, Versions};
use crate::{BodyError, Connection, Fault, ResponseBody};
use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body_util::BodyExt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::time::timeout;

pub(super) const ROOM_BYTES: usize = 256 * 1024;

pub(super) fn kept() -> Kept {
    Shelves::default().to(Origin::of(&Uri::from_static("http://upstream.test")))
}

pub(super) fn request(method: Method, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut request = Request::new(body.into());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_static("/v1/chat/completions?x=1");
    request.headers_mut().insert("host", "upstream.test".parse().expect("a host"));
    request.headers_mut().append("x-twice", "one".parse().expect("a value"));
    request.headers_mut().append("x-twice", "two".parse().expect("a value"));
    request
}

async fn text(response: Response<ResponseBody>) -> String {
    let ResponseBody::Body(body) = response.into_body() else { panic!("a body") };
    let all: Result<_, BodyError> = body.collect().await;
    String::from_utf8(all.expect("all of it").to_bytes().to_vec()).expect("text")
}

/// What a connection is good for, after an answer that says this.
async fn is_kept_after(answer: &str) -> bool {
    let (kept, (ours, mut theirs)) = (kept(), duplex(ROOM_BYTES));
    theirs.write_all(answer.as_bytes()).await.expect("room");
    let response = Line::open(ours).ask(request(Method::POST, "{}"), kept.clone()).await;
    assert_eq!(text(response.ok().expect("an answer")).await, "ok");
    kept.take(Versions::Http1).is_some()
}

#[tokio::test]
async fn a_connection_is_kept_only_after_an_answer_that_allows_it() {
    for (head, expected) in [
        ("HTTP/1.1 200 OK\r\n", true),
        ("HTTP/1.1 200 OK\r\nconnection: x, Close\r\n", false),
        ("HTTP/1.0 200 OK\r\n", false),
        ("HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\n", true),
        ("HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\n", false),
    ] {
        assert_eq!(is_kept_after(&format!("{head}content-length: 2\r\n\r\nok")).await, expected, "{head}");
        assert!(!is_kept_after(&format!("{head}content-length: 2\r\n\r\nok, and more")).await, "{head}");
    }
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n";
    assert!(is_kept_after(&format!("{chunked}\r\n2\r\nok\r\n0\r\n\r\n")).await);
    // Whoever speaks of both may mean two things (RFC 9112, section 6.3).
    assert!(!is_kept_after(&format!("{chunked}content-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n")).await);
}

#[tokio::test]
async fn an_answer_that_comes_before_all_of_the_request_was_taken_is_passed_on() {
    let (kept, (ours, mut theirs)) = (kept(), duplex(1024));
    theirs.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\n\r\nlarge").await.expect("room");
    let response = Line::open(ours).ask(request(Method::POST, vec![b'x'; ROOM_BYTES]), kept.clone()).await;
    assert_eq!(text(response.ok().expect("an answer")).await, "large");
    assert!(kept.take(Versions::Http1).is_none(), "half a request is on it");
}

#[tokio::test]
async fn an_answer_counts_although_the_rest_of_the_request_could_not_be_sent() {
    let (ours, mut theirs) = duplex(1024);
    theirs.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\n\r\nlarge").await.expect("room");
    drop(theirs);
    let response = Line::open(ours).ask(request(Method::POST, vec![b'x'; ROOM_BYTES]), kept()).await;
    assert_eq!(text(response.ok().expect("an answer")).await, "large");
}

#[tokio::test]
async fn what_comes_right_behind_an_upgrade_belongs_to_the_tunnel() {
    let (ours, mut theirs) = duplex(1024);
    theirs.write_all(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\nfirst").await.expect("room");
    let response = Line::open(ours).ask(request(Method::GET, ""), kept()).await.ok().expect("an answer");
    let ResponseBody::Tunnel(mut tunnel) = response.into_body() else { panic!("a tunnel") };
    theirs.write_all(b", second").await.expect("room");
    let mut came = [0; 13];
    tunnel.read_exact(&mut came).await.expect("both");
    assert_eq!(&came, b"first, second");
    tunnel.write_all(b"third").await.expect("room");
    let mut went = vec![0; 1024];
    let count = theirs.read(&mut went).await.expect("a request");
    assert!(went[..count].ends_with(b"\r\n\r\nthird"));
}

/// RFC 9110, section 7.8: the protocol does not change in the middle of a request.
#[tokio::test]
async fn an_upgrade_waits_for_the_rest_of_the_request() {
    let (ours, mut theirs) = duplex(1024);
    theirs.write_all(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n").await.expect("room");
    let upgrade = async {
        let response = Line::open(ours).ask(request(Method::GET, vec![b'x'; 4096]), kept()).await;
        let ResponseBody::Tunnel(mut tunnel) = response.ok().expect("an answer").into_body() else {
            panic!("a tunnel")
        };
        tunnel.write_all(b"first").await.expect("room");
    };
    let mut came = Vec::new();
    tokio::join!(upgrade, async { theirs.read_to_end(&mut came).await.expect("an end") });
    assert!(came.ends_with(b"xfirst") && came.iter().filter(|&&byte| byte == b'x').count() > 4096);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_given_up() {
    let long = "x".repeat(48 * 1024);
    for fields in ["x-short: 1\r\n".repeat(4096), format!("x-long: {long}"), format!("x-long: {long}\r\n\r\n")] {
        let (ours, mut theirs) = duplex(ROOM_BYTES);
        let head = format!("HTTP/1.1 200 OK\r\n{fields}");
        theirs.write_all(head.as_bytes()).await.expect("room");
        let failed = Line::open(ours).ask(request(Method::GET, ""), kept()).await.map(|_| ()).expect_err("no answer");
        assert_eq!(failed.on(Connection::Any).fault(), Fault::BadHead);
    }
}

/// A connection that can be broken in a way that only writing shows.
struct Brittle(DuplexStream, Arc<AtomicBool>);

impl AsyncRead for Brittle {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Brittle {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.1.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_request_of_which_nothing_could_be_sent_on_a_kept_connection_comes_back() {
    let (kept, (ours, mut theirs), broken) = (kept(), duplex(ROOM_BYTES), Arc::new(AtomicBool::new(false)));
    theirs.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("room");
    let line = Line::open(Brittle(ours, Arc::clone(&broken)));
    text(line.ask(request(Method::GET, ""), kept.clone()).await.ok().expect("an answer")).await;
    broken.store(true, Ordering::Relaxed);
    let link = kept.take(Versions::Http1).expect("the connection");
    let uri = Uri::from_static("http://upstream.test/v1/models");
    let Err(Unanswered::Unsent(unsent)) = link.ask(&uri, request(Method::POST, "{}"), &kept).await else {
        panic!("the request")
    };
    assert_eq!((unsent.method(), unsent.body().as_ref()), (&Method::POST, &b"{}"[..]));
}

#[tokio::test]
async fn a_kept_connection_that_ends_without_a_byte_was_stale_and_one_that_said_something_was_not() {
    for (said, expected) in [("", Fault::StaleConnection), ("HTTP/1.1 2", Fault::Reset)] {
        let (kept, (ours, mut theirs)) = (kept(), duplex(ROOM_BYTES));
        theirs.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("room");
        text(Line::open(ours).ask(request(Method::GET, ""), kept.clone()).await.ok().expect("an answer")).await;
        let link = kept.take(Versions::Http1).expect("the connection");
        let uri = Uri::from_static("http://upstream.test/v1/models");
        let mut came = vec![0; 1024];
        assert!(theirs.read(&mut came).await.expect("the first request") > 0);
        let end = async move {
            assert!(theirs.read(&mut came).await.expect("the second request") > 0);
            theirs.write_all(said.as_bytes()).await.expect("room");
        };
        let (answer, ()) = tokio::join!(link.ask(&uri, request(Method::POST, "{}"), &kept), end);
        assert_eq!(answer.map(|_| ()).expect_err("no answer").on(Connection::Any).fault(), expected, "{said:?}");
    }
}

/// Thousands wait at a time, most of them for the next event of a stream.
#[tokio::test]
async fn a_connection_that_waits_takes_little_room() {
    assert!(size_of::<Line>() <= 160, "{}", size_of::<Line>());
    let (ours, mut theirs) = duplex(ROOM_BYTES);
    theirs
        .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\ndata: one\n\n\r\n\r\n")
        .await
        .expect("room");
    let response = Line::open(ours).ask(request(Method::POST, "{}"), kept()).await.ok().expect("an answer");
    let ResponseBody::Body(mut body) = response.into_body() else { panic!("a body") };
    let event = body.frame().await.expect("an event").expect("whole").into_data().expect("bytes");
    let waiting = timeout(Duration::ZERO, body.frame());
    assert!(waiting.await.is_err(), "the next event has not come");
    let event = event.try_into_mut().expect("nobody else holds what came");
    assert!(event.capacity() < 256, "{}", event.capacity());
}
