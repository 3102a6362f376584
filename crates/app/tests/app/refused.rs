//! Requests that are refused before their bodies are read: the answer arrives although the client is still sending.

use crate::service::{Service, TOKEN};
use oar_testkit::{Ending, RawClient, ScriptedUpstream};
use std::time::Duration;
use tokio::time::Instant;

const UPLOAD_BYTES: usize = 20 * 1024 * 1024;

fn head(path: &str, token: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// C10, C15: as common clients do, this one reads only after it has written everything.
#[tokio::test]
async fn a_refusal_arrives_although_the_client_writes_everything_before_it_reads() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let service = Service::before(&upstream).await;
    let upload = vec![b'x'; UPLOAD_BYTES];
    for (path, token, length, status) in [
        ("/v1/chat/completions", "canary-wrong", UPLOAD_BYTES, 401),
        ("/v1/chat/completions", TOKEN, 100 * 1024 * 1024, 413),
        ("/nowhere", TOKEN, UPLOAD_BYTES, 404),
        ("/livez", TOKEN, UPLOAD_BYTES, 405),
    ] {
        let mut client = RawClient::connect(service.addr).await.unwrap();
        client.send(head(path, token, length)).await.unwrap();
        client.send(&upload).await.unwrap();
        let answer = client.read_response().await.expect("an answer");
        assert_eq!((answer.head.status(), answer.complete), (Some(status), true), "{path}");
        client.abandon();
    }
    service.stop().await;
}

/// C10, E-cases of heads: the same for what is no HTTP at all.
#[tokio::test]
async fn a_head_that_is_too_large_is_refused_although_the_client_goes_on() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let service = Service::before(&upstream).await;
    let head = format!("GET /v1/files HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(UPLOAD_BYTES));
    let answer = service.ask(head).await;
    assert_eq!(answer.head.status(), Some(431));
    service.stop().await;
}

/// C09: whoever never stops sending is not listened to for ever, and whoever stops is not waited for.
#[tokio::test(start_paused = true)]
async fn a_refused_client_is_not_listened_to_for_long() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let service = Service::before(&upstream).await;
    for (pause, patience) in [(Duration::from_secs(1), 10), (Duration::from_secs(60), 2)] {
        let mut client = RawClient::connect(service.addr).await.unwrap();
        client.send(head("/v1/chat/completions", "canary-wrong", UPLOAD_BYTES)).await.unwrap();
        assert_eq!(client.read_response().await.unwrap().head.status(), Some(401));
        let since = Instant::now();
        assert_eq!(client.read_to_close().await.1, Ending::Fin);
        assert!(since.elapsed() < Duration::from_secs(1), "it says at once that this was all");
        let closing = async {
            while client.send("x").await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        };
        closing.await;
        let whole = since.elapsed().as_secs();
        assert!((patience..patience + 2 * pause.as_secs() + 1).contains(&whole), "{whole} s");
    }
    service.stop().await;
}
