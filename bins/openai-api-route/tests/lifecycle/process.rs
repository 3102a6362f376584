//! The program as a child process that can be sent signals while it runs.

use bytes::Bytes;
use oar_testkit::canary::{self, Watch};
use oar_testkit::{ScriptedUpstream, request_bytes};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

pub(crate) const TOKEN: &str = "canary-client-token";

pub(crate) struct Process {
    child: Child,
    pub(crate) addr: SocketAddr,
    pub(crate) folder: TempDir,
    stderr: JoinSet<String>,
    /// Fails the test when a client was answered with a secret.
    _watch: Watch,
}

impl Process {
    /// Starts it in a folder of its own, with this `ulimit -n` if any, and waits until it listens. It logs all there is.
    pub(crate) async fn start(config: &str, files: Option<u32>) -> Self {
        Self::limited(config, &files.map(|files| format!("-n {files}")).unwrap_or_default(), "trace").await
    }

    /// Starts it with this `ulimit`, if any, and this `RUST_LOG`.
    pub(crate) async fn limited(config: &str, limit: &str, log: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.yaml"), config).unwrap();
        let limit = if limit.is_empty() { String::new() } else { format!("ulimit {limit}; ") };
        let mut child = Command::new("/bin/sh")
            .args(["-c", &format!("{limit}exec \"$0\""), env!("CARGO_BIN_EXE_openai-api-route")])
            .current_dir(folder.path())
            .env_clear()
            .env("RUST_LOG", log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.lines().last().unwrap_or_default().contains("listening") {
            assert_ne!(lines.read_line(&mut said).await.unwrap(), 0, "it ended before it listened:\n{said}");
        }
        let addr = address_in(&said);
        let mut stderr = JoinSet::new();
        stderr.spawn(async move {
            lines.read_to_string(&mut said).await.unwrap();
            said
        });
        Self { child, addr, folder, stderr, _watch: Watch::start() }
    }

    pub(crate) async fn signal(&self, name: &str) {
        let id = self.id();
        let sent = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {id}")]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; yields its log as well, in which there is no secret and no panic.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String, TempDir) {
        let status = self.child.wait().await.unwrap();
        let log = self.stderr.join_next().await.unwrap().unwrap();
        canary::assert_none("standard error", &log);
        assert!(!log.contains("panicked at"), "{log}");
        (status, log, self.folder)
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// How many files it has open.
    pub(crate) fn open_files(&self) -> usize {
        let folder = PathBuf::from(format!("/proc/{}/fd", self.id()));
        std::fs::read_dir(folder).unwrap().count()
    }
}

fn address_in(log: &str) -> SocketAddr {
    let from = log.rfind("127.0.0.1:").expect("an address");
    log[from..].split(|c: char| !(c.is_ascii_digit() || ".:".contains(c))).next().unwrap().parse().unwrap()
}

/// One upstream on a free port; `lines` are more keys of the file.
pub(crate) fn config(lines: &str, upstream: &ScriptedUpstream) -> String {
    format!(
        "address: 127.0.0.1:0\nauthorization: {TOKEN}\n{lines}\nupstreams:\n  - {{name: only, sk: canary-key, endpoint: '{}'}}\n",
        upstream.endpoint()
    )
}

pub(crate) fn chat(model: &str) -> Bytes {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    request_bytes(
        "POST",
        "/v1/chat/completions",
        &headers,
        format!(r#"{{"model": "{model}", "user": "canary-prompt"}}"#).as_bytes(),
    )
}
