//! A login for those who only read.

use super::PostgresStore;
use super::server::Server;
use super::session::{AnyError, Session, Wire, ask};
use super::visit::{NoSession, PATIENCE};
use crate::OpenError;
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use secrecy::SecretString;

/// After this nothing can be written, whatever is asked.
const READ_ONLY: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

/// One session on the server, made when it is needed. Diesel has its client, and it moves only while something is asked.
pub(crate) struct Reader {
    server: Server,
    open: Option<(AsyncPgConnection, Wire)>,
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

    /// Logs in unless that is done.
    pub(crate) async fn log_in(&mut self) -> Result<(), NoSession> {
        if self.open.is_some() {
            return Ok(());
        }
        let Session { client, mut connection } = self.server.visit().await?;
        let ready = async {
            client.batch_execute(READ_ONLY).await?;
            Ok::<_, AnyError>(AsyncPgConnection::try_from(client).await?)
        };
        let diesel = ask(&mut connection, self.server.limits.login, ready).await;
        self.open = Some((diesel.map_err(|error| self.server.unreachable(error))?, connection));
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
