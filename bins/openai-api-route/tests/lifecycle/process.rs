//! The program as a child process that can be sent signals while it runs.

use bytes::Bytes;
use oar_testkit::{ScriptedUpstream, request_bytes};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

const TOKEN: &str = "canary-client-token";

pub(crate) struct Process {
    child: Child,
    pub(crate) addr: SocketAddr,
    pub(crate) folder: TempDir,
    stderr: JoinSet<String>,
}

impl Process {
    /// Starts it in a folder of its own, with this `ulimit -n` if any, and waits until it listens.
    pub(crate) async fn start(config: &str, files: Option<u32>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.yaml"), config).unwrap();
        let limit = files.map(|files| format!("ulimit -n {files}; ")).unwrap_or_default();
        let mut child = Command::new("/bin/sh")
            .args(["-c", &format!("{limit}exec \"$0\""), env!("CARGO_BIN_EXE_openai-api-route")])
            .current_dir(folder.path())
            .env_clear()
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
        Self { child, addr, folder, stderr }
    }

    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs");
        let sent = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {id}")]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; yields its log as well.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String, TempDir) {
        let status = self.child.wait().await.unwrap();
        (status, self.stderr.join_next().await.unwrap().unwrap(), self.folder)
    }

    /// How many files it has open.
    pub(crate) fn open_files(&self) -> usize {
        let folder = PathBuf::from(format!("/proc/{}/fd", self.child.id().expect("it runs")));
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
        "address: 127.0.0.1:0\nauthorization: {TOKEN}\n{lines}\nupstreams:\n  - {{name: only, sk: key, endpoint: '{}'}}\n",
        upstream.endpoint()
    )
}

pub(crate) fn chat(model: &str) -> Bytes {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    request_bytes("POST", "/v1/chat/completions", &headers, format!(r#"{{"model": "{model}"}}"#).as_bytes())
}
