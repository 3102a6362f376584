//! More clients than open files.

use crate::process::{Process, chat, config};
use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
use std::time::Duration;
use tokio::time::{Instant, timeout};

async fn good(process: &Process) -> bool {
    let answer = timeout(Duration::from_secs(1), RawClient::exchange(process.addr, chat("m"))).await;
    answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.text() == "good"))
}

async fn metrics(process: &Process) -> String {
    RawClient::exchange(process.addr, request_bytes("GET", "/metrics", &[], b"")).await.unwrap().text()
}

async fn silent(process: &Process, count: usize) -> Vec<RawClient> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(RawClient::connect(process.addr).await.unwrap());
    }
    clients
}

/// C18: `ulimit -n 256`, 300 connections. Those without a place wait; files remain for upstreams and the database.
#[tokio::test]
async fn connections_are_capped_below_the_limit_of_open_files() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let process = Process::start(&config("", &upstream), Some(256)).await;
    let before = process.open_files();
    let mut clients = silent(&process, 60).await;
    for client in &mut clients {
        client.send(chat("m")).await.unwrap();
        assert_eq!(client.read_response().await.unwrap().text(), "good");
    }
    clients.extend(silent(&process, 240).await);
    assert!(!good(&process).await, "there is no place");
    assert!(process.open_files() < before + 130, "{} open files", process.open_files());
    drop(clients);
    assert!(good(&process).await, "places are free again");
    assert!(metrics(&process).await.contains(r#"oar_accept_errors_total{errno="EMFILE"} 0"#));
    process.signal("TERM").await;
    let (status, log, _) = process.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(log.contains("more have to wait"), "{log}");
}

/// C18: with files for nothing, it says so once a second, rests in between, and goes on when there are some again.
#[tokio::test]
async fn running_out_of_open_files_is_survived() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let text = config("dbtype: none", &upstream);
    let needed = Process::start(&text, None).await.open_files();
    let process = Process::start(&text, Some(needed as u32 + 4)).await;
    let clients = silent(&process, 12).await;
    assert!(!good(&process).await, "there is no file");
    drop(clients);
    let since = Instant::now();
    while !good(&process).await {
        assert!(since.elapsed() < Duration::from_secs(1), "it recovers within a second");
    }
    let page = metrics(&process).await;
    let line = page.lines().find(|line| line.starts_with(r#"oar_accept_errors_total{errno="EMFILE"}"#)).unwrap();
    let count: u32 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((1..=40).contains(&count), "{line}");
    process.signal("TERM").await;
    let (status, log, _) = process.ended().await;
    assert_eq!(status.code(), Some(0));
    let told = log.lines().filter(|line| line.contains("could not be accepted")).count();
    assert!((1..=5).contains(&told), "{log}");
}
