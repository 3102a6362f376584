//! A login for those who only read.

use super::server::Limits;
use super::session::{AnyError, Session, Wire, ask};
use super::{PostgresStore, Server};
use crate::OpenError;
use crate::read::missing;
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use secrecy::SecretString;
use std::time::Duration;
use tokio_postgres::{Client, SimpleQueryMessage};

/// A person who searches years of bodies waits, and can give up; the gateway's own limits are for the gateway. Ours is a
/// little longer than the server's, for a server that does not answer at all.
pub(super) const PATIENCE: Limits = Limits {
    login: Duration::from_secs(5),
    lock: Duration::from_secs(4),
    statement: Duration::from_secs(600),
    answer: Duration::from_secs(610),
    migration: Duration::ZERO,
    start: Duration::ZERO,
};

/// The columns of the table that the name `records` means, and the schema that it is in.
const COLUMNS: &str = "SELECT quote_ident(n.nspname), a.attname FROM pg_attribute a \
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE a.attrelid = to_regclass('records') AND a.attnum > 0 AND NOT a.attisdropped";

/// After this nothing can be written, whatever is asked.
const READ_ONLY: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

/// One session on the server, made when it is needed. Diesel has its client, and it moves only while something is asked.
pub(crate) struct Reader {
    server: Server,
    open: Option<(AsyncPgConnection, Wire)>,
}

/// Why there is no session to read with.
pub(crate) enum NoSession {
    Open(OpenError),
    NoTable,
}

impl From<OpenError> for NoSession {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl Reader {
    /// Reads the DSN. Does no IO.
    pub(crate) fn new(dsn: &SecretString) -> Result<Self, OpenError> {
        Ok(Self { server: PostgresStore::within(PATIENCE, dsn)?.server, open: None })
    }

    /// Host and port, for messages.
    pub(crate) fn address(&self) -> &str {
        &self.server.address
    }

    /// Logs in unless that is done. A table that lacks columns of ours gets a view that only this session sees.
    pub(crate) async fn log_in(&mut self) -> Result<(), NoSession> {
        if self.open.is_some() {
            return Ok(());
        }
        let Session { client, mut connection } = self.server.log_in(PATIENCE.statement).await?;
        let limit = self.server.limits.login;
        let found =
            ask(&mut connection, limit, columns(&client)).await.map_err(|error| self.server.unreachable(error))?;
        let (schema, columns) = found.ok_or(NoSession::NoTable)?;
        let view = missing::view(&columns, &schema, missing::typed_null).unwrap_or_default();
        let setup = format!("{view}; {READ_ONLY}");
        let ready = async {
            client.batch_execute(&setup).await?;
            Ok::<_, AnyError>(AsyncPgConnection::try_from(client).await?)
        };
        let diesel = ask(&mut connection, limit, ready).await.map_err(|error| self.server.unreachable(error))?;
        self.open = Some((diesel, connection));
        Ok(())
    }

    /// What `work` comes to. The session is kept only when it went well, so a dropped future leaves no half-used one.
    pub(crate) async fn ask<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, AnyError> {
        let (mut diesel, mut connection) = self.open.take().ok_or("there is no session")?;
        let value = ask(&mut connection, self.server.limits.answer, work(&mut diesel)).await?;
        self.open = Some((diesel, connection));
        Ok(value)
    }
}

/// The schema and the columns; `None` when there is no table that could be ours.
pub(super) async fn columns(client: &Client) -> Result<Option<(String, Vec<String>)>, tokio_postgres::Error> {
    let mut schema = None;
    let mut columns = Vec::new();
    for message in client.simple_query(COLUMNS).await? {
        if let SimpleQueryMessage::Row(row) = message {
            schema = row.get(0).map(str::to_owned);
            columns.extend(row.get(1).map(str::to_owned));
        }
    }
    Ok(schema.filter(|_| missing::is_a_table_of_records(&columns)).map(|schema| (schema, columns)))
}
