//! The program itself, run in a folder of its own.

use bytes::Bytes;
use oar_record::{Row, SqliteStore};
use oar_testkit::{RawClient, RawResponse, ScriptedUpstream, request_bytes};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

pub(crate) const TOKEN: &str = "canary-client-token";

/// A folder with a `config.yaml`, and nothing of the surrounding environment.
pub(crate) struct Folder {
    pub(crate) root: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// What a run left when it was over.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new(config: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("config.yaml"), config).unwrap();
        Self { root, environment: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openai-api-route"));
        command.args(arguments).current_dir(self.root.path()).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs to the end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Left {
        let output = self.command(arguments).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Left { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs until it says where it listens.
    pub(crate) async fn serve(&self, arguments: &[&str]) -> Gateway {
        let mut child = self.command(arguments).spawn().unwrap();
        let stdout = collect(child.stdout.take().unwrap());
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let addr = loop {
            let from = said.len();
            assert_ne!(lines.read_line(&mut said).await.unwrap(), 0, "it ended before it listened:\n{said}");
            if said[from..].contains("listening") {
                break address_in(&said[from..]);
            }
        };
        Gateway { child, addr, said, stdout, stderr: collect(lines) }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.path().join("db.sqlite")
    }

    /// All rows, the oldest first.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let mut rows = SqliteStore::open(self.database()).await.unwrap().recent(1000).await.unwrap();
        rows.reverse();
        rows
    }
}

/// A running program.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) addr: SocketAddr,
    /// Its log up to the line that says where it listens.
    said: String,
    stdout: JoinSet<String>,
    stderr: JoinSet<String>,
}

impl Gateway {
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> RawResponse {
        RawClient::exchange(self.addr, request).await.expect("an answer")
    }

    /// Sends a signal by its name, and waits for the end.
    pub(crate) async fn end(mut self, signal: &str) -> Left {
        let id = self.child.id().expect("it runs");
        // The shell's own `kill` is everywhere, and needs no unsafe code here.
        let sent = Command::new("/bin/sh").args(["-c", &format!("kill -{signal} {id}")]).status().await.unwrap();
        assert!(sent.success());
        let code = self.child.wait().await.unwrap().code();
        let stdout = self.stdout.join_next().await.unwrap().unwrap();
        let stderr = self.said + &self.stderr.join_next().await.unwrap().unwrap();
        Left { code, stdout, stderr }
    }
}

/// Reads on while the program runs, so that it never waits for its reader.
fn collect(mut stream: impl AsyncRead + Send + Unpin + 'static) -> JoinSet<String> {
    let mut reading = JoinSet::new();
    reading.spawn(async move {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    });
    reading
}

fn address_in(line: &str) -> SocketAddr {
    let start = line.find("127.0.0.1:").expect("an address");
    let address = line[start..].split(|c: char| !(c.is_ascii_digit() || ".:".contains(c))).next();
    address.unwrap().parse().unwrap()
}

/// A file with these upstreams, named as given, in this order, on a free port.
pub(crate) fn config(database: &str, upstreams: &[(&str, &ScriptedUpstream)]) -> String {
    let entry = |(name, upstream): &(&str, &ScriptedUpstream)| {
        format!("  - {{name: {name}, sk: canary-key-of-{name}, endpoint: '{}'}}\n", upstream.endpoint())
    };
    let entries: String = upstreams.iter().map(entry).collect();
    format!("address: 127.0.0.1:0\nauthorization: {TOKEN}\n{database}\nupstreams:\n{entries}")
}

pub(crate) fn chat(token: &str, model: &str) -> Bytes {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    request_bytes("POST", "/v1/chat/completions", &headers, format!(r#"{{"model": "{model}"}}"#).as_bytes())
}
