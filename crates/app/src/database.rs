//! The configured store, opened.

use oar_config::{Config, Database, Problem};
use oar_record::{OpenError, PostgresStore, SqliteStore, Store};

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
/// A PostgreSQL server that cannot be reached now is no reason not to serve: it is asked again with every batch.
pub(crate) async fn open(database: &Database) -> Result<Option<Box<dyn Store>>, OpenError> {
    match database {
        Database::None => Ok(None),
        Database::Sqlite { path } => Ok(Some(Box::new(SqliteStore::open(path).await?))),
        Database::Postgres { dsn } => match PostgresStore::connect(dsn).await {
            Ok(store) => Ok(Some(Box::new(store))),
            Err(error) if error.is_temporary() => {
                tracing::warn!(%error, "the record database is not there, records wait for it");
                Ok(Some(Box::new(PostgresStore::lazy(dsn)?)))
            }
            Err(error) => Err(error),
        },
    }
}
