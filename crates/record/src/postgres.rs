//! The store that is a PostgreSQL server: one session at a time, made anew when it was lost.

use crate::schema::{self, Index, records};
use crate::store::Tended;
use crate::{OpenError, Retention, Row, Store, StoreError};
use async_trait::async_trait;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use fault::{Fault, fault, is_full, without_details};
use secrecy::{ExposeSecret, SecretString};
use server::{Limits, Server};
use session::{AnyError, Session, ask};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tend::Excess;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

mod fault;
mod insert;
mod pruner;
mod reader;
mod server;
mod session;
mod table;
mod tend;
mod visit;

pub(crate) use pruner::PostgresPruner;
pub(crate) use reader::Reader;
pub(crate) use visit::NoSession;

/// Between two tries to reach a server that has to be there.
const PAUSE: Duration = Duration::from_millis(500);

/// Rows in a PostgreSQL database, over one connection, which is made anew after it was lost.
///
/// A server that does not answer, or a lock that another session holds, is given up after seconds: five for a login, ten
/// for a batch, five minutes for bringing the table up to date, which at the start of the gateway may take no more than
/// half a minute with all the rest, and half an hour for an index of a large table, which is made while the gateway runs.
///
/// No text of this type or its errors holds the DSN or the password.
///
/// A server is what it takes, so this is compiled and not run:
///
/// ```no_run
/// use oar_record::{PostgresStore, Row, Store};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dsn = "postgres://records:password@db.example.com/records".to_owned().into();
/// let mut store = PostgresStore::connect(&dsn).await?;
/// let row = Row { exchange_id: Some("0190".into()), ..Row::default() };
/// store.write(&[Arc::new(row)]).await?;
/// assert_eq!(store.recent(1).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    server: Server,
    session: Option<Session>,
    /// Indices of a large table that are still to be made; `None` until the table has its columns.
    missing: Option<Vec<&'static Index>>,
    /// A table of up to this many bytes gets its indices at once.
    small: i64,
    excess: Excess,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("address", &self.server.address).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Reads the DSN (`host=… user=…` pairs or a `postgres://` URL), connects, and brings the table up to date; a table
    /// of the Go version keeps its rows.
    ///
    /// # Errors
    ///
    /// One that [is temporary](OpenError::is_temporary) may pass: [`lazy`](Self::lazy) is for those who would rather start
    /// without a database. After any other, somebody has to change the DSN, the certificates or the table.
    ///
    /// ```
    /// use oar_record::PostgresStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let nobody = "postgres://me@127.0.0.1:1/records".to_owned().into();
    /// let error = PostgresStore::connect(&nobody).await.unwrap_err();
    /// assert_eq!(error.to_string(), "the record database at 127.0.0.1:1 cannot be reached");
    /// assert!(error.is_temporary());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(dsn: &SecretString) -> Result<Self, OpenError> {
        Self::lazy(dsn)?.started().await
    }

    /// [`connect`](Self::connect)s, and tries again while that may help, for no longer than `patience` in all.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect): the last one.
    ///
    /// ```
    /// use oar_record::PostgresStore;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let nobody = "postgres://me@127.0.0.1:1/records".to_owned().into();
    /// let error = PostgresStore::connect_within(Duration::ZERO, &nobody).await.unwrap_err();
    /// assert!(error.is_temporary(), "a longer patience might help");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect_within(patience: Duration, dsn: &SecretString) -> Result<Self, OpenError> {
        let end = Instant::now() + patience;
        loop {
            let mut store = Self::lazy(dsn)?;
            store.server.limits.start = store.server.limits.start.min(end - Instant::now());
            match store.started().await {
                Err(error) if error.is_temporary() && Instant::now() + PAUSE < end => sleep(PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    /// Reads the DSN and the certificates that it names, and leaves connecting, and bringing the table up to date, to the
    /// first use. Needs no runtime, so it also serves to check a DSN.
    ///
    /// # Errors
    ///
    /// [`OpenError::Dsn`] and [`OpenError::Certificate`].
    ///
    /// ```
    /// use oar_record::PostgresStore;
    ///
    /// assert!(PostgresStore::lazy(&"host=db user=me sslmode=require".to_owned().into()).is_ok());
    /// assert!(PostgresStore::lazy(&"host=db sslmode=maybe".to_owned().into()).is_err());
    /// ```
    pub fn lazy(dsn: &SecretString) -> Result<Self, OpenError> {
        Self::within(Limits::default(), dsn)
    }

    fn within(limits: Limits, dsn: &SecretString) -> Result<Self, OpenError> {
        let server = Server::read(dsn.expose_secret(), limits)?;
        Ok(Self { server, session: None, missing: None, small: schema::SMALL_TABLE_BYTES, excess: Excess::default() })
    }

    async fn started(mut self) -> Result<Self, OpenError> {
        let session = timeout(self.server.limits.start, self.session()).await;
        self.session = Some(session.unwrap_or_else(|elapsed| Err(self.server.unreachable(elapsed)))?);
        Ok(self)
    }

    /// The last `limit` rows to have been written, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when they cannot be read.
    ///
    /// With a server at hand:
    ///
    /// ```no_run
    /// use oar_record::PostgresStore;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let dsn = "postgres://records@db.example.com/records".to_owned().into();
    /// let mut store = PostgresStore::connect(&dsn).await?;
    /// for row in store.recent(10).await? {
    ///     println!("{:?} {:?}", row.created_at, row.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recent(&mut self, limit: u32) -> Result<Vec<Row>, StoreError> {
        // Diesel keeps the login that it is lent, so the next call makes another.
        let Session { client, mut connection } = self.session().await.map_err(StoreError::unavailable)?;
        let rows = async {
            let newest = records::table.order(records::id.desc()).limit(i64::from(limit));
            let mut diesel = AsyncPgConnection::try_from(client).await?;
            Ok::<_, AnyError>(newest.select(Row::as_select()).load(&mut diesel).await?)
        };
        ask(&mut connection, self.server.limits.answer, rows).await.map_err(StoreError::Unavailable)
    }

    /// Takes the session, or makes one. Whoever takes it puts it back only when all went well, so a dropped future or an
    /// error leaves no half-used connection behind.
    async fn session(&mut self) -> Result<Session, OpenError> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        if self.missing.is_none() {
            self.missing = Some(self.server.bring_up_to_date(self.small).await?);
        }
        self.server.log_in(self.server.limits.statement).await
    }

    /// A session on a table that rows can be written to.
    async fn writing_session(&mut self) -> Result<Session, OpenError> {
        let session = self.session().await?;
        let needed: Vec<_> = self.missing().filter(|index| !index.can_wait()).collect();
        for index in needed {
            self.make(index).await?;
        }
        Ok(session)
    }

    fn missing(&self) -> impl Iterator<Item = &'static Index> {
        self.missing.iter().flatten().copied()
    }

    async fn make(&mut self, index: &'static Index) -> Result<(), OpenError> {
        self.server.make(index).await?;
        self.missing.iter_mut().for_each(|missing| missing.retain(|missing| missing.name != index.name));
        Ok(())
    }

    async fn write_once(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
        let Session { client, mut connection } = self.writing_session().await.map_err(StoreError::unavailable)?;
        let limit = self.server.limits.answer;
        let outcome = match ask(&mut connection, limit, insert::insert(rows, &client)).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let (fault, full) = (fault(&error), is_full(&error));
                let error = without_details(error);
                match fault {
                    Fault::Row => Err(StoreError::Rejected(error)),
                    Fault::Unclear if ask(&mut connection, limit, try_empty_row(&client)).await.is_ok() => {
                        Err(StoreError::Rejected(error))
                    }
                    Fault::Unclear | Fault::Store if full => Err(StoreError::Full(error)),
                    Fault::Unclear | Fault::Store => return Err(StoreError::Unavailable(error)),
                }
            }
        };
        self.session = Some(Session { client, connection });
        outcome
    }
}

