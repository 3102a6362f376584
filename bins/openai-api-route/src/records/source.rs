//! Which database.

use super::failure::Failure;
use oar_app::Draft;
use oar_config::{Database, Problems};
use oar_record::Archive;
use std::path::Path;

/// The one that is named, or else the one of the configuration, of which nothing else has to be right: keys and tokens may
/// come from an environment that only the gateway has.
pub(crate) fn database(named: Option<&str>, config: &Path) -> Result<Database, Failure> {
    if let Some(named) = named {
        return Database::named(named).map_err(|complaint| Failure::Nothing(format!("--db {complaint}")));
    }
    let draft = Draft::load(config).map_err(Failure::Config)?;
    let about_it = draft.problems.into_iter().filter(|problem| matches!(problem.path.as_str(), "dbtype" | "dbaddr"));
    Problems::unless_empty(about_it.collect()).map_err(Failure::Config)?;
    Ok(draft.config.database)
}

pub(crate) async fn open(database: &Database) -> Result<Archive, Failure> {
    match database {
        Database::None => Err(no_database()),
        Database::Sqlite { path } => Ok(Archive::sqlite(path).await?),
        Database::Postgres { dsn } => Ok(Archive::postgres(dsn).await?),
    }
}

pub(crate) fn no_database() -> Failure {
    Failure::Nothing("nothing is recorded with `dbtype: none`; `--db` names a database".to_owned())
}
