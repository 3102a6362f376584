//! The program under test, as a child process.

use crate::process::Process;
use crate::scrape::Page;
use crate::tree::Tree;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long the program may take until it listens, and until it says that it is ready.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A gateway that runs. Dropping it kills it.
pub struct Gateway {
    child: Child,
    id: u32,
    addr: SocketAddr,
    log: PathBuf,
}

impl Gateway {
    /// Writes `config` into `folder`, which the program's log and database go to as well, and starts `binary` there; the
    /// configuration must ask for a free port of the loopback. Of the environment,
    /// `MALLOC_ARENA_MAX` alone reaches it, as the container image sets it.
    ///
    /// # Errors
    ///
    /// It cannot be started, or does not listen in 30 s; then its log is part of the error.
    pub async fn start(binary: &Path, folder: &Path, config: &str) -> io::Result<Self> {
        Self::start_with(None, binary, folder, config).await
    }

    /// The same, and upstreams are to show a certificate that these authorities have signed.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_trusting(authorities: &Path, binary: &Path, folder: &Path, config: &str) -> io::Result<Self> {
        Self::start_with(Some(authorities), binary, folder, config).await
    }

    async fn start_with(authorities: Option<&Path>, binary: &Path, folder: &Path, config: &str) -> io::Result<Self> {
        fs::write(folder.join("config.yaml"), config)?;
        let log = folder.join("gateway.log");
        let mut child = Command::new(fs::canonicalize(binary)?)
            .current_dir(folder)
            .env_clear()
            .envs(std::env::var_os("MALLOC_ARENA_MAX").map(|arenas| ("MALLOC_ARENA_MAX", arenas)))
            .envs(authorities.map(|authorities| ("SSL_CERT_FILE", authorities)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            // Ctrl-C is for us: we end it in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id().ok_or(io::ErrorKind::BrokenPipe)?;
        let addr = listening(&mut child, &log).await?;
        Ok(Self { child, id, addr, log })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it uses can be read from this.
    pub fn process(&self) -> Process {
        Process::of(self.id)
    }

    /// What it and all that it starts spend can be read from this.
    pub fn tree(&self) -> Tree {
        Tree::of(self.id)
    }

    /// Its metrics.
    ///
    /// # Errors
    ///
    /// As [`Page::fetch`].
    pub async fn metrics(&self) -> io::Result<Page> {
        Page::fetch(self.addr).await
    }

    /// Tells it to read its configuration again.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn reload(&self) -> io::Result<()> {
        self.signal(Signal::HUP)
    }

    /// Tells it to stop, and waits for its end.
    ///
    /// # Errors
    ///
    /// It has ended before, or takes longer than `patience`; then it is killed.
    pub async fn stop(mut self, patience: Duration) -> io::Result<Stopped> {
        self.signal(Signal::TERM)?;
        let status = timeout(patience, self.child.wait()).await??;
        Ok(Stopped { status, log: self.said()? })
    }

    /// Kills it, which it is not asked about, and waits for its end.
    ///
    /// # Errors
    ///
    /// It has ended before.
    pub async fn kill(mut self) -> io::Result<()> {
        self.signal(Signal::KILL)?;
        self.child.wait().await.map(drop)
    }

    /// What its log says so far.
    ///
    /// # Errors
    ///
    /// The file is gone.
    pub fn said(&self) -> io::Result<String> {
        fs::read_to_string(&self.log)
    }

    /// Where its log is.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        Ok(kill_process(id, signal)?)
    }
}

/// What is left of a gateway that was stopped.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it said.
    pub log: String,
}

impl Stopped {
    /// The lines of its log after which somebody must act, and those of panics.
    pub fn alarms(&self) -> Vec<String> {
        alarms_in(&self.log)
    }
}

async fn listening(child: &mut Child, log: &Path) -> io::Result<SocketAddr> {
    let until = Instant::now() + START_PATIENCE;
    loop {
        let said = fs::read_to_string(log)?;
        if let Some(addr) = address_in(&said) {
            return Ok(addr);
        }
        if child.try_wait()?.is_some() || Instant::now() > until {
            return Err(io::Error::other(format!("the gateway does not listen:\n{said}")));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The lines of a log after which somebody must act, and those of panics.
pub fn alarms_in(log: &str) -> Vec<String> {
    let alarms = log.lines().filter(|line| line.contains(" ERROR ") || line.contains("panicked"));
    alarms.map(str::to_owned).collect()
}

/// `127.0.0.1:4711` of `… listening address=127.0.0.1:4711`, once the line has an end.
fn address_in(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("listening address=")?;
    let (line, _) = rest.split_once('\n')?;
    line.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_when_its_line_is_whole() {
        let line = "2026-01-01T00:00:00Z  INFO listening address=127.0.0.1:4711";
        assert_eq!(address_in(line), None);
        assert_eq!(address_in(&format!("{line}\n")), Some(([127, 0, 0, 1], 4711).into()));
    }
}
