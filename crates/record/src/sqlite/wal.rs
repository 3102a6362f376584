//! The write-ahead log, kept short.

use super::file::PATIENCE;
use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use diesel::result::Error as DieselError;
use std::ffi::OsString;
use std::path::Path;

/// SQLite copies the log into the database every 1,000 pages, 16 MiB of a file that we made, and begins it anew when nobody
/// reads from it. With readers that take turns that moment never comes by itself, so from this size on it is made: new
/// readers are sent to the database while those of the log finish.
const LOG_CAP_BYTES: u64 = 32 * 1024 * 1024;

/// How long that may hold up the next batch. Whoever reads for longer lets the log grow until then, and is next waited for
/// when it has grown by as much again; refusing rows would be the only other way. Once nobody reads from it the log begins
/// anew, and is cut to `journal_size_limit`.
const CUT: &str = "PRAGMA busy_timeout = 250; PRAGMA wal_checkpoint(TRUNCATE)";

/// The size in bytes at which the log is cut back next.
#[derive(Clone, Copy, Debug)]
pub(super) struct WalLimit(u64);

impl Default for WalLimit {
    fn default() -> Self {
        Self(LOG_CAP_BYTES)
    }
}

impl WalLimit {
    /// Cuts the log back if it is that long.
    pub(super) fn enforce(self, database: &Path, connection: &mut SqliteConnection) -> Result<Self, DieselError> {
        if bytes(database) <= self.0 {
            return Ok(self);
        }
        let cut = connection.batch_execute(CUT);
        connection.batch_execute(PATIENCE)?;
        cut?;
        Ok(Self(bytes(database) + LOG_CAP_BYTES))
    }
}

fn bytes(database: &Path) -> u64 {
    let mut log = OsString::from(database);
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |log| log.len())
}
