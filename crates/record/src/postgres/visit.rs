//! A login for those who come by: who read, or delete by hand. The table stays as it is.

use super::server::{Limits, Server};
use super::session::{Session, ask};
use crate::OpenError;
use crate::schema::missing;
use std::time::Duration;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

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

impl Server {
    /// Logs in. Where the table lacks columns of ours, the session has a view in its place that has them empty; rows that are
    /// deleted from that are gone from the table
    /// (<https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS>).
    pub(super) async fn visit(&self) -> Result<Session, NoSession> {
        let Session { client, mut connection } = self.log_in(self.limits.statement).await?;
        let prepared = ask(&mut connection, self.limits.login, prepare(&client)).await;
        let is_ours = prepared.map_err(|error| self.unreachable(error))?;
        if is_ours { Ok(Session { client, connection }) } else { Err(NoSession::NoTable) }
    }
}

/// Makes the view if there has to be one. False when there is no table that could be ours.
async fn prepare(client: &Client) -> Result<bool, Error> {
    let Some((schema, columns)) = columns(client).await? else { return Ok(false) };
    if let Some(view) = missing::view(&columns, &schema, missing::typed_null) {
        client.batch_execute(&view).await?;
    }
    Ok(true)
}

/// The schema and the columns of the table.
async fn columns(client: &Client) -> Result<Option<(String, Vec<String>)>, Error> {
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
