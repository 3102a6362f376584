//! Raw payloads over a real socket: what is odd, but clear, is passed on with one framing and one host.

use crate::payload::{CHAT, answered, chat_to, framed, service};
use crate::service::{Service, TOKEN};
use oar_testkit::{RawClient, ScriptedUpstream, SeenRequest};

/// Sends the payload, which the upstream is to see as exactly one request, and returns that one.
async fn passed(service: &Service, upstream: &ScriptedUpstream, payload: &[u8]) -> SeenRequest {
    let shown = String::from_utf8_lossy(payload).into_owned();
    let before = upstream.hits();
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(payload).await.unwrap();
    let mut head = client.read_head().await.expect("an answer");
    if head.status() == Some(100) {
        head = client.read_head().await.expect("the answer");
    }
    assert_eq!((head.status(), upstream.hits()), (Some(200), before + 1), "{shown}");
    let seen = upstream.requests().remove(before);
    has_one_framing(&seen, &shown);
    assert_eq!(seen.head.values("host").collect::<Vec<_>>(), [upstream.addr().to_string()], "{shown}");
    seen
}

fn has_one_framing(seen: &SeenRequest, shown: &str) {
    let lengths: Vec<_> = seen.head.values("content-length").collect();
    assert_eq!(lengths, [seen.body.len().to_string()], "{shown}");
    assert_eq!(seen.head.header("transfer-encoding"), None, "{shown}");
    assert!(seen.complete, "{shown}");
    let raw = String::from_utf8_lossy(seen.head.raw()).replace("\r\n", "");
    assert!(!raw.contains(['\r', '\n']), "{raw:?}");
}

/// 1E: odd, but clear. What goes on is made anew, so nothing odd is left of it.
#[tokio::test]
async fn what_is_only_odd_goes_on_with_one_framing() {
    let (service, upstream) = service().await;
    let bare =
        format!("POST /v1/chat/completions HTTP/1.1\nhost: a\nauthorization: Bearer {TOKEN}\ncontent-length: 14\n");
    let old = format!("POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 14\r\n");
    let in_chunks = format!("5;x=y\r\n{}\r\n009\r\n{}\r\n0\r\nx-trailer: 1\r\n\r\n", &CHAT[..5], &CHAT[5..]);
    let many: String = (0..90).map(|number| format!("x-{number}: y\r\n")).collect();
    let payloads = [
        format!("{bare}\n{CHAT}").into_bytes(),
        [b"\r\n", &*framed("content-length: 14\r\n", CHAT)].concat(),
        format!("{old}\r\n{CHAT}").into_bytes(),
        framed("content-length: 14\r\ncontent-length: 14\r\n", CHAT),
        framed("content-length: 014\r\n", CHAT),
        framed("Transfer-Encoding: Chunked\r\n", &in_chunks),
        framed("content-length: 3\r\ntransfer-encoding: chunked\r\n", &in_chunks),
        framed("transfer-encoding: chunked\r\ncontent-length: 3\r\n", &in_chunks),
        framed(&format!("content-length: 14\r\n{many}"), CHAT),
        framed("content-length: 14\r\nexpect: 100-continue\r\nx: \x20\t y \r\n", CHAT),
    ];
    for payload in payloads {
        assert_eq!(passed(&service, &upstream, &payload).await.body, CHAT);
    }
    service.stop().await;
}

/// 1E: after a body with two framings nothing on the connection is trusted.
#[tokio::test]
async fn a_connection_with_two_framings_is_closed() {
    let (service, upstream) = service().await;
    let body = format!("e\r\n{CHAT}\r\n0\r\n\r\n");
    let payload = framed("content-length: 3\r\ntransfer-encoding: chunked\r\n", &body);
    let (head, rest) = answered(&service, &payload).await;
    assert_eq!(head.status(), Some(200));
    assert!(!String::from_utf8_lossy(&rest).contains("HTTP/1.1"), "one answer and no more");
    assert_eq!(upstream.hits(), 1);
    service.stop().await;
}

/// 1E, A16: a target with a host in it is a path to us.
#[tokio::test]
async fn a_host_in_the_target_is_not_asked() {
    let (service, upstream) = service().await;
    let evil = ScriptedUpstream::answering(200, &[], "evil").await.unwrap();
    let head = format!("host: {}\r\ncontent-length: 14\r\n", evil.addr());
    for target in ["", "http://evil.test", "http://a@evil.test:1", &evil.origin()] {
        let payload = chat_to(&format!("{target}/v1/chat/completions?x=1"), &head, CHAT);
        let seen = passed(&service, &upstream, &payload).await;
        assert_eq!(seen.head.target(), "/v1/chat/completions?x=1", "{target}");
    }
    assert!(evil.connections().is_empty());
    service.stop().await;
}

/// 1E: a name that some servers read as another is dropped; bytes of a value are not ours to mend.
#[tokio::test]
async fn a_header_with_an_underscore_goes_no_further_and_odd_bytes_do() {
    let (service, upstream) = service().await;
    let head = "content-length: 14\r\nX_Forwarded_For: 1.2.3.4\r\ncontent_length: 3\r\nx-odd: ??\r\n";
    let mut payload = framed(head, CHAT);
    let odd = payload.iter().position(|&byte| byte == b'?').unwrap();
    payload[odd..odd + 2].copy_from_slice(b"\xe9\xff");
    let seen = passed(&service, &upstream, &payload).await;
    assert!(seen.head.headers().all(|(name, _)| !name.contains('_')));
    assert!(seen.head.raw().windows(11).any(|bytes| bytes == b"x-odd: \xe9\xff\r\n"));
    service.stop().await;
}

/// P05.
#[tokio::test]
async fn what_a_client_hides_behind_connection_is_neither_passed_on_nor_missed() {
    let (service, upstream) = service().await;
    for named in ["content-length", "authorization, host", "transfer-encoding", "close, x-mine", "x-request-id"] {
        let head = format!("connection: {named}\r\nx-mine: 1\r\ncontent-length: 14\r\n");
        let seen = passed(&service, &upstream, &framed(&head, CHAT)).await;
        assert_eq!(seen.head.values("authorization").collect::<Vec<_>>(), ["Bearer canary-key-of-only"], "{named}");
        assert_eq!(seen.head.header("x-mine").is_some(), !named.contains("x-mine"), "{named}");
        assert_eq!((seen.body.as_ref(), seen.head.header("connection")), (CHAT.as_bytes(), None), "{named}");
    }
    service.stop().await;
}
