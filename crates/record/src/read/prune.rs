use super::{ReadError, sqlite};
use crate::Retention;
use crate::postgres::PostgresPruner;
use crate::sqlite::tend;
use crate::store::Tended;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, QueryableByName, SqliteConnection, sql_query};
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Deletes rows by hand, in the steps that a [`Store`](crate::Store) takes by itself when it has a [`Retention`]. It brings
/// no table up to date, and needs none of our columns.
pub struct Pruner(Kind);

enum Kind {
    Sqlite(SqlitePruner),
    Postgres(Box<PostgresPruner>),
}

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows it deleted.
    pub rows: u64,
    /// Whether there may be more to do.
    pub tended: Tended,
}

impl Pruner {
    /// Opens an SQLite file that is there, for deleting.
    ///
    /// # Errors
    ///
    /// As [`Archive::sqlite`](super::Archive::sqlite).
    pub async fn sqlite(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let mut pruner = SqlitePruner { path: path.into(), connection: None };
        pruner.blocking(used).await?;
        Ok(Self(Kind::Sqlite(pruner)))
    }

    /// Logs in at a PostgreSQL server.
    ///
    /// # Errors
    ///
    /// As [`Archive::postgres`](super::Archive::postgres).
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
    pub async fn used(&mut self) -> Result<u64, ReadError> {
        match &mut self.0 {
            Kind::Sqlite(pruner) => pruner.blocking(used).await,
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
    pub async fn would_delete(&mut self, retention: Retention, now: SystemTime) -> Result<u64, ReadError> {
        match &mut self.0 {
            Kind::Sqlite(pruner) => pruner.blocking(move |connection| surplus(retention, now, connection)).await,
            Kind::Postgres(pruner) => {
                let asked = logged_in(pruner).await?.surplus(retention, now).await;
                asked.map_err(|source| ReadError::silent(pruner.address(), source))
            }
        }
    }

    /// Deletes a few rows, the oldest first.
    ///
    /// # Errors
    ///
    /// [`ReadError::Asked`]; the step may then have been taken or not.
    pub async fn step(&mut self, retention: Retention, now: SystemTime) -> Result<Pruned, ReadError> {
        let (rows, tended) = match &mut self.0 {
            Kind::Sqlite(pruner) => pruner
                .blocking(move |connection| tend::prune(&retention, now, connection))
                .await
                .map(|(rows, tended)| (rows as u64, tended))?,
            Kind::Postgres(pruner) => {
                let asked = logged_in(pruner).await?.step(retention, now).await;
                asked.map_err(|source| ReadError::silent(pruner.address(), source))?
            }
        };
        Ok(Pruned { rows, tended })
    }
}

/// How long to leave the database to others after a step that took this long.
pub fn pause_after(step: Duration) -> Duration {
    step.clamp(Duration::from_millis(20), Duration::from_secs(1))
}

async fn logged_in(pruner: &mut PostgresPruner) -> Result<&mut PostgresPruner, ReadError> {
    pruner.log_in().await.map_err(|error| ReadError::no_session(error, pruner.address()))?;
    Ok(pruner)
}

struct SqlitePruner {
    path: PathBuf,
    connection: Option<SqliteConnection>,
}

impl SqlitePruner {
    /// Runs `work` on the connection, which comes back only when that succeeds.
    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (path, connection) = (self.path.clone(), self.connection.take());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.map_or_else(|| sqlite::open_to_delete(&path), Ok)?;
            let value = work(&mut connection).map_err(|error| sqlite::asked(&path, error))?;
            Ok((value, connection))
        });
        let (value, connection) = done.await.unwrap_or_else(|panicked| Err(sqlite::asked(&self.path, panicked)))?;
        self.connection = Some(connection);
        Ok(value)
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Bytes in use: what is free inside the file is not.
fn used(connection: &mut SqliteConnection) -> QueryResult<u64> {
    let question = "SELECT (p.page_count - f.freelist_count) * s.page_size AS number \
                    FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s";
    number(sql_query(question), connection)
}

fn surplus(retention: Retention, now: SystemTime, connection: &mut SqliteConnection) -> QueryResult<u64> {
    let old = retention.cutoff(now).map_or(Ok(0), |cutoff| older(cutoff, connection))?;
    let Some(cap) = retention.bytes else { return Ok(old) };
    let (used, rows) = (used(connection)?, number(sql_query("SELECT count(*) AS number FROM records"), connection)?);
    let share = (u128::from(used.saturating_sub(cap)) * u128::from(rows)).div_ceil(u128::from(used.max(1)));
    Ok(old.max(u64::try_from(share).unwrap_or(rows)))
}

fn older(cutoff: SystemTime, connection: &mut SqliteConnection) -> QueryResult<u64> {
    let question = format!("SELECT count(*) AS number FROM records WHERE {}", tend::OLDER);
    let (here, anywhere) = tend::texts(cutoff);
    number(sql_query(question).bind::<Text, _>(here).bind::<Text, _>(anywhere), connection)
}

fn number<T>(statement: T, connection: &mut SqliteConnection) -> QueryResult<u64>
where
    T: for<'a> LoadQuery<'a, SqliteConnection, Number>,
{
    let row: Number = statement.get_result(connection)?;
    Ok(row.number.unsigned_abs())
}
