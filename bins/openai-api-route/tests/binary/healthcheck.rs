//! `healthcheck`, for supervisors that can only start a program.

use crate::program::{Folder, Left, TOKEN, config};
use oar_testkit::{Script, ScriptedUpstream, Step};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What the program says to `words` with a file of these lines.
async fn ask(lines: &str, words: &[&str]) -> Left {
    let entry = "upstreams: [{sk: canary-key, endpoint: 'https://example.com/v1'}]";
    let folder = Folder::new(&format!("authorization: {TOKEN}\n{lines}\n{entry}\n"));
    folder.run(&[&["healthcheck"], words].concat()).await
}

async fn ask_at(address: SocketAddr) -> Left {
    ask(&format!("address: {address}"), &[]).await
}

/// What is told of one who is not well: one line.
#[track_caller]
fn told(left: &Left) -> &str {
    assert_eq!((left.code, left.stdout.as_str()), (Some(1), ""), "{}", left.stderr);
    left.stderr.strip_prefix("openai-api-route: ").and_then(|line| line.strip_suffix('\n')).expect("one line")
}

/// L08: what listens on every address, or on one with a name, is asked on the loopback.
#[tokio::test]
async fn a_gateway_that_serves_is_well_however_its_address_is_written() {
    let upstream = ScriptedUpstream::refusing().unwrap();
    let folder = Folder::new(&config("dbtype: none", &[("only", &upstream)]));
    let gateway = folder.serve(&[]).await;
    let port = gateway.addr.port();
    for host in ["", "0.0.0.0", "127.0.0.1", "localhost"] {
        for (words, path) in [(&[][..], "/readyz"), (&["ready"], "/readyz"), (&["alive"], "/livez")] {
            let left = ask(&format!("address: '{host}:{port}'"), words).await;
            let line = format!("{path} at 127.0.0.1:{port} was answered 200\n");
            assert_eq!((left.code, left.stdout, left.stderr), (Some(0), line, String::new()), "`{host}`, {words:?}");
        }
    }
    assert_eq!(gateway.end("TERM").await.code, Some(0));
}

/// L08.
#[tokio::test]
async fn the_address_of_the_metrics_is_asked_as_well() {
    let well = ScriptedUpstream::answering(200, &[], "ready\n").await.unwrap();
    let busy = ScriptedUpstream::answering(503, &[], "draining\n").await.unwrap();
    let at = |metrics: SocketAddr| format!("address: {}\nmetrics_listen: {metrics}", well.addr());
    let both = ask(&at(well.addr()), &[]).await;
    assert_eq!((both.code, both.stdout.matches("was answered 200").count()), (Some(0), 2), "{}", both.stdout);
    assert_eq!(told(&ask(&at(busy.addr()), &[]).await), format!("/readyz at {} was answered 503", busy.addr()));
}

/// L08.
#[tokio::test]
async fn one_that_is_not_there_is_told_with_the_cause() {
    let nobody = ScriptedUpstream::refusing().unwrap().addr();
    let line = format!("{nobody} does not answer: Connection refused (os error 111)");
    assert_eq!(told(&ask_at(nobody).await), line);
}

/// L08: a supervisor that gives the question up by itself would not learn why.
#[tokio::test]
async fn one_that_says_nothing_is_given_up_after_two_seconds() {
    let silent = ScriptedUpstream::start(Script::after_request([Step::Hang])).await.unwrap();
    let begun = Instant::now();
    assert_eq!(told(&ask_at(silent.addr()).await), format!("{} does not answer: timed out", silent.addr()));
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn somebody_else_at_its_port_is_told() {
    let stranger = ScriptedUpstream::start(Script::after_request([Step::chunk("SSH-2.0-OpenSSH\r\n")])).await.unwrap();
    let line = format!("{} does not answer: what answers there does not speak HTTP", stranger.addr());
    assert_eq!(told(&ask_at(stranger.addr()).await), line);
}

/// A gateway serves on with its old file while somebody makes mistakes in the new one.
#[tokio::test]
async fn only_the_addresses_of_the_file_have_to_be_right() {
    let well = ScriptedUpstream::answering(200, &[], "ready\n").await.unwrap();
    let left = ask(&format!("address: {}\ntimeout: soon", well.addr()), &[]).await;
    assert_eq!((left.code, left.stderr.as_str()), (Some(0), ""));
    let left = ask("address: nowhere", &[]).await;
    assert_eq!((left.code, left.stdout.as_str()), (Some(1), ""));
    assert!(left.stderr.contains("  address (line 2): `nowhere` is not an address to listen on\n"), "{}", left.stderr);
}

#[tokio::test]
async fn a_port_that_the_system_chooses_cannot_be_asked() {
    let line = "`127.0.0.1:0` lets the system choose a port, so nobody knows where to ask";
    assert_eq!(told(&ask("address: 127.0.0.1:0", &[]).await), line);
}
