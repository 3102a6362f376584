//! Clients that leave: the upstream's work ends with them, whatever they left behind.

use crate::service::{Service, TOKEN, chat, chat_body};
use oar_testkit::{Ending, RawClient, Script, ScriptedUpstream, Step, request_bytes};
use std::time::Duration;
use tokio::time::timeout;

/// How long it may take until the upstream is let go.
const SOON: Duration = Duration::from_secs(1);

const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
     sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What a client may have sent behind its request when it leaves.
fn leftovers() -> [Vec<u8>; 3] {
    [Vec::new(), b"\r\n".to_vec(), chat("next").to_vec()]
}

async fn leave(client: RawClient, how: Ending) {
    match how {
        Ending::Fin => client.abandon(),
        Ending::Rst => client.reset().unwrap(),
    }
}

/// C01, C02: hyper stops reading while it has bytes of a next request, and so would not notice.
#[tokio::test]
async fn a_client_that_leaves_while_it_waits_is_noticed_whatever_it_left_behind() {
    for how in [Ending::Fin, Ending::Rst] {
        for leftover in leftovers() {
            let upstream = ScriptedUpstream::hanging().await.unwrap();
            let service = Service::before(&upstream).await;
            let mut client = RawClient::connect(service.addr).await.unwrap();
            client.send([chat("m").as_ref(), &leftover].concat()).await.unwrap();
            upstream.until_read(1).await;
            leave(client, how).await;
            let closed = timeout(SOON, upstream.closed()).await;
            assert!(closed.is_ok(), "{how:?} after {:?}", String::from_utf8_lossy(&leftover));
            assert_eq!(upstream.hits(), 1);
            assert_eq!(service.metric(r#"oar_requests_total{outcome="client_closed",status="499"}"#).await, 1.0);
            service.stop().await;
        }
    }
}

/// C02, C03.
#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_stream_is_noticed_whatever_it_left_behind() {
    for how in [Ending::Fin, Ending::Rst] {
        for leftover in leftovers() {
            let steps = [Step::event_stream(), Step::event("1"), Step::Hang];
            let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
            let service = Service::before(&upstream).await;
            let mut client = RawClient::connect(service.addr).await.unwrap();
            client.send([chat("m").as_ref(), &leftover].concat()).await.unwrap();
            client.read_head().await.unwrap();
            assert_eq!(client.read_chunk().await.unwrap(), "data: 1\n\n");
            leave(client, how).await;
            let closed = timeout(SOON, upstream.closed()).await;
            assert!(closed.is_ok(), "{how:?} after {:?}", String::from_utf8_lossy(&leftover));
            service.stop().await;
        }
    }
}

/// C14: bytes of a next request are no sign that the client has left.
#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let upstream = ScriptedUpstream::echo().await.unwrap();
    let service = Service::before(&upstream).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send([chat("first"), chat("second")].concat()).await.unwrap();
    for model in ["first", "second"] {
        assert_eq!(client.read_response().await.unwrap().text(), chat_body(model));
    }
    service.stop().await;
}

/// C04, C07: an upgraded connection has no requests, so none of it can be late; its own two ends say when it is over.
#[tokio::test(start_paused = true)]
async fn a_tunnel_may_be_silent_for_long_and_ends_with_its_client() {
    let steps = [Step::send(SWITCHING), Step::send("hello"), Step::Hang];
    let upstream = ScriptedUpstream::start([&[Step::ReadHead], &steps[..]].concat()).await.unwrap();
    let service = Service::before(&upstream).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    client.send(request_bytes("GET", "/v1/realtime?model=m", &headers, b"")).await.unwrap();
    assert_eq!(client.read_head().await.unwrap().status(), Some(101));
    assert_eq!(client.read_exactly(5).await.unwrap(), "hello");
    client.send("a frame").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(upstream.connections()[0].closed.is_none());
    client.half_close().await.unwrap();
    assert_eq!(client.read_to_close().await.1, Ending::Fin);
    upstream.closed().await;
    service.stop().await;
}
