//! An SQLite file, by way of SQLite's own shell.

use super::lines;
use std::io;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// How long the shell waits for whoever else writes.
const PATIENCE: &str = ".timeout 30000";

pub(super) async fn ask(file: &Path, statement: &str) -> io::Result<Vec<String>> {
    let mut shell = Command::new("sqlite3");
    shell.args(["-batch", "-separator", "|", "-cmd", PATIENCE]).arg(file).arg(statement);
    lines(shell).await
}

/// Another process that holds an SQLite file, so that nobody else can write to it. Dropping it lets go at once.
pub struct Lock {
    shell: Child,
    stdin: ChildStdin,
}

impl Lock {
    /// Waits for whoever writes, and then holds the file.
    ///
    /// # Errors
    ///
    /// There is no `sqlite3`, or it did not get hold of the file in half a minute.
    pub async fn take(file: &Path) -> io::Result<Self> {
        let mut shell = Command::new("sqlite3")
            .args(["-batch", "-bail", "-cmd", PATIENCE])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for us.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin = shell.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let stdout = shell.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(b"BEGIN EXCLUSIVE;\nSELECT 'held';\n").await?;
        match BufReader::new(stdout).lines().next_line().await? {
            Some(line) if line == "held" => Ok(Self { shell, stdin }),
            _ => Err(io::Error::other("sqlite3 could not lock the file")),
        }
    }

    /// Lets go in order.
    ///
    /// # Errors
    ///
    /// The shell has ended before.
    pub async fn release(mut self) -> io::Result<()> {
        self.stdin.write_all(b"ROLLBACK;\n").await?;
        drop(self.stdin);
        match self.shell.wait().await?.success() {
            true => Ok(()),
            false => Err(io::Error::other("sqlite3 did not let go of the file in order")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_writes_to_a_file_that_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.sqlite");
        ask(&file, "PRAGMA journal_mode = WAL; CREATE TABLE t (a)").await.unwrap();
        let lock = Lock::take(&file).await.unwrap();
        let refused = Command::new("sqlite3").arg(&file).arg("INSERT INTO t VALUES (1)").output().await.unwrap();
        assert!(String::from_utf8_lossy(&refused.stderr).contains("locked"), "{refused:?}");
        lock.release().await.unwrap();
        assert_eq!(ask(&file, "INSERT INTO t VALUES (2) RETURNING a").await.unwrap(), ["2"]);
    }
}
