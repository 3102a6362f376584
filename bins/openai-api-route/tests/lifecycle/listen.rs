//! Addresses of every kind.

use crate::program::Folder;
use oar_testkit::request_bytes;
use std::net::TcpListener;

/// A folder whose gateway listens at this address.
fn at(address: &str) -> Folder {
    let entry = "{noauth: true, sk: canary-key, endpoint: 'http://127.0.0.1:9/v1'}";
    Folder::new(&format!("address: '{address}'\ndbtype: none\nupstreams: [{entry}]\n")).without_rust_log()
}

/// L05: and a name that nobody knows is no address either.
#[tokio::test]
async fn an_address_of_another_machine_is_told_in_one_line() {
    for address in ["192.0.2.1:8080", "[2001:db8::1]:8080"] {
        let left = at(address).run(&[]).await;
        let why = "Cannot assign requested address (os error 99)";
        let told = format!("openai-api-route: cannot listen on {address}: {why}\n");
        assert_eq!((left.code, left.stderr), (Some(1), told));
    }
}

/// L05: where there is IPv6 it is served, and where there is none that is told in one line.
#[tokio::test]
async fn an_address_of_ipv6_alone_is_served_where_there_is_one() {
    let folder = at("[::1]:0");
    if TcpListener::bind("[::1]:0").is_ok() {
        let gateway = folder.serve(&[]).await;
        let answer = gateway.ask(request_bytes("GET", "/livez", &[], b"")).await;
        assert_eq!((gateway.addr.is_ipv6(), answer.text().as_str()), (true, "ok\n"));
    } else {
        let left = folder.run(&[]).await;
        assert_eq!((left.code, left.stderr.lines().count()), (Some(1), 1), "{}", left.stderr);
    }
}
