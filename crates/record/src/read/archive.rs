use super::postgres::PostgresReader;
use super::{Filter, Query, ReadError, Readable, sqlite};
use crate::Row;
use diesel::{QueryResult, SqliteConnection};
use secrecy::SecretString;
use std::error::Error;
use std::path::PathBuf;

type AnyError = Box<dyn Error + Send + Sync>;

/// The records of either kind of database, for reading. Nothing is written, created or brought up to date.
///
/// ```
/// use oar_record::{Archive, Filter, Query, SqliteStore, Summary};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("db.sqlite");
/// // What the gateway does when it starts.
/// SqliteStore::open(&path).await?;
/// let mut archive = Archive::sqlite(&path).await?;
/// let filter = Filter { model: Some("gpt-4o".into()), ..Filter::default() };
/// let rows: Vec<Summary> = archive.read(&Query::newest(filter, 20)).await?;
/// assert!(rows.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Archive(Kind);

enum Kind {
    Sqlite(SqliteReader),
    Postgres(Box<PostgresReader>),
}

impl Archive {
    /// Opens an SQLite file, which the gateway may be writing to.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoFile`], [`ReadError::Sqlite`], and [`ReadError::NoTable`] for a database that is none of records.
    pub async fn sqlite(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let path = path.into();
        let connection = SqliteReader::open(path.clone()).await?;
        Ok(Self(Kind::Sqlite(SqliteReader { path, connection: Some(connection) })))
    }

    /// Logs in at a PostgreSQL server: `host=… user=…` pairs or a `postgres://` URL.
    ///
    /// # Errors
    ///
    /// [`ReadError::Postgres`], and [`ReadError::NoTable`] for a database without records.
    pub async fn postgres(dsn: &SecretString) -> Result<Self, ReadError> {
        Ok(Self(Kind::Postgres(Box::new(PostgresReader::open(dsn).await?))))
    }

    /// One page of rows.
    ///
    /// # Errors
    ///
    /// [`ReadError::Asked`], or one of opening: a connection that was lost is made anew by the next call.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any point; the next call makes another connection.
    pub async fn read<T: Readable>(&mut self, query: &Query) -> Result<Vec<T>, ReadError> {
        match &mut self.0 {
            Kind::Sqlite(reader) => {
                let query = query.clone();
                reader
                    .blocking(move |connection| match sqlite::bounded(query, connection)? {
                        Some(query) => T::from_sqlite(&query, connection),
                        None => Ok(Vec::new()),
                    })
                    .await
            }
            Kind::Postgres(reader) => reader.read(query).await,
        }
    }

    /// The rows that somebody means by a row number, an exchange id or a request id, newest first; up to `limit` of them,
    /// because a client may use a request id more than once.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn find(&mut self, id: &str, limit: u32) -> Result<Vec<Row>, ReadError> {
        if let Ok(number) = id.parse() {
            let rows: Vec<Row> = self.read(&Query::these(vec![number])).await?;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        self.read(&Query::named(id, limit)).await
    }

    /// The numbers of the first and of the last row that may fit the filter's moments; the rest of the filter is not
    /// looked at.
    pub(super) async fn span(&mut self, filter: &Filter) -> Result<Option<(i64, i64)>, ReadError> {
        let (since, until) = (filter.since, filter.until);
        let moments = Filter { since, until, ..Filter::default() };
        match &mut self.0 {
            Kind::Sqlite(reader) => reader.blocking(move |connection| sqlite::span(&moments, connection)).await,
            Kind::Postgres(reader) => reader.span(&moments).await,
        }
    }
}

struct SqliteReader {
    path: PathBuf,
    connection: Option<SqliteConnection>,
}

impl SqliteReader {
    async fn open(path: PathBuf) -> Result<SqliteConnection, ReadError> {
        let task_path = path.clone();
        let opened = tokio::task::spawn_blocking(move || sqlite::open(&task_path)).await;
        opened.unwrap_or_else(|panicked| Err(ReadError::Sqlite { path, source: panicked.into() }))
    }

    /// Runs `work` on the connection, which comes back only when that succeeds.
    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut SqliteConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Self::open(self.path.clone()).await?,
        };
        let done = tokio::task::spawn_blocking(move || Ok::<_, AnyError>((work(&mut connection)?, connection))).await;
        let done = done.map_err(AnyError::from).flatten();
        let (value, connection) = done.map_err(|source| sqlite::asked(&self.path, source))?;
        self.connection = Some(connection);
        Ok(value)
    }
}
