//! Records of either kind of database, for reading.

use super::postgres::PostgresReader;
use super::sqlite_file::SqliteFile;
use super::{Filter, Query, ReadError, Readable, sqlite};
use crate::Row;
use secrecy::SecretString;
use std::path::PathBuf;

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
    Sqlite(SqliteFile),
    Postgres(Box<PostgresReader>),
}

impl Archive {
    /// Opens an SQLite file, which the gateway may be writing to.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoFile`], [`ReadError::Sqlite`], and [`ReadError::NoTable`] for a database that is none of records.
    ///
    /// ```
    /// use oar_record::{Archive, ReadError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// let error = Archive::sqlite(&path).await.err().expect("nobody has made it");
    /// assert!(matches!(error, ReadError::NoFile { .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sqlite(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let mut file = SqliteFile::to_read(path.into());
        file.ask(|_| Ok(())).await?;
        Ok(Self(Kind::Sqlite(file)))
    }

    /// Logs in at a PostgreSQL server: `host=… user=…` pairs or a `postgres://` URL.
    ///
    /// # Errors
    ///
    /// [`ReadError::Postgres`], and [`ReadError::NoTable`] for a database without records.
    ///
    /// ```
    /// use oar_record::Archive;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let nobody = "postgres://me@127.0.0.1:1/records".to_owned().into();
    /// let error = Archive::postgres(&nobody).await.err().expect("nobody listens there");
    /// assert_eq!(error.to_string(), "the record database at 127.0.0.1:1 cannot be reached");
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// use oar_record::{Archive, Filter, Query, Row, RowId, SqliteStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # SqliteStore::open(&path).await?;
    /// let mut archive = Archive::sqlite(&path).await?;
    /// let whole: Vec<Row> = archive.read(&Query::newest(Filter::default(), 20)).await?;
    /// let numbers: Vec<RowId> = archive.read(&Query::oldest(Filter::default(), 1_000)).await?;
    /// # assert!(whole.is_empty() && numbers.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read<T: Readable>(&mut self, query: &Query) -> Result<Vec<T>, ReadError> {
        match &mut self.0 {
            Kind::Sqlite(file) => {
                let query = query.clone();
                let read = move |connection: &mut _| match sqlite::bounded(query, connection)? {
                    Some(query) => T::from_sqlite(&query, connection),
                    None => Ok(Vec::new()),
                };
                file.ask(read).await
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
    ///
    /// ```
    /// use oar_record::{Archive, Row, SqliteStore, Store};
    /// use std::sync::Arc;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// let mut store = SqliteStore::open(&path).await?;
    /// let row = Row { exchange_id: Some("0190".into()), request_id: Some("mine".into()), ..Row::default() };
    /// store.write(&[Arc::new(row)]).await?;
    /// let mut archive = Archive::sqlite(&path).await?;
    /// for id in ["1", "0190", "mine"] {
    ///     assert_eq!(archive.find(id, 9).await?.len(), 1);
    /// }
    /// # Ok(())
    /// # }
    /// ```
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
            Kind::Sqlite(file) => file.ask(move |connection| sqlite::span(&moments, connection)).await,
            Kind::Postgres(reader) => reader.span(&moments).await,
        }
    }
}
