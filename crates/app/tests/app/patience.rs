//! How long a client may take: for a head, for its next request, for taking what it asked for.

use crate::service::{Service, TOKEN, chat, chat_body, get};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use oar_testkit::{Ending, Gate, RawClient, Script, ScriptedUpstream, Step};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An empty SETTINGS frame (RFC 9113, section 6.5).
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A service whose upstream answers `good` for as long as it is asked.
async fn good() -> (Service, ScriptedUpstream) {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    (Service::before(&upstream).await, upstream)
}

/// After how many whole seconds the service closes the connection.
async fn closed_after(client: &mut RawClient) -> u64 {
    let since = Instant::now();
    client.read_to_close().await;
    since.elapsed().as_secs()
}

/// C07.
#[tokio::test(start_paused = true)]
async fn who_says_nothing_or_half_a_preface_is_sent_away_after_ten_seconds() {
    let (service, _upstream) = good().await;
    let beginnings = ["", "P", "PRI * HT", "GET /livez HTTP/1.1\r\nhost: a\r\nx: ", "\r\n", "\r\n\r\n"];
    for beginning in beginnings {
        let mut client = RawClient::connect(service.addr).await.unwrap();
        client.send(beginning).await.unwrap();
        assert_eq!(closed_after(&mut client).await, 10, "{beginning:?}");
    }
    service.stop().await;
}

/// C08.
#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_in_has_ten_seconds_as_a_whole() {
    for head in [get("/livez"), PREFACE.into()] {
        let (service, _upstream) = good().await;
        let (since, mut client) = (Instant::now(), RawClient::connect(service.addr).await.unwrap());
        for byte in head {
            let sent = client.send([byte]).await;
            if sent.is_err() || timeout(Duration::from_secs(1), client.read_exactly(1)).await.is_ok() {
                break;
            }
        }
        assert_eq!(since.elapsed().as_secs(), 10);
        service.stop().await;
    }
}

/// C07: the limit on heads does not close connections that clients keep for their next request.
#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_75_seconds() {
    let (service, _upstream) = good().await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    for _ in 0..3 {
        client.send(chat("m")).await.unwrap();
        assert_eq!(client.read_response().await.unwrap().text(), "good");
        sleep(Duration::from_secs(70)).await;
    }
    assert_eq!(closed_after(&mut client).await, 5);
    service.stop().await;
}

/// C08: on a connection that was idle before, too.
#[tokio::test(start_paused = true)]
async fn a_later_head_has_ten_seconds_from_its_first_byte() {
    let (service, _upstream) = good().await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    client.read_response().await.unwrap();
    sleep(Duration::from_secs(70)).await;
    client.send("POST /v1").await.unwrap();
    assert_eq!(closed_after(&mut client).await, 10);
    service.stop().await;
}

/// U05, C07: an answer may take its time.
#[tokio::test(start_paused = true)]
async fn no_limit_of_the_connection_ends_a_request_that_runs() {
    let steps = [Step::event_stream(), Step::Sleep(Duration::from_secs(200)), Step::event("[DONE]"), Step::chunk("")];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let service = Service::before(&upstream).await;
    let answer = service.ask(chat("m")).await;
    assert_eq!((answer.text().as_str(), answer.complete), ("data: [DONE]\n\n", true));
    service.stop().await;
}

/// C16.
#[tokio::test(start_paused = true)]
async fn an_http2_client_that_does_not_answer_pings_is_given_up() {
    let (service, _upstream) = good().await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send([PREFACE.as_bytes(), SETTINGS].concat()).await.unwrap();
    assert_eq!(closed_after(&mut client).await, 40);
    service.stop().await;
}

/// C16.
#[tokio::test(start_paused = true)]
async fn an_http2_connection_without_requests_is_kept_for_75_seconds() {
    let (service, _upstream) = good().await;
    let stream = TcpStream::connect(service.addr).await.unwrap();
    let (_sender, connection) =
        http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let since = Instant::now();
    connection.await.unwrap();
    assert_eq!(since.elapsed().as_secs(), 75);
    service.stop().await;
}

