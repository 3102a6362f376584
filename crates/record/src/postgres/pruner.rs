//! A login for somebody who deletes rows by hand.

use super::reader::{PATIENCE, columns};
use super::session::{AnyError, Session, ask};
use super::{NoSession, PostgresStore, Server, tend};
use crate::read::missing;
use crate::store::Tended;
use crate::{CreatedAt, OpenError, Retention};
use secrecy::SecretString;
use std::time::SystemTime;
use tokio_postgres::Client;

/// Deletes as the store does, and tells how much.
pub(crate) struct PostgresPruner {
    server: Server,
    session: Option<Session>,
    /// Bytes that the last step has left to delete.
    surplus: u64,
}

impl PostgresPruner {
    /// Reads the DSN. Does no IO.
    pub(crate) fn new(dsn: &SecretString) -> Result<Self, OpenError> {
        Ok(Self { server: PostgresStore::within(PATIENCE, dsn)?.server, session: None, surplus: 0 })
    }

    /// Host and port, for messages.
    pub(crate) fn address(&self) -> &str {
        &self.server.address
    }

    /// Logs in unless that is done. The table stays as it is: where it lacks columns of ours, this session has a view in its
    /// place that has them empty, and rows that are deleted from that are gone from the table
    /// (<https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS>).
    pub(crate) async fn log_in(&mut self) -> Result<(), NoSession> {
        if self.session.is_some() {
            return Ok(());
        }
        let Session { client, mut connection } = self.server.log_in(PATIENCE.statement).await?;
        let found = ask(&mut connection, PATIENCE.login, columns(&client)).await;
        let found = found.map_err(|error| self.server.unreachable(error))?;
        let (schema, columns) = found.ok_or(NoSession::NoTable)?;
        if let Some(view) = missing::view(&columns, &schema, missing::typed_null) {
            let made = ask(&mut connection, PATIENCE.login, client.batch_execute(&view)).await;
            made.map_err(|error| self.server.unreachable(error))?;
        }
        self.session = Some(Session { client, connection });
        Ok(())
    }

    /// The bytes of all rows, as [`Retention`] counts them.
    pub(crate) async fn used(&mut self) -> Result<u64, AnyError> {
        self.ask(async |client| tend::measure(client).await).await
    }

    /// About how many rows there are to delete.
    pub(crate) async fn surplus(&mut self, retention: Retention, now: SystemTime) -> Result<u64, AnyError> {
        self.ask(async |client| {
            let old = match retention.cutoff(now) {
                Some(cutoff) => {
                    count(client, "SELECT count(*) FROM records WHERE created_at < $1", &[&CreatedAt(cutoff)]).await?
                }
                None => 0,
            };
            let Some(cap) = retention.bytes else { return Ok(old) };
            let (used, rows) =
                (tend::measure(client).await?, count(client, "SELECT count(*) FROM records", &[]).await?);
            let share = (u128::from(used.saturating_sub(cap)) * u128::from(rows)).div_ceil(u128::from(used.max(1)));
            Ok(old.max(u64::try_from(share).unwrap_or(rows)))
        })
        .await
    }

    /// One step, and how many rows it deleted.
    pub(crate) async fn step(&mut self, retention: Retention, now: SystemTime) -> Result<(u64, Tended), AnyError> {
        let surplus = self.surplus;
        let pruned = self.ask(async |client| tend::prune(client, &retention, now, surplus).await).await?;
        let (rows, tended, left) = pruned;
        self.surplus = left;
        Ok((rows.unsigned_abs(), tended))
    }

    async fn ask<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, AnyError> {
        let Session { client, mut connection } = self.session.take().ok_or("there is no session")?;
        let value = ask(&mut connection, PATIENCE.answer, work(&client)).await?;
        self.session = Some(Session { client, connection });
        Ok(value)
    }
}

async fn count(
    client: &Client,
    question: &str,
    parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<u64, tokio_postgres::Error> {
    let number: i64 = client.query_one(question, parameters).await?.try_get(0)?;
    Ok(number.unsigned_abs())
}
