use crate::schema::{self, records};
use crate::store::Fault;
use crate::{OpenError, Row, Store, StoreError};
use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;
use diesel::{Connection, ExpressionMethods, QueryDsl, RunQueryDsl, SelectableHelper, SqliteConnection};
use diesel_migrations::MigrationHarness;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

type AnyError = Box<dyn Error + Send + Sync>;

/// How a connection is set up. `NORMAL` with a write-ahead log survives the death of the process, not of the machine:
/// <https://www.sqlite.org/pragma.html#pragma_synchronous>. The log is cut back to 64 MiB after a long reader let it grow.
const SETUP: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                     PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;";

/// While one connection brings the file into WAL mode, SQLite turns another away at once, whatever `busy_timeout` says; so
/// opening is tried again for this long.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Rows in an SQLite file. All statements run on the runtime's blocking threads.
///
/// After a failure that is not a row's fault the file is opened anew: a handle whose `fsync` failed once cannot be
/// trusted again.
pub struct SqliteStore {
    path: PathBuf,
    connection: Option<SqliteConnection>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, creates it when there is none, and brings its table up to date; a table of the Go version keeps
    /// its rows.
    ///
    /// # Errors
    ///
    /// [`OpenError::Sqlite`], naming the path, when the directory is missing, the file cannot be written or is no
    /// database, or another process has it locked for more than five seconds.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        let patience = Instant::now() + LOCK_PATIENCE;
        loop {
            let task_path = path.clone();
            let opened = tokio::task::spawn_blocking(move || open(&task_path)).await;
            match opened.unwrap_or_else(|panicked| Err(OpenError::sqlite(&path, panicked))) {
                Ok(connection) => return Ok(Self { path, connection: Some(connection) }),
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
    pub async fn recent(&mut self, limit: u32) -> Result<Vec<Row>, StoreError> {
        self.blocking(move |connection| {
            let newest = records::table.order(records::id.desc()).limit(i64::from(limit));
            newest.select(Row::as_select()).load(connection)
        })
        .await
        .map_err(StoreError::unavailable)
    }

    /// Runs `work` on the connection, which comes back only when that succeeds: after a dropped future or an error the
    /// next call opens another. The work of a dropped future runs to its end on its own thread.
    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, DieselError> + Send + 'static,
    ) -> Result<T, AnyError> {
        let (path, connection) = (self.path.clone(), self.connection.take());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.map_or_else(|| open(&path), Ok)?;
            let value = work(&mut connection)?;
            Ok::<_, AnyError>((value, connection))
        });
        let (value, connection) = done.await??;
        self.connection = Some(connection);
        Ok(value)
    }
}

#[async_trait]
impl Store for SqliteStore {
    /// One transaction, begun as a writer: all of the rows or none.
    async fn write(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let rows = rows.to_vec();
        let written = self.blocking(move |connection| {
            connection.immediate_transaction(|connection| {
                rows.chunks(schema::STATEMENT_ROWS).try_for_each(|rows| insert(rows, connection))
            })
        });
        written.await.map_err(store_error)
    }
}

fn insert(rows: &[Row], connection: &mut SqliteConnection) -> Result<(), DieselError> {
    diesel::insert_into(records::table)
        .values(rows)
        .on_conflict(records::exchange_id)
        .do_nothing()
        .execute(connection)
        .map(drop)
}

fn store_error(error: AnyError) -> StoreError {
    let fault = error.downcast_ref::<DieselError>().map(|error| (Fault::of(error), error.to_string()));
    match fault {
        Some((Fault::Row, _)) => StoreError::Rejected(error),
        // The only other fault of a row: longer than the database was built to hold.
        Some((Fault::Unclear, text)) if text.contains("too big") => StoreError::Rejected(error),
        Some((Fault::Unclear | Fault::Store, _)) | None => StoreError::Unavailable(error),
    }
}

fn is_locked(error: &OpenError) -> bool {
    error.source().is_some_and(|cause| cause.to_string().contains("database is locked"))
}

fn open(path: &Path) -> Result<SqliteConnection, OpenError> {
    try_open(path).map_err(|source| OpenError::sqlite(path, source))
}

fn try_open(path: &Path) -> Result<SqliteConnection, AnyError> {
    let name = path.to_str().ok_or("the path is not UTF-8")?;
    // SQLite says "unable to open database file" when there is no directory; the file system says why.
    if let Some(directory) = path.parent() {
        directory.join(".").metadata()?;
    }
    let mut connection = SqliteConnection::establish(name)?;
    connection.batch_execute(SETUP)?;
    connection.immediate_transaction(migrate)?;
    Ok(connection)
}

/// Runs within a transaction that is begun as a writer, so that two gateways starting at once take turns, and a file that
/// cannot be written is noticed even when there is nothing to do.
fn migrate(connection: &mut SqliteConnection) -> Result<(), AnyError> {
    connection.run_pending_migrations(schema::SQLITE).map(drop)
}
