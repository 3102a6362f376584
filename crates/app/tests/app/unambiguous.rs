//! Raw payloads over a real socket: what can be read in two ways is refused, and what is passed on has one framing.

use crate::service::{Service, TOKEN, config};
use bytes::Bytes;
use oar_testkit::{Head, RawClient, Script, ScriptedUpstream, SeenRequest};
use serde::Deserialize;

const CHAT: &str = r#"{"model": "m"}"#;

/// Goes right behind every payload: whoever mistakes where that one ends asks the upstream for this.
const SMUGGLED: &str = "GET /v1/smuggled HTTP/1.1\r\nhost: a\r\nauthorization: Bearer canary-client-token\r\n\r\n";

/// A chat whose head, after the request line, is the token and this.
fn chat(head: &str, body: &str) -> Vec<u8> {
    chat_to("/v1/chat/completions", head, body)
}

fn chat_to(target: &str, head: &str, body: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\n{head}\r\n{body}").into_bytes()
}

/// A chat with a host, this as its body, and headers that say how it is framed.
fn framed(head: &str, body: &str) -> Vec<u8> {
    chat(&format!("host: a\r\n{head}"), body)
}

/// A chunked body that starts like this.
fn chunked(body: &str) -> Vec<u8> {
    framed("transfer-encoding: chunked\r\n", body)
}

/// A service before an upstream that answers whatever is asked of it, on one connection or many.
async fn service() -> (Service, ScriptedUpstream) {
    let upstream = ScriptedUpstream::start(Script::kept_alive(200, &[], "good")).await.unwrap();
    let config = config("dbtype: none", &[("only", &upstream)]).replace("sk:", "keep_header: true, sk:");
    (Service::start(&config).await, upstream)
}

/// Sends the payload with a request behind it, and returns everything that comes back until the connection is closed.
async fn refused(service: &Service, payload: &[u8]) -> (Head, Bytes) {
    let mut client = RawClient::connect(service.addr).await.unwrap();
    // The service may close before it has read everything.
    let _ = client.send([payload, SMUGGLED.as_bytes()].concat()).await;
    let head = client.read_head().await.expect("an answer");
    (head, client.read_to_close().await.0)
}

fn code(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        code: String,
        #[serde(rename = "type")]
        kind: String,
    }
    let refusal: Refusal = serde_json::from_slice(body).expect("one error object and nothing behind it");
    assert_eq!(refusal.error.kind, "invalid_request_error");
    refusal.error.code
}

