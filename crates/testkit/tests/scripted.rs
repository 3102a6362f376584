//! The scripted upstream does what its script says and remembers what it saw.

use bytes::Bytes;
use oar_testkit::{Ending, Gate, Head, RawClient, Script, ScriptedUpstream, Step, request_bytes, response_bytes};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

async fn start(script: impl Into<Script>) -> (ScriptedUpstream, RawClient) {
    let upstream = ScriptedUpstream::start(script).await.expect("a loopback port");
    let client = RawClient::connect(upstream.addr()).await.expect("it listens");
    (upstream, client)
}

fn post(body: &[u8]) -> Bytes {
    request_bytes("POST", "/v1/chat/completions?x=1", &[("Authorization", "Bearer sk-test")], body)
}

#[tokio::test]
async fn an_answer_is_sent_as_written_and_the_request_is_remembered() {
    let upstream = ScriptedUpstream::answering(418, &[("x-tea", "green")], "short").await.unwrap();
    let answer = RawClient::exchange(upstream.addr(), post(b"{}")).await.unwrap();
    assert_eq!((answer.head.status(), answer.text().as_str(), answer.complete), (Some(418), "short", true));
    assert_eq!(answer.head.header("X-Tea"), Some("green"));
    let seen = &upstream.requests()[0];
    assert_eq!((seen.head.method(), seen.head.target()), ("POST", "/v1/chat/completions?x=1"));
    assert_eq!(seen.head.header("authorization"), Some("Bearer sk-test"));
    assert_eq!((seen.body.as_ref(), seen.complete, upstream.hits()), (&b"{}"[..], true, 1));
}

#[tokio::test]
async fn a_chunked_request_body_is_remembered_without_its_framing() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let body = b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nx-trailer: 1\r\n\r\n";
    let request = request_bytes("POST", "/v1/files", &[("transfer-encoding", "chunked")], body);
    RawClient::exchange(upstream.addr(), request).await.unwrap();
    assert_eq!(upstream.requests()[0].body, "abcdefg");
}

#[tokio::test]
async fn a_refusing_port_refuses() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    assert_eq!(TcpStream::connect(upstream.addr()).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(upstream.hits(), 0);
}

#[tokio::test(start_paused = true)]
async fn connecting_to_an_unreachable_port_hangs() {
    let upstream = ScriptedUpstream::unreachable().await.unwrap();
    assert!(timeout(Duration::from_secs(60), TcpStream::connect(upstream.addr())).await.is_err());
}

#[tokio::test]
async fn a_hanging_upstream_notices_who_leaves() {
    let (upstream, mut client) = start(Script::hanging()).await;
    client.send(post(b"{}")).await.unwrap();
    upstream.until_read(1).await;
    assert!(!upstream.connections()[0].abandoned());
    client.abandon();
    upstream.closed().await;
    assert!(upstream.connections()[0].abandoned());
}

