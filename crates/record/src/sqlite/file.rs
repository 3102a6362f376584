//! The file: opened, set up, brought up to date.

use super::AnyError;
use crate::OpenError;
use crate::schema::{self, INDICES, Index};
use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use diesel_migrations::MigrationHarness;
use std::path::PathBuf;

/// How a connection is set up. With `FULL`, each batch is on the disk when it is committed, so it survives the machine; for
/// the death of the process alone `NORMAL` would do: <https://www.sqlite.org/pragma.html#pragma_synchronous>. A batch is up
/// to 500 rows, so the `fsync` is shared by them.
///
/// `page_size` and `auto_vacuum` come before there is a table, or do nothing. Each page is written to the log, with a head
/// of its own, and read and written once more when the log is copied into the file: with pages that hold a few rows these are
/// a quarter of the calls that they are with SQLite's 4 KiB. Still larger ones save little, and cost more where each row
/// changes another page, as in the index of the ids that clients send.
const SETUP: &str = "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; \
                     PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                     PRAGMA journal_size_limit = 67108864;";

/// How long another connection is waited for.
pub(crate) const PATIENCE: &str = "PRAGMA busy_timeout = 5000";

#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// A file of up to this many bytes gets its indices while it is opened.
    pub(super) small: i64,
}

impl File {
    /// A connection, and the indices that are left for later.
    pub(super) fn open(&self) -> Result<(SqliteConnection, Vec<&'static Index>), OpenError> {
        let mut connection = self.connect()?;
        let missing = self.make_indices(&mut connection).map_err(|source| OpenError::sqlite(&self.path, source))?;
        Ok((connection, missing))
    }

    pub(super) fn connect(&self) -> Result<SqliteConnection, OpenError> {
        self.try_connect().map_err(|source| OpenError::sqlite(&self.path, source))
    }

    fn try_connect(&self) -> Result<SqliteConnection, AnyError> {
        let name = self.path.to_str().ok_or("the path is not UTF-8")?;
        // SQLite says "unable to open database file" when there is no directory; the file system says why.
        if let Some(directory) = self.path.parent() {
            directory.join(".").metadata()?;
        }
        let mut connection = SqliteConnection::establish(name)?;
        connection.batch_execute(PATIENCE)?;
        connection.batch_execute(SETUP)?;
        connection.immediate_transaction(migrate)?;
        Ok(connection)
    }

    fn make_indices(&self, connection: &mut SqliteConnection) -> Result<Vec<&'static Index>, AnyError> {
        let missing = missing(connection)?;
        let bytes = pragma("page_count", connection)? * pragma("page_size", connection)?;
        if bytes > self.small && !missing.is_empty() {
            tracing::info!(bytes, "the record table is large and lacks indices, which are made while the gateway runs");
            return Ok(missing);
        }
        connection.immediate_transaction(|connection| {
            missing.iter().try_for_each(|index| connection.batch_execute(index.sql))
        })?;
        Ok(Vec::new())
    }
}

/// Runs within a transaction that is begun as a writer, so that two gateways starting at once take turns, and a file that
/// cannot be written is noticed even when there is nothing to do.
fn migrate(connection: &mut SqliteConnection) -> Result<(), AnyError> {
    connection.run_pending_migrations(schema::SQLITE).map(drop)
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn missing(connection: &mut SqliteConnection) -> Result<Vec<&'static Index>, DieselError> {
    let there = diesel::sql_query("SELECT name FROM sqlite_master WHERE type = 'index'").load::<Name>(connection)?;
    let is_missing = |index: &&Index| there.iter().all(|Name { name }| name != index.name);
    Ok(INDICES.iter().filter(is_missing).collect())
}

#[derive(QueryableByName)]
pub(super) struct Number {
    #[diesel(sql_type = BigInt)]
    pub(super) value: i64,
}

/// The value of a pragma that is a number.
pub(super) fn pragma(name: &str, connection: &mut SqliteConnection) -> Result<i64, DieselError> {
    let query = diesel::sql_query(format!("SELECT {name} AS value FROM pragma_{name}"));
    query.get_result::<Number>(connection).map(|number| number.value)
}
