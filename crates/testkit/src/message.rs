//! HTTP/1.1 as bytes: what tests send, and what scripts answer.

use bytes::Bytes;
use http::StatusCode;

/// A request's bytes: HTTP/1.1 with a `host`, the headers given, and a `content-length` when there is a body and the
/// headers do not frame it themselves.
///
/// ```
/// let request = oar_testkit::request_bytes("POST", "/v1/files?x=1", &[("x-one", "1")], b"{}");
/// assert!(request.starts_with(b"POST /v1/files?x=1 HTTP/1.1\r\nhost: "));
/// assert!(request.ends_with(b"\r\nx-one: 1\r\ncontent-length: 2\r\n\r\n{}"));
/// ```
pub fn request_bytes(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Bytes {
    let start = format!("{method} {target} HTTP/1.1\r\nhost: gateway.test\r\n");
    message_bytes(start, headers, body, (!body.is_empty()).then_some(body.len()))
}

/// A response's bytes: the status line, the headers given, and a `content-length` unless the headers frame the body.
///
/// ```
/// let response = oar_testkit::response_bytes(429, &[("retry-after", "7")], b"");
/// assert_eq!(response, "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n");
/// ```
pub fn response_bytes(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Bytes {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown");
    message_bytes(format!("HTTP/1.1 {status} {reason}\r\n"), headers, body, Some(body.len()))
}

/// One chunk of a chunked body (RFC 9112, section 7.1); an empty one ends the body.
///
/// ```
/// assert_eq!(oar_testkit::chunk_bytes(b"hello"), "5\r\nhello\r\n");
/// ```
pub fn chunk_bytes(bytes: &[u8]) -> Bytes {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat().into()
}

fn message_bytes(start: String, headers: &[(&str, &str)], body: &[u8], length: Option<usize>) -> Bytes {
    let mut bytes = start.into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    let framed = headers.iter().any(|(name, _)| frames_a_body(name));
    if let Some(length) = length.filter(|_| !framed) {
        bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes.into()
}

fn frames_a_body(name: &str) -> bool {
    ["content-length", "transfer-encoding"].iter().any(|framing| name.eq_ignore_ascii_case(framing))
}