#[tokio::test]
async fn a_reset_is_told_from_an_orderly_close() {
    let (upstream, mut client) = start(Script::hanging()).await;
    client.send(post(b"{}")).await.unwrap();
    upstream.until_read(1).await;
    client.reset().unwrap();
    upstream.closed().await;
    assert!(matches!(upstream.connections()[0].closed, Some((_, Ending::Rst))));
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_upstream_notices_who_leaves_while_it_sleeps() {
    let (upstream, mut client) = start(Script::after_request([Step::Sleep(Duration::from_secs(3600))])).await;
    let began = Instant::now();
    client.send(post(b"{}")).await.unwrap();
    upstream.until_read(1).await;
    client.abandon();
    upstream.closed().await;
    assert!(began.elapsed() < Duration::from_secs(1), "it slept {:?} first", began.elapsed());
}

#[tokio::test]
async fn an_upstream_that_leaves_before_the_head_leaves_no_answer() {
    for (last, ending) in [(Step::Fin, Ending::Fin), (Step::Rst, Ending::Rst)] {
        let (_upstream, mut client) = start(Script::after_request([last])).await;
        client.send(post(b"{}")).await.unwrap();
        assert_eq!(client.read_to_close().await, (Bytes::new(), ending));
    }
}

#[tokio::test]
async fn each_event_is_sent_when_its_gate_opens() {
    let gate = Gate::new();
    let steps = [Step::event_stream(), Step::event("one"), Step::Until(gate.clone()), Step::event("[DONE]")];
    let (_upstream, mut client) = start(Script::after_request(steps)).await;
    client.send(post(b"{}")).await.unwrap();
    assert_eq!(client.read_head().await.unwrap().header("content-type"), Some("text/event-stream"));
    assert_eq!(client.read_chunk().await.unwrap(), "data: one\n\n");
    gate.open();
    assert_eq!(client.read_chunk().await.unwrap(), "data: [DONE]\n\n");
    assert_eq!(client.read_chunk().await, None, "the body was left open");
}

#[tokio::test]
async fn a_stream_of_events_ends_cleanly() {
    let upstream = ScriptedUpstream::sse(["{}", "[DONE]"]).await.unwrap();
    let answer = RawClient::exchange(upstream.addr(), post(b"{}")).await.unwrap();
    assert_eq!((answer.text().as_str(), answer.complete), ("data: {}\n\ndata: [DONE]\n\n", true));
}

/// Whoever reads frames leniently finds nothing wrong with a gateway that writes them so.
#[tokio::test]
async fn a_chunk_that_is_not_framed_as_it_should_be_is_none() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for wrong in ["3\r\nabcXY0\r\n\r\n", "ffffffffffffffff\r\nabc", "+3\r\nabc\r\n0\r\n\r\n", "\r\n0\r\n\r\n"] {
        let (_upstream, mut client) = start(Script::after_request([Step::send(format!("{HEAD}{wrong}"))])).await;
        client.send(post(b"{}")).await.unwrap();
        let answer = client.read_response().await.unwrap();
        assert!(!answer.complete && answer.body.is_empty(), "{wrong:?}: {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_trickle_takes_its_time() {
    let answer = response_bytes(200, &[], b"slow");
    let bytes = u32::try_from(answer.len()).unwrap();
    let (_upstream, mut client) = start(Script::after_request([Step::Trickle(answer, Duration::from_secs(60))])).await;
    let began = Instant::now();
    client.send(post(b"{}")).await.unwrap();
    assert_eq!(client.read_response().await.unwrap().text(), "slow");
    assert!(began.elapsed() >= Duration::from_secs(60) * (bytes - 1));
}

#[tokio::test]
async fn an_endless_body_is_held_back_by_a_client_that_does_not_read() {
    let endless = Step::Forever("x".repeat(64 * 1024).into(), Duration::ZERO);
    let (upstream, mut client) = start(Script::after_request([Step::send("HTTP/1.1 200 OK\r\n\r\n"), endless])).await;
    client.send(post(b"{}")).await.unwrap();
    client.read_head().await.unwrap();
    client.read_exactly(1 << 20).await.unwrap();
    client.abandon();
    upstream.closed().await;
    let sent = upstream.connections()[0].sent;
    assert!((1 << 20..64 << 20).contains(&sent), "{sent} bytes were sent");
}

#[tokio::test]
async fn a_kept_alive_connection_answers_again() {
    let (upstream, mut client) = start(Script::kept_alive(200, &[], "again")).await;
    for _ in 0..3 {
        client.send(post(b"{}")).await.unwrap();
        assert_eq!(client.read_response().await.unwrap().text(), "again");
    }
    assert_eq!((upstream.hits(), upstream.connections().len()), (3, 1));
}

#[tokio::test]
async fn each_connection_has_its_script_and_the_last_goes_on() {
    let scripts = [Script::answering(500, &[], "first"), Script::answering(200, &[], "later")];
    let upstream = ScriptedUpstream::start_each(scripts).await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(RawClient::exchange(upstream.addr(), post(b"{}")).await.unwrap().head.status().unwrap());
    }
    assert_eq!(statuses, [500, 200, 200]);
}

#[tokio::test]
async fn a_script_can_be_chosen_by_the_request() {
    let choose = |head: &Head, body: &Bytes| match (head.target(), body.as_ref()) {
        ("/v1/chat/completions?x=1", b"reset") => vec![Step::Rst],
        (_, body) => vec![Step::Send(response_bytes(200, &[], body))],
    };
    let upstream = ScriptedUpstream::start(Script::choosing(choose)).await.unwrap();
    assert_eq!(RawClient::exchange(upstream.addr(), post(b"hello")).await.unwrap().text(), "hello");
    let mut client = RawClient::connect(upstream.addr()).await.unwrap();
    client.send(post(b"reset")).await.unwrap();
    assert_eq!(client.read_to_close().await, (Bytes::new(), Ending::Rst));
}

#[tokio::test]
async fn an_echo_returns_the_body_byte_for_byte_and_the_head() {
    let upstream = ScriptedUpstream::echo().await.unwrap();
    let body = [0, 255, 13, 10, 7].repeat(50_000);
    let answer = RawClient::exchange(upstream.addr(), post(&body)).await.unwrap();
    assert_eq!(answer.body, body);
    assert_eq!(answer.head.header("x-seen-authorization"), Some("Bearer sk-test"));
    assert_eq!(answer.head.header("x-seen-request-line"), Some("POST /v1/chat/completions?x=1 HTTP/1.1"));
}

#[tokio::test]
async fn a_client_that_half_closes_is_still_answered() {
    let (upstream, mut client) = start(Script::echo()).await;
    client.send(post(b"{}")).await.unwrap();
    client.half_close().await.unwrap();
    assert_eq!(client.read_response().await.unwrap().text(), "{}");
    upstream.closed().await;
}

#[tokio::test]
async fn an_upload_that_stops_halfway_is_remembered_as_incomplete() {
    let (upstream, mut client) = start(Script::hanging()).await;
    client.send("POST /v1/files HTTP/1.1\r\ncontent-length: 10\r\n\r\nhello").await.unwrap();
    client.abandon();
    upstream.closed().await;
    let seen = &upstream.requests()[0];
    assert_eq!((seen.body.as_ref(), seen.complete), (&b"hello"[..], false));
}

#[tokio::test]
async fn dropping_an_upstream_closes_its_connections_and_its_port() {
    let (upstream, mut client) = start(Script::hanging()).await;
    client.send(post(b"{}")).await.unwrap();
    upstream.until_read(1).await;
    let addr = upstream.addr();
    drop(upstream);
    assert!(client.read_to_close().await.0.is_empty());
    assert!(TcpStream::connect(addr).await.is_err());
}
