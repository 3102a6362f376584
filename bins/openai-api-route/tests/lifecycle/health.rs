//! What load balancers and supervisors are told.

use crate::program::{Folder, TOKEN, chat, config};
use oar_testkit::{Ending, RawClient, Script, ScriptedUpstream, Step, request_bytes};
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// The status of each of the health paths.
async fn health(addr: SocketAddr) -> Vec<Option<u16>> {
    let mut told = Vec::new();
    for path in ["/livez", "/healthz", "/readyz"] {
        told.push(RawClient::exchange(addr, request_bytes("GET", path, &[], b"")).await.unwrap().head.status());
    }
    told
}

/// L08: neither a database nor an upstream that is down is a reason to restart the gateway, or to send clients elsewhere:
/// both may be shared by all gateways.
#[tokio::test]
async fn without_its_database_and_its_upstreams_it_lives_and_is_ready() {
    let (nobody, closed) = (ScriptedUpstream::refusing().unwrap(), ScriptedUpstream::refusing().unwrap());
    let host = format!("host=127.0.0.1 port={} user=gateway dbname=gateway", closed.addr().port());
    let database = format!("dbtype: postgres\ndbaddr: {host} sslmode=disable password=canary-password");
    let folder = Folder::new(&config(&database, &[("only", &nobody)]));
    let gateway = folder.serve(&[]).await;
    assert_eq!(gateway.ask(chat(TOKEN, "m")).await.head.status(), Some(502));
    let page = gateway.ask(request_bytes("GET", "/metrics", &[], b"")).await.text();
    assert!(page.contains("\noar_records_db_up 0\n"), "{page}");
    assert_eq!(health(gateway.addr).await, [Some(200); 3]);
    // The record of that request would wait for the database; the second signal does not.
    let addr = gateway.addr;
    gateway.signal("TERM").await;
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(143), "{}", left.stderr);
}

/// A client that has sent half of its request for this path.
async fn half_asked(addr: SocketAddr, path: &str) -> RawClient {
    let mut client = RawClient::connect(addr).await.unwrap();
    client.send(format!("GET {path} HTTP/1.1\r\n")).await.unwrap();
    client
}

/// L08: once it stops it takes no connection, so who asks anew is refused, also where the metrics are. A request that had
/// begun is answered: it lives, and is not ready.
#[tokio::test]
async fn while_it_drains_it_lives_and_is_not_ready() {
    let steps = [Step::event_stream(), Step::event("1"), Step::Hang];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let folder = Folder::new(&config("dbtype: none\nmetrics_listen: 127.0.0.1:0", &[("only", &upstream)]));
    let gateway = folder.serve(&[]).await;
    let mut asking = Vec::new();
    for (path, status) in [("/livez", 200), ("/healthz", 200), ("/readyz", 503)] {
        asking.push((half_asked(gateway.addr, path).await, status));
    }
    let mut streaming = RawClient::connect(gateway.addr).await.unwrap();
    streaming.send(chat(TOKEN, "m")).await.unwrap();
    streaming.read_through("data: 1\n\n").await.expect("the first event");
    let mut idle = RawClient::connect(gateway.addr).await.unwrap();
    idle.send(request_bytes("GET", "/readyz", &[], b"")).await.unwrap();
    assert_eq!(idle.read_response().await.unwrap().text(), "ready\n");

    gateway.signal("TERM").await;
    assert_eq!(idle.read_to_close().await.1, Ending::Fin);
    assert!(TcpStream::connect(gateway.addr).await.is_err());
    for (client, status) in &mut asking {
        client.send("host: gateway.test\r\n\r\n").await.unwrap();
        assert_eq!(client.read_response().await.expect("an answer").head.status(), Some(*status));
        assert_eq!(client.read_to_close().await.1, Ending::Fin);
    }
    drop(streaming);
    let left = gateway.ended().await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
}
