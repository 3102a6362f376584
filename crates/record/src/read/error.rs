//! Why records cannot be read.

use crate::OpenError;
use crate::postgres::NoSession;
use std::error::Error;
use std::path::PathBuf;

/// Why records cannot be read. No text here holds a DSN or a password.
///
/// ```
/// use oar_record::Archive;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let error = Archive::sqlite("/nowhere/db.sqlite").await.err().expect("there is no such file");
/// assert!(error.to_string().starts_with("there is no record database `/nowhere/db.sqlite`"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such file.
    #[error("there is no record database `{}`; `--db` names another one", path.display())]
    NoFile {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The file cannot be opened, or is no database.
    #[error("the record database `{}` cannot be read", path.display())]
    Sqlite {
        /// The path as it was given.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server cannot be reached or refuses the login, or the DSN is wrong.
    #[error(transparent)]
    Postgres(#[from] OpenError),
    /// There is a database and no table of records in it.
    #[error("the database {database} has no table of records yet; start the gateway with it once")]
    NoTable {
        /// The path, or host and port.
        database: String,
    },
    /// A question was not answered.
    #[error("the record database {database} does not answer")]
    Asked {
        /// The path, or host and port.
        database: String,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ReadError {
    pub(super) fn no_session(error: NoSession, address: &str) -> Self {
        match error {
            NoSession::Open(error) => Self::Postgres(error),
            NoSession::NoTable => Self::NoTable { database: format!("at {address}") },
        }
    }

    pub(super) fn silent(address: &str, source: Box<dyn Error + Send + Sync>) -> Self {
        Self::Asked { database: format!("at {address}"), source }
    }
}
