//! A login, and what comes of asking something on it.

use super::connect::connect;
use crate::postgres_dsn::Dsn;
use crate::store::Fault;
use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(super) type AnyError = Box<dyn Error + Send + Sync>;

/// The socket under a login, with TLS or without.
pub(super) type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A login and the socket under it. Nothing moves on the socket but during [`ask`], so there is no task to own, and
/// dropping the connection ends whatever waits for an answer.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) connection: Wire,
}

impl Session {
    /// Logs in and has the server limit each statement and each wait for a lock. Without a limit of its own.
    pub(super) async fn log_in(dsn: &Dsn, lock: Duration, statement: Duration) -> Result<Self, AnyError> {
        let (client, mut connection) = connect(dsn).await?;
        let (lock, statement) = (lock.as_millis(), statement.as_millis());
        let setup = format!("SET lock_timeout = {lock}; SET statement_timeout = {statement}");
        while_open(&mut connection, client.batch_execute(&setup)).await?;
        Ok(Self { client, connection })
    }
}

/// What `work` with the connection's client comes to, unless the server takes longer than `limit` or goes away.
pub(super) async fn ask<T, E: Into<AnyError>>(
    connection: &mut Wire,
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, AnyError> {
    timeout(limit, while_open(connection, work)).await?
}

async fn while_open<T, E: Into<AnyError>>(
    connection: &mut Wire,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, AnyError> {
    let work = pin!(work);
    tokio::select! {
        biased;
        done = work => done.map_err(Into::into),
        ended = connection => Err(ended.map_or_else(lost, |()| lost("the connection has ended"))),
    }
}

/// Not the driver's error, which would read as an answer to what was asked.
fn lost(cause: impl Into<AnyError>) -> AnyError {
    io::Error::new(io::ErrorKind::ConnectionAborted, cause).into()
}

/// Whose fault it is that something which was asked went wrong, by the class of PostgreSQL's error code
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(super) fn fault(error: &AnyError) -> Fault {
    match error.downcast_ref::<tokio_postgres::Error>() {
        Some(said) if !said.is_closed() => said.code().map_or(Fault::Unclear, |code| of_class(code.code())),
        Some(_) | None => Fault::Store,
    }
}

/// What the server said, without the details, in which PostgreSQL quotes the row at fault: they are prompts.
pub(super) fn without_details(error: AnyError) -> AnyError {
    match error.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::as_db_error) {
        Some(said) => format!("{}: {} ({})", said.severity(), said.message(), said.code().code()).into(),
        None => error,
    }
}

/// Whether the server has no room left (`disk_full`).
pub(super) fn is_full(error: &AnyError) -> bool {
    let said = error.downcast_ref::<tokio_postgres::Error>();
    said.and_then(tokio_postgres::Error::code) == Some(&SqlState::DISK_FULL)
}

fn of_class(code: &str) -> Fault {
    match code.get(..2) {
        // A constraint.
        Some("23") => Fault::Row,
        // Connection, rollback, resources (a full disk), an object in use (a lock), an operator or a time limit, the system.
        Some("08" | "40" | "53" | "55" | "57" | "58") => Fault::Store,
        Some(_) | None => Fault::Unclear,
    }
}
