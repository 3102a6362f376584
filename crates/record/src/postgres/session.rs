//! A login, and what comes of asking something on it.

use crate::postgres_dsn::Dsn;
use crate::{OpenError, postgres_tls};
use std::error::Error;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Connection, Error as PostgresError, Socket};
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

/// The way to a connection: with TLS, without, or first the one and then the other, as the DSN has it.
async fn connect(dsn: &Dsn) -> Result<(Client, Wire), AnyError> {
    // TLS is not spoken over a socket file, whatever the mode says; libpq has it so too.
    let is_file = |host: &Host| !matches!(host, Host::Tcp(_));
    if dsn.config.get_hosts().iter().all(is_file) {
        return Ok(connect_by(SslMode::Disable, dsn).await??);
    }
    let (first, otherwise) = dsn.tls.mode().ways();
    match (connect_by(first, dsn).await?, otherwise) {
        (Err(refused), Some(otherwise)) if may_take(otherwise, &refused) => {
            let second = connect_by(otherwise, dsn).await?;
            // What the server says to a login tells more than that it has no TLS.
            second.map_err(|error| if error.code().is_some() { error.into() } else { refused.into() })
        }
        (outcome, _) => Ok(outcome?),
    }
}

/// Whether a login that was refused may be let in another way: servers demand TLS, or forbid it, by user and address, and
/// what they offer may be broken. Any other refusal would be the same again.
fn may_take(otherwise: SslMode, refused: &PostgresError) -> bool {
    let unwelcome = refused.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    unwelcome || (otherwise == SslMode::Disable && postgres_tls::is_fault(refused))
}

async fn connect_by(way: SslMode, dsn: &Dsn) -> Result<Result<(Client, Wire), PostgresError>, OpenError> {
    let connector = dsn.connector()?;
    let mut config = dsn.config.clone();
    Ok(config.ssl_mode(way).connect(connector).await)
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
