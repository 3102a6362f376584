//! The store that is an SQLite file: what is done on its connection, and when it is opened anew.

use crate::schema::{self, Index, records};
use crate::store::Tended;
use crate::{OpenError, Retention, Row, Store, StoreError};
use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, SelectableHelper, SqliteConnection};
use file::File;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep};
use wal::WalLimit;

pub(crate) mod file;
mod insertion;
pub(crate) mod tend;
mod wal;

type AnyError = Box<dyn Error + Send + Sync>;

/// While one connection brings the file into WAL mode, SQLite turns another away at once, whatever `busy_timeout` says; so
/// opening is tried again for this long.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Rows in an SQLite file. All statements run on the runtime's blocking threads.
///
/// What [`write`](Store::write) has returned from is on the disk, and survives a power cut. After a failure that is neither a
/// row's fault nor for want of room the file is opened anew: a handle whose `fsync` failed once cannot be trusted again.
///
/// ```
/// use oar_record::{Row, SqliteStore, Store};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("db.sqlite");
/// let mut store = SqliteStore::open(&path).await?;
/// let row = Row { exchange_id: Some("0190".into()), ..Row::default() };
/// store.write(&[Arc::new(row)]).await?;
/// assert_eq!(store.recent(10).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct SqliteStore {
    file: File,
    connection: Option<SqliteConnection>,
    /// Indices of a large table that are still to be made.
    missing: Vec<&'static Index>,
    wal_limit: WalLimit,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.file.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, creates it when there is none, and brings its table up to date; a table of the Go version keeps
    /// its rows. Where there are hundreds of megabytes of them, the table's indices are made later, with the first write
    /// and between batches, because that reads the whole file.
    ///
    /// # Errors
    ///
    /// [`OpenError::Sqlite`], naming the path, when the directory is missing, the file cannot be written or is no
    /// database, or another process has it locked for more than five seconds.
    ///
    /// ```
    /// use oar_record::SqliteStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// SqliteStore::open(&path).await?;
    /// let error = SqliteStore::open("/nowhere/db.sqlite").await.unwrap_err();
    /// assert_eq!(error.to_string(), "the record database `/nowhere/db.sqlite` cannot be opened for writing");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::open_as(File { path: path.into(), small: schema::SMALL_TABLE_BYTES }).await
    }

    async fn open_as(file: File) -> Result<Self, OpenError> {
        let patience = Instant::now() + LOCK_PATIENCE;
        loop {
            let task_file = file.clone();
            let opened = tokio::task::spawn_blocking(move || task_file.open()).await;
            match opened.unwrap_or_else(|panicked| Err(OpenError::sqlite(&file.path, panicked))) {
                Ok((connection, missing)) => {
                    let wal_limit = WalLimit::default();
                    return Ok(Self { file, connection: Some(connection), missing, wal_limit });
                }
                Err(error) if is_locked(&error) && Instant::now() < patience => sleep(LOCK_PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// The last `limit` rows to have been written, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when they cannot be read.
    ///
    /// ```
    /// use oar_record::SqliteStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// let mut store = SqliteStore::open(&path).await?;
    /// assert!(store.recent(10).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recent(&mut self, limit: u32) -> Result<Vec<Row>, StoreError> {
        self.blocking(move |connection| {
            let newest = records::table.order(records::id.desc()).limit(i64::from(limit));
            newest.select(Row::as_select()).load(connection)
        })
        .await
    }

    /// Runs `work` on the connection. It comes back when that succeeds, or fails in a way that leaves it sound; after a
    /// dropped future or any other error the next call opens another. The work of a dropped future runs to its end on its
    /// own thread.
    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, DieselError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (file, connection) = (self.file.clone(), self.connection.take());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.map_or_else(|| file.connect(), Ok)?;
            let outcome = work(&mut connection).map_err(store_error);
            Ok::<_, AnyError>((outcome, connection))
        });
        let (outcome, connection) = done.await.map_err(StoreError::unavailable)?.map_err(StoreError::Unavailable)?;
        if !matches!(outcome, Err(StoreError::Unavailable(_))) {
            self.connection = Some(connection);
        }
        outcome
    }

    /// Makes an index that the table lacks.
    async fn make(&mut self, index: &'static Index) -> Result<(), StoreError> {
        let made = self.blocking(|connection| connection.batch_execute(index.sql)).await;
        made.map_err(|error| match error {
            // No row's fault, whatever it is.
            StoreError::Rejected(error) => StoreError::Unavailable(error),
            StoreError::Unavailable(_) | StoreError::Full(_) => error,
        })?;
        self.missing.retain(|missing| missing.name != index.name);
        Ok(())
    }
}

#[async_trait]
impl Store for SqliteStore {
    /// One transaction, begun as a writer: all of the rows or none.
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
        for index in self.missing.clone().into_iter().filter(|index| !index.can_wait()) {
            self.make(index).await?;
        }
        let (rows, path, limit) = (rows.to_vec(), self.file.path.clone(), self.wal_limit);
        let written = self.blocking(move |connection| {
            connection.immediate_transaction(|connection| insertion::insert(&rows, connection))?;
            limit.enforce(&path, connection)
        });
        self.wal_limit = written.await?;
        Ok(())
    }

    fn is_ready(&self) -> bool {
        self.missing.iter().all(|index| index.can_wait())
    }

    /// Bytes are those of the file that hold something. What is deleted is room for new rows; a file that we made gives it
    /// back once it is more than a twentieth of the file.
    async fn tend(&mut self, retention: &Retention, now: SystemTime) -> Result<Tended, StoreError> {
        if let Some(index) = self.missing.first() {
            self.make(index).await?;
            return Ok(Tended::More);
        }
        let retention = *retention;
        let step = self.blocking(move |connection| tend::step(&retention, now, connection)).await?;
        Ok(step.tended)
    }
}

fn store_error(error: DieselError) -> StoreError {
    let said = if let DieselError::DatabaseError(_, said) = &error { said.message() } else { "" };
    // Neither SQLITE_TOOBIG nor SQLITE_FULL has a kind of its own.
    let (is_too_big, is_full) = (said.contains("too big"), said.contains("disk is full"));
    if is_too_big || breaks_a_constraint(&error) {
        StoreError::rejected(error)
    } else if is_full {
        StoreError::Full(error.into())
    } else {
        StoreError::unavailable(error)
    }
}

/// Or cannot even be encoded.
fn breaks_a_constraint(error: &DieselError) -> bool {
    use DatabaseErrorKind::{CheckViolation, ForeignKeyViolation, NotNullViolation, UniqueViolation};
    matches!(
        error,
        DieselError::SerializationError(_)
            | DieselError::DatabaseError(UniqueViolation | ForeignKeyViolation | NotNullViolation | CheckViolation, _)
    )
}

fn is_locked(error: &OpenError) -> bool {
    error.source().is_some_and(|cause| cause.to_string().contains("database is locked"))
}

#[cfg(test)]
mod tests;