/// Each of these is answered once, with this status and code; then the connection is closed.
async fn all_refused(cases: impl IntoIterator<Item = (Vec<u8>, u16, &'static str)>) {
    let (service, upstream) = service().await;
    for (payload, status, expected) in cases {
        let shown = String::from_utf8_lossy(&payload[..payload.len().min(300)]).into_owned();
        let (head, body) = refused(&service, &payload).await;
        assert_eq!(head.status(), Some(status), "{shown}");
        assert_eq!(code(&body), expected, "{shown}");
        assert_eq!(head.header("connection"), Some("close"), "{shown}");
    }
    assert!(upstream.connections().is_empty());
    service.stop().await;
}

/// Each of these never gets as far as the gateway: the parser below it answers with this status and no body.
async fn all_unreadable(cases: impl IntoIterator<Item = (Vec<u8>, u16)>) {
    let (service, upstream) = service().await;
    for (payload, status) in cases {
        let shown = String::from_utf8_lossy(&payload[..payload.len().min(300)]).into_owned();
        let (head, body) = refused(&service, &payload).await;
        assert_eq!((head.status(), body.as_ref()), (Some(status), &b""[..]), "{shown}");
    }
    assert!(upstream.connections().is_empty());
    service.stop().await;
}

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

/// 1E: the host decides nothing here, but others believe in it.
#[tokio::test]
async fn a_request_names_exactly_one_host_that_is_one() {
    let hosts = [
        "",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nHost: b\r\n",
        "host: a/#@evil\r\n",
        "host: localhost:4000/#@x\r\n",
        "host: user@a\r\n",
        "host: a, b\r\n",
        "host: a b\r\n",
        "host:\r\n",
        "host: a:b\r\n",
        "host: [::1\r\n",
        "host: http://a\r\n",
        "x: y\r\nhost: a?\r\n",
    ];
    let framing = format!("content-length: {}\r\n", CHAT.len());
    all_refused(hosts.map(|host| (chat(&format!("{host}{framing}"), CHAT), 400, "invalid_host"))).await;
}

/// 1E: what the parser below takes for chunked, and others for something else.
#[tokio::test]
async fn only_chunked_frames_a_body_and_only_once() {
    let body = format!("e\r\n{CHAT}\r\n0\r\n\r\n");
    let codings = [
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "transfer-encoding: ,chunked\r\n",
        "content-length: 5\r\ntransfer-encoding: identity, chunked\r\n",
    ];
    all_refused(codings.map(|coding| (framed(coding, &body), 400, "invalid_framing"))).await;
}

/// 1E: two types, or none that anybody knows, would be two readings of one body.
#[tokio::test]
async fn a_body_has_one_content_type() {
    let framing = format!("content-length: {}\r\n", CHAT.len());
    let kinds = [
        "content-type: application/json\r\ncontent-type: text/plain\r\n",
        "content-type: application/json, multipart/form-data; boundary=x\r\n",
        "content-type: json\r\n",
        "content-type: text/plain; charset=\"utf-8\r\n",
        "content-type: \u{e9}/x\r\n",
    ];
    all_refused(kinds.map(|kind| (framed(&format!("{kind}{framing}"), CHAT), 400, "invalid_content_type"))).await;
}

/// C13: also without waiting for the body, which the client holds back.
#[tokio::test]
async fn an_expectation_that_cannot_be_met_is_refused() {
    let expectations = ["expect: foo\r\n", "expect: 100-continue, foo\r\n", "expect: 100-continue\r\nexpect: 1\r\n"];
    let framing = format!("content-length: {}\r\n", CHAT.len());
    let cases = expectations.map(|line| (framed(&format!("{line}{framing}"), ""), 417, "expectation_failed"));
    all_refused(cases).await;
}

/// 1E: refused by the parser, which must stay so.
#[tokio::test]
async fn heads_that_are_no_http_are_not_read() {
    let length = format!("content-length: {}\r\n", CHAT.len());
    let heads = [
        "x: a\r\n folded\r\n",
        "x : a\r\n",
        "x: a\0b\r\n",
        "x: a\rb: c\r\n",
        "x\r\n",
        ": x\r\n",
        "transfer-encoding: \x0bchunked\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding\r\n: chunked\r\n",
        "transfer-encoding : chunked\r\n",
    ];
    all_unreadable(heads.map(|head| (framed(&format!("{head}{length}"), CHAT), 400))).await;
    let lengths = ["+5", "-1", "0x5", "5,5", "5, 6", "5 5", "", "99999999999999999999", "5\r\ncontent-length: 6"];
    all_unreadable(lengths.map(|length| (framed(&format!("content-length: {length}\r\n"), "hello"), 400))).await;
    let old = |line: &str, head: &str| format!("{line}\r\nhost: a\r\n{head}\r\n").into_bytes();
    let lines = [
        old("POST /v1/x HTTP/1.0", "transfer-encoding: chunked\r\n"),
        old("GET /v1/x HTTP/1.2", ""),
        old("GET /v1/x HTTP/2.0", ""),
        old("GET /v1/x", ""),
        old("GET  /v1/x HTTP/1.1", ""),
        old("GET /v1/x y HTTP/1.1", ""),
        old("G\u{e9}T /v1/x HTTP/1.1", ""),
    ];
    all_unreadable(lines.map(|payload| (payload, 400))).await;
}

/// 1E: heads have an end.
#[tokio::test]
async fn heads_that_are_too_large_are_not_read() {
    let many = |count: usize| (0..count).map(|number| format!("x-{number}: y\r\n")).collect::<String>();
    let long = |bytes: usize| format!("/v1/{}", "x".repeat(bytes));
    all_unreadable([
        (framed(&many(101), ""), 431),
        (framed(&format!("x: {}\r\n", "y".repeat(500_000)), ""), 431),
        (chat_to(&long(70_000), "host: a\r\n", ""), 431),
    ])
    .await;
    let (service, upstream) = service().await;
    passed(&service, &upstream, &framed(&format!("content-length: 14\r\n{}", many(90)), CHAT)).await;
    service.stop().await;
}

/// 1E: a body that is cut into chunks in a way that two readers could disagree about.
#[tokio::test]
async fn chunks_that_are_not_clear_are_refused_before_anybody_is_asked() {
    let extension = format!("e;x={}\r\n{CHAT}\r\n0\r\n\r\n", "y".repeat(20_000));
    let bodies = [
        &format!("e\n{CHAT}\r\n0\r\n\r\n"),
        &format!("e\r\n{CHAT}\n0\r\n\r\n"),
        &format!("e\r\n{CHAT}xx0\r\n\r\n"),
        &format!("e\r\n{CHAT}\r\n0\n\n"),
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        &format!("e;x=\n5\r\n{CHAT}\r\n0\r\n\r\n"),
        &format!("e;x=\"\r\n{CHAT}\"\n\r\n0\r\n\r\n"),
        &extension,
        "g\r\nhello\r\n0\r\n\r\n",
    ];
    all_refused(bodies.map(|body| (chunked(body), 400, "invalid_body"))).await;
}

/// 1E, C05: the client has left, whatever it meant to say.
#[tokio::test]
async fn a_chunked_body_that_ends_early_reaches_nobody() {
    let (service, upstream) = service().await;
    for body in ["e\r\n{\"mod", "e\r\n{\"model\": \"m\"}\r\n", "e\r\n{\"model\": \"m\"}\r\n0\r\n", "ffff\r\n"] {
        let mut client = RawClient::connect(service.addr).await.unwrap();
        client.send(chunked(body)).await.unwrap();
        client.half_close().await.unwrap();
        client.read_to_close().await;
    }
    assert!(upstream.connections().is_empty());
    service.stop().await;
}

/// 1E: odd, but clear. What goes on is made anew, so nothing odd is left of it.
#[tokio::test]
async fn what_is_only_odd_goes_on_with_one_framing() {
    let (service, upstream) = service().await;
    let bare =
        format!("POST /v1/chat/completions HTTP/1.1\nhost: a\nauthorization: Bearer {TOKEN}\ncontent-length: 14\n");
    let old = format!("POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 14\r\n");
    let in_chunks = format!("5;x=y\r\n{}\r\n009\r\n{}\r\n0\r\nx-trailer: 1\r\n\r\n", &CHAT[..5], &CHAT[5..]);
    let payloads = [
        format!("{bare}\n{CHAT}").into_bytes(),
        [b"\r\n", &*framed("content-length: 14\r\n", CHAT)].concat(),
        format!("{old}\r\n{CHAT}").into_bytes(),
        framed("content-length: 14\r\ncontent-length: 14\r\n", CHAT),
        framed("content-length: 014\r\n", CHAT),
        framed("Transfer-Encoding: Chunked\r\n", &in_chunks),
        framed("content-length: 3\r\ntransfer-encoding: chunked\r\n", &in_chunks),
        framed("transfer-encoding: chunked\r\ncontent-length: 3\r\n", &in_chunks),
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
    let (head, rest) = refused(&service, &payload).await;
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
