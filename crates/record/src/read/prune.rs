//! Rows deleted by hand.

use super::ReadError;
use super::sqlite_file::SqliteFile;
use crate::postgres::PostgresPruner;
use crate::sqlite::tend;
use crate::{Pruned, Retention};
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Deletes rows by hand, in the steps that a [`Store`](crate::Store) takes by itself when it has a [`Retention`]. It brings
/// no table up to date, and needs none of our columns.
///
/// ```
/// use oar_record::{Pruner, Retention, SqliteStore, Tended};
/// use std::time::{Duration, SystemTime};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("db.sqlite");
/// # SqliteStore::open(&path).await?;
/// let mut pruner = Pruner::sqlite(&path).await?;
/// let month = Retention { age: Some(Duration::from_secs(30 * 86_400)), bytes: None };
/// let now = SystemTime::now();
/// while pruner.step(month, now).await?.tended == Tended::More {}
/// assert_eq!(pruner.would_delete(month, now).await?, 0);
/// # Ok(())
/// # }
/// ```
pub struct Pruner(Kind);

enum Kind {
    Sqlite(SqliteFile),
    Postgres(Box<PostgresPruner>),
}

impl Pruner {
    /// Opens an SQLite file that is there, for deleting.
    ///
    /// # Errors
    ///
    /// As [`Archive::sqlite`](super::Archive::sqlite).
    ///
    /// ```
    /// use oar_record::Pruner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// assert!(Pruner::sqlite(&path).await.is_err(), "it makes no file");
    /// oar_record::SqliteStore::open(&path).await?;
    /// let mut pruner = Pruner::sqlite(&path).await?;
    /// # assert!(pruner.used().await? > 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sqlite(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let mut file = SqliteFile::to_delete(path.into());
        file.ask(|_| Ok(())).await?;
        Ok(Self(Kind::Sqlite(file)))
    }

    /// Logs in at a PostgreSQL server.
    ///
    /// # Errors
    ///
    /// As [`Archive::postgres`](super::Archive::postgres).
    ///
    /// ```
    /// use oar_record::Pruner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let nobody = "postgres://me@127.0.0.1:1/records".to_owned().into();
    /// assert!(Pruner::postgres(&nobody).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn postgres(dsn: &SecretString) -> Result<Self, ReadError> {
        let mut pruner = PostgresPruner::new(dsn)?;
        logged_in(&mut pruner).await?;
        Ok(Self(Kind::Postgres(Box::new(pruner))))
    }

    /// The bytes that [`Retention::bytes`] is about.
    ///
    /// # Errors
    ///
    /// [`ReadError::Asked`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # oar_record::SqliteStore::open(&path).await?;
    /// # let mut pruner = oar_record::Pruner::sqlite(&path).await?;
    /// println!("the records take {} bytes", pruner.used().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn used(&mut self) -> Result<u64, ReadError> {
        match &mut self.0 {
            Kind::Sqlite(file) => file.ask(tend::used).await,
            Kind::Postgres(pruner) => {
                let asked = logged_in(pruner).await?.used().await;
                asked.map_err(|source| ReadError::silent(pruner.address(), source))
            }
        }
    }

    /// How many rows the steps would delete: for an age exactly, for bytes about so many.
    ///
    /// # Errors
    ///
    /// [`ReadError::Asked`].
    ///
    /// ```
    /// use oar_record::Retention;
    /// use std::time::SystemTime;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # oar_record::SqliteStore::open(&path).await?;
    /// # let mut pruner = oar_record::Pruner::sqlite(&path).await?;
    /// let all = Retention { age: None, bytes: Some(0) };
    /// assert_eq!(pruner.would_delete(all, SystemTime::now()).await?, 0, "there is no row");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn would_delete(&mut self, retention: Retention, now: SystemTime) -> Result<u64, ReadError> {
        match &mut self.0 {
            Kind::Sqlite(file) => file.ask(move |connection| tend::would_delete(&retention, now, connection)).await,
            Kind::Postgres(pruner) => {
                let asked = logged_in(pruner).await?.would_delete(retention, now).await;
                asked.map_err(|source| ReadError::silent(pruner.address(), source))
            }
        }
    }

    /// Deletes a few rows, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ReadError::Asked`]; the step may then have been taken or not.
    ///
    /// ```
    /// use oar_record::{Retention, Tended};
    /// use std::time::SystemTime;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # oar_record::SqliteStore::open(&path).await?;
    /// # let mut pruner = oar_record::Pruner::sqlite(&path).await?;
    /// let step = pruner.step(Retention::default(), SystemTime::now()).await?;
    /// assert_eq!((step.rows, step.tended), (0, Tended::Done));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn step(&mut self, retention: Retention, now: SystemTime) -> Result<Pruned, ReadError> {
        match &mut self.0 {
            Kind::Sqlite(file) => file.ask(move |connection| tend::step(&retention, now, connection)).await,
            Kind::Postgres(pruner) => {
                let asked = logged_in(pruner).await?.step(retention, now).await;
                asked.map_err(|source| ReadError::silent(pruner.address(), source))
            }
        }
    }
}

/// How long to leave the database to others after a step that took this long.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(oar_record::pause_after(Duration::from_millis(300)), Duration::from_millis(300));
/// assert_eq!(oar_record::pause_after(Duration::from_secs(30)), Duration::from_secs(1));
/// ```
pub fn pause_after(step: Duration) -> Duration {
    step.clamp(Duration::from_millis(20), Duration::from_secs(1))
}

async fn logged_in(pruner: &mut PostgresPruner) -> Result<&mut PostgresPruner, ReadError> {
    pruner.log_in().await.map_err(|error| ReadError::no_session(error, pruner.address()))?;
    Ok(pruner)
}
