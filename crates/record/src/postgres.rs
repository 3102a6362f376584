use crate::schema::records;
use crate::store::Fault;
use crate::{OpenError, Row, Store, StoreError, postgres_dsn};
use async_trait::async_trait;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use secrecy::{ExposeSecret, SecretString};
use server::{Limits, Server};
use session::{AnyError, Session, ask, fault};
use std::fmt;
use tokio::time::timeout;
use tokio_postgres::Client;

mod insert;
mod server;
mod session;

/// Rows in a PostgreSQL database, over one connection, which is made anew after it was lost.
///
/// A server that does not answer, or a lock that another session holds, is given up after seconds: five for a login, ten
/// for a batch, five minutes for bringing the table up to date, which at the start of the gateway may take no more than
/// half a minute with all the rest.
///
/// No text of this type or its errors holds the DSN or the password.
pub struct PostgresStore {
    server: Server,
    session: Option<Session>,
    migrated: bool,
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
    /// [`OpenError::Dsn`], [`OpenError::Tls`] and [`OpenError::Refused`] need another DSN; after
    /// [`OpenError::Unreachable`], [`lazy`](Self::lazy) is for those who would rather start without a database.
    pub async fn connect(dsn: &SecretString) -> Result<Self, OpenError> {
        Self::lazy(dsn)?.started().await
    }

    /// Reads the DSN and leaves connecting, and bringing the table up to date, to the first use. Does no IO and needs no
    /// runtime, so it also serves to check a DSN.
    ///
    /// # Errors
    ///
    /// [`OpenError::Dsn`] and [`OpenError::Tls`].
    pub fn lazy(dsn: &SecretString) -> Result<Self, OpenError> {
        Self::within(Limits::default(), dsn)
    }

    fn within(limits: Limits, dsn: &SecretString) -> Result<Self, OpenError> {
        let config = postgres_dsn::parse(dsn.expose_secret())?;
        let address = postgres_dsn::address(&config);
        Ok(Self { server: Server { config, address, limits }, session: None, migrated: false })
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
        if !self.migrated {
            self.server.migrate().await?;
            self.migrated = true;
        }
        self.server.log_in(self.server.limits.statement).await
    }

    async fn write_once(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let Session { client, mut connection } = self.session().await.map_err(StoreError::unavailable)?;
        let limit = self.server.limits.answer;
        let outcome = match ask(&mut connection, limit, insert::insert(rows, &client)).await {
            Ok(()) => Ok(()),
            Err(error) => match fault(&error) {
                Fault::Row => Err(StoreError::Rejected(error)),
                Fault::Unclear if ask(&mut connection, limit, try_empty_row(&client)).await.is_ok() => {
                    Err(StoreError::Rejected(error))
                }
                Fault::Unclear | Fault::Store => return Err(StoreError::Unavailable(error)),
            },
        };
        self.session = Some(Session { client, connection });
        outcome
    }
}

#[async_trait]
impl Store for PostgresStore {
    /// A connection that was lost since the last call is noticed only by using it, so there is one more try on a new one.
    async fn write(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let used_before = self.session.is_some();
        match self.write_once(rows).await {
            Err(StoreError::Unavailable(_)) if used_before => self.write_once(rows).await,
            outcome => outcome,
        }
    }

    fn is_ready(&self) -> bool {
        self.migrated
    }
}

/// Where an error code leaves it open whose fault it is, the database is asked: one that takes an empty row works, and the
/// fault is in the rows.
async fn try_empty_row(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("BEGIN; INSERT INTO records DEFAULT VALUES; ROLLBACK").await
}

#[cfg(test)]
mod tests;
