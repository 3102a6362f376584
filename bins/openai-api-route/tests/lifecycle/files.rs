//! More clients than open files.

use crate::program::{Folder, Gateway, TOKEN, chat, config};
use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
use std::time::Duration;
use tokio::time::{Instant, timeout};

async fn good(gateway: &Gateway) -> bool {
    let answer = timeout(Duration::from_secs(1), RawClient::exchange(gateway.addr, chat(TOKEN, "m"))).await;
    answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.text() == "good"))
}

async fn metrics(gateway: &Gateway) -> String {
    gateway.ask(request_bytes("GET", "/metrics", &[], b"")).await.text()
}

async fn silent(gateway: &Gateway, count: usize) -> Vec<RawClient> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(RawClient::connect(gateway.addr).await.unwrap());
    }
    clients
}

/// C18: `ulimit -n 256`, 300 connections. Those without a place wait; files remain for upstreams and the database.
#[tokio::test]
async fn connections_are_capped_below_the_limit_of_open_files() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let folder = Folder::new(&config("", &[("only", &upstream)])).limited("-n 256");
    let gateway = folder.serve(&[]).await;
    let before = gateway.open_files();
    let mut clients = silent(&gateway, 60).await;
    for client in &mut clients {
        client.send(chat(TOKEN, "m")).await.unwrap();
        assert_eq!(client.read_response().await.unwrap().text(), "good");
    }
    clients.extend(silent(&gateway, 240).await);
    assert!(!good(&gateway).await, "there is no place");
    assert!(gateway.open_files() < before + 130, "{} open files", gateway.open_files());
    drop(clients);
    assert!(good(&gateway).await, "places are free again");
    assert!(metrics(&gateway).await.contains(r#"oar_accept_errors_total{errno="EMFILE"} 0"#));
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0));
    assert!(left.stderr.contains("more have to wait"), "{}", left.stderr);
}

/// C18: with files for nothing, it says so once a second, rests in between, and goes on when there are some again.
#[tokio::test]
async fn running_out_of_open_files_is_survived() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let text = config("dbtype: none", &[("only", &upstream)]);
    let needed = Folder::new(&text).serve(&[]).await.open_files();
    let folder = Folder::new(&text).limited(&format!("-n {}", needed + 4));
    let gateway = folder.serve(&[]).await;
    let clients = silent(&gateway, 12).await;
    assert!(!good(&gateway).await, "there is no file");
    drop(clients);
    let since = Instant::now();
    while !good(&gateway).await {
        assert!(since.elapsed() < Duration::from_secs(1), "it recovers within a second");
    }
    let page = metrics(&gateway).await;
    let line = page.lines().find(|line| line.starts_with(r#"oar_accept_errors_total{errno="EMFILE"}"#)).unwrap();
    let count: u32 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((1..=40).contains(&count), "{line}");
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0));
    let told = left.stderr.lines().filter(|line| line.contains("could not be accepted")).count();
    assert!((1..=5).contains(&told), "{}", left.stderr);
}
