//! Why a store is not there.

use std::error::Error;
use std::path::{Path, PathBuf};

/// Why a database could not be opened. No text here holds a DSN or a password.
///
/// ```
/// use oar_record::PostgresStore;
///
/// let error = PostgresStore::lazy(&"mysql://me:secret@db/records".to_owned().into()).unwrap_err();
/// let told = "the record database's dsn is neither `host=… user=…` pairs nor a `postgres://` url that can be read";
/// assert_eq!(error.to_string(), told);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// A file of certificates that the DSN names cannot be used.
    #[error("`{}`, which the record database's dsn names for tls, cannot be used", path.display())]
    Certificate {
        /// The path as the DSN has it.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server has no TLS, or not the certificate that the DSN's `sslmode` demands.
    #[error("the record database at {address} does not offer the tls that its dsn demands")]
    Tls {
        /// Host and port.
        address: String,
        /// What is missing or wrong.
        source: Box<dyn Error + Send + Sync>,
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

    pub(crate) fn certificate(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Certificate { path: path.to_owned(), source: source.into() }
    }

    /// Whether the same attempt may succeed later without anybody changing the configuration.
    ///
    /// ```
    /// # use oar_record::PostgresStore;
    /// let error = PostgresStore::lazy(&"mysql://db".to_owned().into()).unwrap_err();
    /// assert!(!error.is_temporary(), "somebody has to change the dsn");
    /// ```
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Sqlite { .. }
            | Self::Dsn
            | Self::Certificate { .. }
            | Self::Tls { .. }
            | Self::Refused { .. }
            | Self::Migrate { .. } => false,
        }
    }
}
