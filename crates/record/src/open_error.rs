use std::error::Error;
use std::path::{Path, PathBuf};

/// Why a database could not be opened. No text here holds a DSN or a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite file cannot be opened, or not for writing, or is no database.
    #[error("the record database `{}` cannot be opened for writing", path.display())]
    Sqlite {
        /// The path as it was given.
        path: PathBuf,
        /// What SQLite or the file system said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The DSN cannot be read. The parser's own words are left out: they may quote a piece of the password.
    #[error("the record database's dsn is neither `host=… user=…` pairs nor a `postgres://` url that can be read")]
    Dsn,
    /// The DSN demands TLS, which there is not yet.
    #[error("the record database's dsn asks for `sslmode={mode}`, which is not supported; use `disable` or `prefer`")]
    Tls {
        /// The mode asked for.
        mode: &'static str,
    },
    /// PostgreSQL cannot be reached, or takes no connection now; later it may.
    #[error("the record database at {address} cannot be reached")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// PostgreSQL refuses this user, password or database; only another DSN helps.
    #[error("the record database at {address} refuses the login")]
    Refused {
        /// Host and port.
        address: String,
        /// What PostgreSQL said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The table cannot be brought up to date.
    #[error("the table of the record database at {address} cannot be brought up to date")]
    Migrate {
        /// Host and port.
        address: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn sqlite(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Sqlite { path: path.to_owned(), source: source.into() }
    }

    /// Whether the same attempt may succeed later without anybody changing the configuration.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Sqlite { .. } | Self::Dsn | Self::Tls { .. } | Self::Refused { .. } | Self::Migrate { .. } => false,
        }
    }
}
