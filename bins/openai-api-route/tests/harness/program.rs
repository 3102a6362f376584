//! The program itself, run in a folder of its own.

use bytes::Bytes;
use oar_record::{Row, SqliteStore};
use oar_testkit::canary::{self, Watch};
use oar_testkit::{RawClient, RawResponse, ScriptedUpstream, request_bytes};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

pub(crate) const TOKEN: &str = "canary-client-token";

/// A folder with a `config.yaml`, and nothing of the surrounding environment. What runs in it logs all there is, so
/// that whatever it lets out is seen.
pub(crate) struct Folder {
    pub(crate) root: TempDir,
    environment: Vec<(&'static str, String)>,
    /// What a shell says before it runs the program.
    before: String,
    /// Fails the test when a client was answered with a secret.
    _watch: Watch,
}

/// What a run left when it was over.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Left {
    /// A09: neither a secret nor a prompt is ever written there, and nothing panics.
    #[track_caller]
    fn checked(self) -> Self {
        canary::assert_none("standard output", &self.stdout);
        canary::assert_none("standard error", &self.stderr);
        assert!(!self.stderr.contains("panicked at"), "{}", self.stderr);
        self
    }
}

impl Folder {
    pub(crate) fn new(config: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("config.yaml"), config).unwrap();
        let environment = vec![("RUST_LOG", "trace".to_owned())];
        Self { root, environment, before: String::new(), _watch: Watch::start() }
    }

    /// Logs what it logs when nobody says how much.
    pub(crate) fn without_rust_log(mut self) -> Self {
        self.environment.retain(|(name, _)| *name != "RUST_LOG");
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Runs within this `ulimit`: `-n 256` for open files.
    pub(crate) fn limited(mut self, limit: &str) -> Self {
        self.before = format!("ulimit {limit}; ");
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("{}exec \"$0\" \"$@\"", self.before), env!("CARGO_BIN_EXE_openai-api-route")]);
        command.args(arguments).current_dir(self.root.path()).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs to the end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Left {
        let output = self.command(arguments).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Left { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }.checked()
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
        let id = child.id().expect("it runs");
        let arguments = std::fs::read(format!("/proc/{id}/cmdline")).unwrap();
        canary::assert_none("the command line, which everybody on the machine can read", arguments);
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
    pub(crate) said: String,
    stdout: JoinSet<String>,
    stderr: JoinSet<String>,
}

impl Gateway {
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> RawResponse {
        RawClient::exchange(self.addr, request).await.expect("an answer")
    }

    /// Its log has no reader any more: whatever it writes there fails.
    pub(crate) async fn unheard(mut self) -> Self {
        self.stderr.shutdown().await;
        self.stderr.spawn(async { String::new() });
        self
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// How many files it has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }

    /// Sends a signal by its name.
    pub(crate) async fn signal(&self, name: &str) {
        signal(self.id(), name).await;
    }

    /// Sends a signal by its name, and waits for the end.
    pub(crate) async fn end(self, signal: &str) -> Left {
        self.signal(signal).await;
        self.ended().await
    }

    /// Waits for the end.
    pub(crate) async fn ended(mut self) -> Left {
        let code = self.child.wait().await.unwrap().code();
        let stdout = self.stdout.join_next().await.unwrap().unwrap();
        let stderr = self.said + &self.stderr.join_next().await.unwrap().unwrap();
        Left { code, stdout, stderr }.checked()
    }
}

/// Sends a signal by its name: the shell's own `kill` is everywhere, and needs no unsafe code here.
pub(crate) async fn signal(process: u32, name: &str) {
    let sent = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {process}")]).status().await.unwrap();
    assert!(sent.success());
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

/// The last field of this name in a line, as text or as JSON.
pub(crate) fn address_in(line: &str) -> SocketAddr {
    let (_, after) = line.rsplit_once("address").expect("an address");
    after.trim_start_matches(['"', ':', '=']).split(['"', ' ', '\n']).next().unwrap().parse().unwrap()
}

/// A file with these upstreams, named as given, in this order, on a free port.
pub(crate) fn config(database: &str, upstreams: &[(&str, &ScriptedUpstream)]) -> String {
    let entry = |(name, upstream): &(&str, &ScriptedUpstream)| {
        format!("  - {{name: {name}, sk: canary-key-of-{name}, endpoint: '{}'}}\n", upstream.endpoint())
    };
    let entries: String = upstreams.iter().map(entry).collect();
    format!("address: 127.0.0.1:0\nauthorization: {TOKEN}\n{database}\nupstreams:\n{entries}")
}

/// What a chat with this model says, with a prompt that only the upstream and the records may read.
pub(crate) fn chat_body(model: &str) -> String {
    format!(r#"{{"model": "{model}", "user": "canary-prompt"}}"#)
}

pub(crate) fn chat(token: &str, model: &str) -> Bytes {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    request_bytes("POST", "/v1/chat/completions", &headers, chat_body(model).as_bytes())
}
