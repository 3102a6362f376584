//! The configured store, opened.

use oar_config::{Config, Database, Problem, RetentionSettings};
use oar_record::{OpenError, PostgresStore, Retention, SqliteStore, Store};
use secrecy::SecretString;
use std::error::Error;
use std::iter::successors;
use std::time::Duration;

/// How long a start waits for a database without which there shall be none. With what else a start takes, that is within
/// ten seconds.
const REQUIRED_WITHIN: Duration = Duration::from_secs(9);

/// What is wrong with the configured database, as far as one can tell without opening it.
pub(crate) fn check(config: &Config) -> Option<Problem> {
    match &config.database {
        Database::None | Database::Sqlite { .. } => None,
        Database::Postgres { dsn } => {
            PostgresStore::lazy(dsn).err().map(|error| config.problem("dbaddr", error.to_string()))
        }
    }
}

/// Opens the store; `None` when nothing is to be recorded.
///
/// A PostgreSQL server that cannot be reached now is no reason not to serve, unless the file says `db_required: true`: it is
/// asked again until it is there.
pub(crate) async fn open(config: &Config) -> Result<Option<Box<dyn Store>>, OpenError> {
    match &config.database {
        Database::None => Ok(None),
        Database::Sqlite { path } => Ok(Some(Box::new(SqliteStore::open(path).await?))),
        Database::Postgres { dsn } if config.db_required => {
            Ok(Some(Box::new(PostgresStore::connect_within(REQUIRED_WITHIN, dsn).await?)))
        }
        Database::Postgres { dsn } => open_or_wait_for(dsn).await.map(Some),
    }
}

async fn open_or_wait_for(dsn: &SecretString) -> Result<Box<dyn Store>, OpenError> {
    match PostgresStore::connect(dsn).await {
        Ok(store) => Ok(Box::new(store)),
        Err(error) if error.is_temporary() => {
            tracing::warn!(error = with_causes(&error), "the record database is not there, records wait for it");
            Ok(Box::new(PostgresStore::lazy(dsn)?))
        }
        Err(error) => Err(error),
    }
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What the store may delete.
pub(crate) fn retention(config: &Config) -> Retention {
    let RetentionSettings { age, bytes } = config.record.retention;
    Retention { age, bytes }
}
