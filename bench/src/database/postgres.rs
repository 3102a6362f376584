//! A PostgreSQL server of our own.

use super::console::{Care, Console, programs};
use super::{Database, lines};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::process::Command;
use tokio::sync::Mutex;

/// A server on a free port of the loopback, which ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Without a database's name.
    url: String,
    psql: PathBuf,
    console: Mutex<Console>,
}

impl Server {
    /// Makes a new one and starts it.
    ///
    /// # Errors
    ///
    /// PostgreSQL's server is not installed, or does not start.
    pub async fn start(care: Care) -> io::Result<Arc<Self>> {
        let psql = programs().await?.join("psql");
        let (console, url) = Console::start(care).await?;
        let (url, _) = url.rsplit_once('/').ok_or(io::ErrorKind::InvalidData)?;
        Ok(Arc::new(Self { url: url.to_owned(), psql, console: Mutex::new(console) }))
    }

    /// Makes an empty database.
    ///
    /// # Errors
    ///
    /// There is one of this name.
    pub async fn create(self: &Arc<Self>, name: &str) -> io::Result<Database> {
        self.ask("postgres", &format!("CREATE DATABASE {name}")).await?;
        Ok(Database::Postgres { server: Arc::clone(self), name: name.to_owned() })
    }

    /// Where one of its databases is.
    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    /// Stops it as a power cut would.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask), and so with the three below.
    pub async fn stop(&self) -> io::Result<()> {
        self.console.lock().await.order("stop").await
    }

    /// Starts it again.
    ///
    /// # Errors
    ///
    /// See [`stop`](Self::stop).
    pub async fn start_again(&self) -> io::Result<()> {
        self.console.lock().await.order("start").await
    }

    /// Stops all its processes where they are: it accepts connections, and says nothing.
    ///
    /// # Errors
    ///
    /// See [`stop`](Self::stop).
    pub async fn freeze(&self) -> io::Result<()> {
        self.console.lock().await.order("freeze").await
    }

    /// Lets them go on.
    ///
    /// # Errors
    ///
    /// See [`stop`](Self::stop).
    pub async fn thaw(&self) -> io::Result<()> {
        self.console.lock().await.order("thaw").await
    }

    /// Runs one statement in a database, as [`Database::ask`].
    ///
    /// # Errors
    ///
    /// The server does not run, or says why the statement failed.
    pub async fn ask(&self, name: &str, statement: &str) -> io::Result<Vec<String>> {
        let mut psql = Command::new(&self.psql);
        psql.env_clear().args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=|"]);
        psql.args(["--set=ON_ERROR_STOP=1", "--command", statement, &self.url(name)]);
        lines(psql).await
    }

    /// Ends it, and waits for that.
    ///
    /// # Errors
    ///
    /// It does not end in a minute, or somebody still uses it.
    pub async fn end(self: Arc<Self>) -> io::Result<()> {
        let server = Arc::into_inner(self).ok_or(io::ErrorKind::ResourceBusy)?;
        server.console.into_inner().end().await
    }
}
