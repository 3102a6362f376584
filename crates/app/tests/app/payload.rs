//! Raw payloads, and what becomes of them.

use crate::service::{Service, TOKEN, config};
use bytes::Bytes;
use oar_testkit::{Head, RawClient, Script, ScriptedUpstream};

pub(crate) const CHAT: &str = r#"{"model": "m"}"#;

/// Goes right behind every payload: whoever mistakes where that one ends asks the upstream for this.
const SMUGGLED: &str = "GET /v1/smuggled HTTP/1.1\r\nhost: a\r\nauthorization: Bearer canary-client-token\r\n\r\n";

/// A chat whose head, after the request line, is the token and this.
pub(crate) fn chat(head: &str, body: &str) -> Vec<u8> {
    chat_to("/v1/chat/completions", head, body)
}

pub(crate) fn chat_to(target: &str, head: &str, body: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\nauthorization: Bearer {TOKEN}\r\n{head}\r\n{body}").into_bytes()
}

/// A chat with a host, this as its body, and headers that say how it is framed.
pub(crate) fn framed(head: &str, body: &str) -> Vec<u8> {
    chat(&format!("host: a\r\n{head}"), body)
}

/// A service before an upstream that answers whatever is asked of it, on one connection or many.
pub(crate) async fn service() -> (Service, ScriptedUpstream) {
    let upstream = ScriptedUpstream::start(Script::kept_alive(200, &[], "good")).await.unwrap();
    let config = config("dbtype: none", &[("only", &upstream)]).replace("sk:", "keep_header: true, sk:");
    (Service::start(&config).await, upstream)
}

/// Sends the payload with a request behind it, and returns everything that comes back until the connection is closed.
pub(crate) async fn answered(service: &Service, payload: &[u8]) -> (Head, Bytes) {
    let mut client = RawClient::connect(service.addr).await.unwrap();
    // The service may close before it has read everything.
    let _ = client.send([payload, SMUGGLED.as_bytes()].concat()).await;
    let head = client.read_head().await.expect("an answer");
    (head, client.read_to_close().await.0)
}
