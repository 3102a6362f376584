//! Tokens that are meant for somebody behind the gateway: a database, a log, a terminal, a metric.

use crate::house::{House, status};
use oar_testkit::{ScriptedUpstream, canary};

/// A chat whose `Authorization` has this value, with nothing escaped.
fn presenting(value: impl AsRef<[u8]>) -> Vec<u8> {
    let head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway.test\r\ncontent-length: 2\r\nauthorization: ";
    [head, value.as_ref(), b"\r\n\r\n{}"].concat()
}

/// What the answer to such a value is; neither it nor a story or a log line, at any level, has anything of the value.
async fn answer_to(value: impl AsRef<[u8]>) -> u16 {
    let upstream = ScriptedUpstream::answering(200, &[], "never asked").await.unwrap();
    let house = House::of([&upstream]).await;
    let mut client = house.connect().await;
    // Who is refused in the middle of a long head may not be able to send all of it.
    let _ = client.send(presenting(value)).await;
    let answer = client.read_response().await.expect("an answer");
    canary::assert_none("the answer's head", answer.head.raw());
    canary::assert_none("the answer's body", &answer.body);
    canary::assert_none("the stories", format!("{:?}", house.heard.exchanges()));
    assert!(upstream.connections().is_empty());
    status(&answer)
}

/// A05.
#[tokio::test]
async fn a_token_that_is_meant_for_somebody_else_is_only_wrong() {
    for value in [
        "Bearer canary' OR '1'='1' --",
        "Bearer canary'); DROP TABLE records; --",
        "Bearer canary\"} 1 forged{a=\"b",
        "Bearer canary level=ERROR msg=\"forged\"",
        "Bearer ${jndi:ldap://canary}{{canary}}%s%n",
        "Bearer canary\\r\\nx-forged: 1",
        "Bearer canary\u{7b}\u{e9}\u{202e}",
        "canary",
        "Basic Y2FuYXJ5OmNhbmFyeQ==canary",
    ] {
        assert_eq!(answer_to(value).await, 401, "{value:?}");
    }
}

/// A05: no header can hold these, so they are refused before anybody looks at the token.
#[tokio::test]
async fn a_token_that_no_header_can_hold_is_refused_with_its_request() {
    for value in [
        "Bearer canary\u{1b}[31m",
        "Bearer canary\0",
        "Bearer canary\rforged",
        "Bearer canary\r\n forged: 1",
        "Bearer canary\u{8}\u{7f}",
    ] {
        assert_eq!(answer_to(value).await, 400, "{value:?}");
    }
}

/// A05.
#[tokio::test]
async fn a_token_of_a_megabyte_is_too_large_or_wrong() {
    assert_eq!(answer_to(format!("Bearer canary{}", "x".repeat(1 << 20))).await, 431);
    assert_eq!(answer_to(format!("Bearer canary{}", "x".repeat(60 * 1024))).await, 401);
}
