//! Where the gateway keeps its records, and how to take that away from it.
//!
//! What was written is read with the databases' own programs, `sqlite3` and `psql`: it must be readable by anybody.

mod console;
mod postgres;
mod sqlite;

pub use console::Care;
pub use postgres::Server;
pub use sqlite::Lock;

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// A database of a gateway.
#[derive(Clone, Debug)]
pub enum Database {
    /// There is none: nothing is recorded.
    None,
    /// A file, whether it is there yet or not.
    Sqlite(PathBuf),
    /// A database of a server.
    Postgres {
        /// The server.
        server: Arc<Server>,
        /// The database's name.
        name: String,
    },
}

impl Database {
    /// What a gateway's configuration says about it, as a line with its end.
    pub fn keys(&self) -> String {
        match self {
            Self::None => "dbtype: none\n".into(),
            Self::Sqlite(file) => format!("dbtype: sqlite\ndbaddr: '{}'\n", file.display()),
            Self::Postgres { server, name } => format!("dbtype: postgres\ndbaddr: '{}'\n", server.url(name)),
        }
    }

    /// Runs one statement; a line for each row that it gives, with `|` between the columns. Nothing where there is no
    /// database.
    ///
    /// # Errors
    ///
    /// There is no such program, or it says why the statement failed.
    pub async fn ask(&self, statement: &str) -> io::Result<Vec<String>> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Sqlite(file) => sqlite::ask(file, statement).await,
            Self::Postgres { server, name } => server.ask(name, statement).await,
        }
    }

    /// The whole number that a statement gives.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask); there is no such number.
    pub async fn number(&self, statement: &str) -> io::Result<u64> {
        let lines = self.ask(statement).await?;
        let number = lines.first().and_then(|line| line.parse().ok());
        number.ok_or_else(|| io::Error::other(format!("`{statement}` gives no number: {lines:?}")))
    }

    /// What is wrong with the file or the table itself; nothing is what one hopes for.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub async fn damage(&self) -> io::Result<Vec<String>> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Sqlite(_) => {
                let mut told = self.ask("PRAGMA integrity_check").await?;
                told.retain(|line| line != "ok");
                Ok(told)
            }
            // It checks its own pages when it reads them, so all of them are read.
            Self::Postgres { .. } => self.ask("SELECT sum(length(r::text)) FROM records r").await.map(|_| Vec::new()),
        }
    }
}

/// Runs a program to its end, and yields the lines it prints.
async fn lines(mut command: Command) -> io::Result<Vec<String>> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        let program = command.as_std().get_program().display();
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{program}: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