#[async_trait]
impl Store for PostgresStore {
    /// A connection that was lost since the last call is noticed only by using it, so there is one more try on a new one.
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
        let used_before = self.session.is_some();
        match self.write_once(rows).await {
            Err(StoreError::Unavailable(_)) if used_before => self.write_once(rows).await,
            outcome => outcome,
        }
    }

    fn is_ready(&self) -> bool {
        self.missing.is_some() && self.missing().all(Index::can_wait)
    }

    /// Bytes are those of the rows as they are stored, without indices and without the room of rows that are gone: files
    /// do not shrink when rows are deleted, autovacuum makes that room ready for new ones. In a large table they are
    /// estimated, by a sample.
    async fn tend(&mut self, retention: &Retention, now: SystemTime) -> Result<Tended, StoreError> {
        let Session { client, mut connection } = self.session().await.map_err(StoreError::unavailable)?;
        let missing = self.missing().next();
        let tended = if let Some(index) = missing {
            self.make(index).await.map_err(StoreError::unavailable)?;
            Tended::More
        } else {
            let step = tend::step(&client, retention, now, &mut self.excess);
            ask(&mut connection, self.server.limits.answer, step).await.map_err(StoreError::Unavailable)?.tended
        };
        self.session = Some(Session { client, connection });
        Ok(tended)
    }
}

/// Where an error code leaves it open whose fault it is, the database is asked: one that takes an empty row works, and the
/// fault is in the rows.
async fn try_empty_row(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("BEGIN; INSERT INTO records DEFAULT VALUES; ROLLBACK").await
}

#[cfg(test)]
mod tests;
