//! Raw payloads over a real socket: what can be read in two ways is refused, and nothing of it reaches an upstream.

use crate::payload::{CHAT, answered, chat, chat_to, framed, service};
use oar_testkit::RawClient;
use serde::Deserialize;

/// A chunked body that starts like this.
fn chunked(body: &str) -> Vec<u8> {
    framed("transfer-encoding: chunked\r\n", body)
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
        let (head, body) = answered(&service, &payload).await;
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
        let (head, body) = answered(&service, &payload).await;
        assert_eq!((head.status(), body.as_ref()), (Some(status), &b""[..]), "{shown}");
    }
    assert!(upstream.connections().is_empty());
    service.stop().await;
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
