//! Addresses of every kind.

use oar_testkit::{RawClient, request_bytes};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// The program with this address, and what it says.
struct Listening {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    _folder: TempDir,
}

impl Listening {
    fn at(address: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let entry = "{noauth: true, sk: canary-key, endpoint: 'http://127.0.0.1:9/v1'}";
        let config = format!("address: '{address}'\ndbtype: none\nupstreams: [{entry}]\n");
        std::fs::write(folder.path().join("config.yaml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_openai-api-route"));
        command.current_dir(folder.path()).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log, _folder: folder }
    }

    /// Where it listens.
    async fn address(&mut self) -> SocketAddr {
        loop {
            let line = self.log.next_line().await.unwrap().expect("it listens");
            if let Some((_, after)) = line.split_once("listening address=") {
                return after.split(' ').next().unwrap().parse().unwrap();
            }
        }
    }

    /// Everything it said until it ended, without the warnings about the configuration, and its exit code.
    async fn ended(&mut self) -> (Vec<String>, Option<i32>) {
        let mut said = Vec::new();
        while let Some(line) = self.log.next_line().await.unwrap() {
            said.push(line);
        }
        (said, self.child.wait().await.unwrap().code())
    }
}

/// L05: and a name that nobody knows is no address either.
#[tokio::test]
async fn an_address_of_another_machine_is_told_in_one_line() {
    for (address, why) in [
        ("192.0.2.1:8080", "Cannot assign requested address (os error 99)"),
        ("[2001:db8::1]:8080", "Cannot assign requested address (os error 99)"),
    ] {
        let (said, code) = Listening::at(address).ended().await;
        assert_eq!((said, code), (vec![format!("openai-api-route: cannot listen on {address}: {why}")], Some(1)));
    }
}

/// L05: where there is IPv6 it is served, and where there is none that is told in one line.
#[tokio::test]
async fn an_address_of_ipv6_alone_is_served_where_there_is_one() {
    let mut listening = Listening::at("[::1]:0");
    if TcpListener::bind("[::1]:0").is_ok() {
        let address = listening.address().await;
        let answer = RawClient::exchange(address, request_bytes("GET", "/livez", &[], b"")).await.unwrap();
        assert_eq!((address.is_ipv6(), answer.text().as_str()), (true, "ok\n"));
    } else {
        let (said, code) = listening.ended().await;
        assert_eq!((said.len(), code), (1, Some(1)), "{said:?}");
    }
}
