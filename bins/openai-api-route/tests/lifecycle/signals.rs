//! One signal stops in order; a second one is from somebody who will not wait.

use crate::program::{Folder, TOKEN, chat, config};
use oar_testkit::{RawClient, Script, ScriptedUpstream, Step};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

async fn until_refused(addr: std::net::SocketAddr) {
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

/// L02: what runs is cut, what is queued is written, and the exit code says which signal it was.
#[tokio::test]
async fn a_second_signal_ends_it_at_once_with_its_number() {
    for (first, second, code) in [("TERM", "TERM", 143), ("INT", "INT", 130), ("TERM", "INT", 130)] {
        let steps = [Step::event_stream(), Step::event("1"), Step::Hang];
        let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
        let folder = Folder::new(&config("", &[("only", &upstream)]));
        let gateway = folder.serve(&[]).await;
        let addr = gateway.addr;
        let mut client = RawClient::connect(addr).await.unwrap();
        client.send(chat(TOKEN, "m")).await.unwrap();
        client.read_head().await.unwrap();
        client.read_chunk().await.unwrap();

        gateway.signal(first).await;
        until_refused(addr).await;
        let since = Instant::now();
        let left = gateway.end(second).await;
        assert_eq!(left.code, Some(code), "{}", left.stderr);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        assert_eq!(upstream.connections().len(), 1);
        upstream.closed().await;
        let rows = folder.rows().await;
        let outcomes: Vec<_> = rows.iter().map(|row| row.outcome.as_deref()).collect();
        assert_eq!(outcomes, [Some("drained")]);
    }
}

/// L01: connections that only wait for something keep nobody waiting.
#[tokio::test]
async fn silent_and_idle_connections_do_not_delay_a_stop() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let folder = Folder::new(&config("", &[("only", &upstream)]));
    let gateway = folder.serve(&[]).await;
    let mut idle = Vec::new();
    for sent in ["", "PRI * HT", "POST /v1/chat"] {
        let mut client = RawClient::connect(gateway.addr).await.unwrap();
        client.send(sent).await.unwrap();
        idle.push(client);
    }
    let mut client = RawClient::connect(gateway.addr).await.unwrap();
    client.send(chat(TOKEN, "m")).await.unwrap();
    assert_eq!(client.read_response().await.unwrap().text(), "good");
    idle.push(client);
    // The half head may still become a request; it is given up first.
    idle.swap_remove(2).abandon();
    let since = Instant::now();
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}
