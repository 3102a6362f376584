//! `scripts/with-postgres.sh --console`: a server of our own that stops, freezes and starts again as it is told.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// A server takes a second or two to begin or to end; a busy machine gets more.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a server may lose when the machine dies, which costs it time to avoid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Everything: nothing waits for the disk.
    None,
    /// Nothing that it has confirmed: as it comes out of the box.
    Usual,
}

/// The script that owns the server. The server ends with it, and it with its input: however we end, nothing stays.
#[derive(Debug)]
pub(super) struct Console {
    script: Child,
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Console {
    /// Starts a server; yields its URL as well.
    pub(super) async fn start(care: Care) -> io::Result<(Self, String)> {
        let careful = match care {
            Care::None => None,
            Care::Usual => Some("--careful"),
        };
        let mut script = Command::new(script())
            .arg("--console")
            .args(careful)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for us.
            .process_group(0)
            .spawn()?;
        let stdin = script.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let stdout = script.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut console = Self { script, stdin, answers: BufReader::new(stdout).lines() };
        let url = console.answer().await?;
        Ok((console, url))
    }

    pub(super) async fn order(&mut self, order: &str) -> io::Result<()> {
        self.stdin.write_all(format!("{order}\n").as_bytes()).await?;
        match self.answer().await?.as_str() {
            "done" => Ok(()),
            other => Err(io::Error::other(format!("with-postgres.sh answers `{other}` to `{order}`"))),
        }
    }

    async fn answer(&mut self) -> io::Result<String> {
        let line = timeout(PATIENCE, self.answers.next_line()).await??;
        line.ok_or_else(|| io::Error::other("with-postgres.sh has ended; is PostgreSQL's server installed?"))
    }

    /// Ends the server, and waits for that.
    pub(super) async fn end(mut self) -> io::Result<()> {
        drop(self.stdin);
        timeout(PATIENCE, self.script.wait()).await?.map(drop)
    }
}

/// The folder of PostgreSQL's programs.
pub(super) async fn programs() -> io::Result<PathBuf> {
    let mut find = Command::new(script());
    find.arg("--find");
    let found = super::lines(find).await?;
    found.first().map(PathBuf::from).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/with-postgres.sh")
}
