//! Processes that obey lines.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// The longest thing that anybody here does without a word takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that obeys the lines of its input, and answers with lines. Dropping it kills it.
pub(crate) struct Crew {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    name: String,
}

impl Crew {
    /// Starts this program again, in another role.
    ///
    /// # Errors
    ///
    /// The operating system has no process for us.
    pub(crate) fn role(role: &str, words: &[String]) -> io::Result<Self> {
        let words = ["--role", role].into_iter().chain(words.iter().map(String::as_str));
        Self::start(&std::env::current_exe()?, words)
    }

    /// Starts a program. What it says on standard error is for whoever reads ours.
    ///
    /// # Errors
    ///
    /// There is no such program.
    pub(crate) fn start(program: &Path, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C is for us: they end with their input, or are killed.
        let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
        let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let name = program.display().to_string();
        Ok(Self { child, stdin, lines: BufReader::new(stdout).lines(), name })
    }

    /// Its process's id.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub(crate) fn id(&self) -> io::Result<u32> {
        self.child.id().ok_or_else(|| io::Error::other(format!("{} has ended", self.name)))
    }

    /// Whether it has ended.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(crate) fn ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Tells it to end, with SIGTERM, and waits for that.
    ///
    /// # Errors
    ///
    /// It has ended before, or does not end.
    pub(crate) async fn end(mut self) -> io::Result<()> {
        let id = i32::try_from(self.id()?).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        kill_process(id, Signal::TERM)?;
        timeout(PATIENCE, self.child.wait()).await?.map(drop)
    }

    /// The next line it says.
    ///
    /// # Errors
    ///
    /// It has ended, or says nothing for two minutes.
    pub(crate) async fn hear(&mut self) -> io::Result<String> {
        let line = timeout(PATIENCE, self.lines.next_line()).await??;
        line.ok_or_else(|| io::Error::other(format!("{} has ended before it was done", self.name)))
    }

    /// Tells it to go on.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub(crate) async fn go(&mut self) -> io::Result<()> {
        self.stdin.write_all(b"go\n").await
    }
}

impl Drop for Crew {
    /// With all that it has started: nginx's worker would outlive its master.
    fn drop(&mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let _ = id.map(|id| kill_process_group(id, Signal::KILL));
    }
}