/// C06: memory stays flat, the upstream is held back, and in the end the client is cut.
#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_cut_after_a_minute() {
    let upstream = ScriptedUpstream::start(endless()).await.unwrap();
    let service = Service::before(&upstream).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    client.read_head().await.unwrap();
    let since = Instant::now();
    upstream.closed().await;
    assert_eq!(since.elapsed().as_secs(), 60);
    let sent = upstream.connections()[0].sent;
    assert!(sent < 32 * 1024 * 1024, "{sent} bytes went into buffers");
    assert_eq!(service.metric(r#"oar_client_disconnects_total{phase="streaming"}"#).await, 1.0);
    drop(client);
    service.stop().await;
}

/// C06: what the system keeps for it is little, so that its reading shows.
#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_waited_for() {
    let upstream = ScriptedUpstream::start(endless()).await.unwrap();
    let service = Service::before(&upstream).await;
    let mut client = with_little_room(&service).await;
    client.write_all(&chat("m")).await.unwrap();
    let mut piece = vec![0; 256 * 1024];
    for _ in 0..50 {
        sleep(Duration::from_secs(45)).await;
        client.read_exact(&mut piece).await.unwrap();
    }
    assert!(upstream.connections()[0].closed.is_none());
    drop(client);
    upstream.closed().await;
    service.stop().await;
}

/// C06, C16: the connection is fine, for it carries pings and other answers; only the stream is cut.
#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_reads_is_cut_and_its_neighbours_are_not() {
    let upstream = ScriptedUpstream::start(endless()).await.unwrap();
    let service = Service::before(&upstream).await;
    let stream = TcpStream::connect(service.addr).await.unwrap();
    let (mut sender, connection) =
        http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let mut running = JoinSet::new();
    running.spawn(connection);
    let request = Request::post("http://gateway.test/v1/chat/completions")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Full::from(chat_body("m")));
    let unread = sender.send_request(request.unwrap()).await.unwrap();
    let since = Instant::now();
    upstream.closed().await;
    assert_eq!(since.elapsed().as_secs(), 60);
    let alive = Request::get("http://gateway.test/livez").body(Full::default()).unwrap();
    assert_eq!(sender.send_request(alive).await.unwrap().status(), 200);
    assert!(unread.into_body().collect().await.is_err(), "the end is no proper one");
    service.stop().await;
}

/// Sends for ever, as fast as somebody takes it.
fn endless() -> Script {
    let piece = vec![b'x'; 64 * 1024];
    let head = "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n";
    let Step::Send(chunk) = Step::chunk(piece) else { unreachable!() };
    Script::after_request([Step::send(head), Step::Forever(chunk, Duration::ZERO)])
}

/// A request of somebody who takes the end of the connection for the end of the answer.
fn http_1_0() -> Vec<u8> {
    String::from_utf8(chat("m").to_vec()).unwrap().replace("HTTP/1.1", "HTTP/1.0").into_bytes()
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";

/// M12: an end in the middle must not look like one.
#[tokio::test]
async fn an_http_1_0_client_of_an_answer_that_breaks_off_gets_a_reset() {
    let gate = Gate::new();
    let steps = [Step::send(CHUNKED), Step::chunk("one"), Step::Until(gate.clone()), Step::Fin];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let service = Service::before(&upstream).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(http_1_0()).await.unwrap();
    client.read_head().await.unwrap();
    assert_eq!(client.read_exactly(3).await.unwrap(), "one");
    gate.open();
    assert_eq!(client.read_to_close().await, ("".into(), Ending::Rst));
    service.stop().await;
}

/// M12: but nothing is lost of one that is complete, however late it is read.
#[tokio::test]
async fn an_http_1_0_client_gets_a_whole_answer_and_its_end() {
    let steps = [Step::send(CHUNKED), Step::chunk(vec![b'x'; 60 * 1024]), Step::chunk("")];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let service = Service::before(&upstream).await;
    // With less room at this end, most of the answer waits at the other when the service has done with it.
    let mut client = with_little_room(&service).await;
    client.write_all(&http_1_0()).await.unwrap();
    upstream.until_read(1).await;
    service.stop().await;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(&[b'x'; 60 * 1024]), "{} bytes", answer.len());
}

async fn with_little_room(service: &Service) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.connect(service.addr).await.unwrap()
}
