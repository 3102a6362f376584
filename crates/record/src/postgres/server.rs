//! Where the database is, and the way to a session on it: log in, bring the table up to date.

use super::session::{AnyError, Session, ask};
use crate::{OpenError, schema};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::MigrationHarness;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

/// Held while migrating, so that gateways starting at once take turns. The number has no meaning but must never change.
const MIGRATION_LOCK: i64 = 0x6f61_7200;

/// What the server says to a DSN that has to be changed: a wrong password, no such user or database, a setting of the
/// session that it does not know or whose value it does not take.
const ONLY_ANOTHER_DSN_HELPS: [SqlState; 5] = [
    SqlState::INVALID_PASSWORD,
    SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
    SqlState::INVALID_CATALOG_NAME,
    SqlState::UNDEFINED_OBJECT,
    SqlState::INVALID_PARAMETER_VALUE,
];

/// How long things may take. Nothing waits for PostgreSQL without one of these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Our side: from the name's resolution to a session that is set up.
    pub(super) login: Duration,
    /// The server's side: one wait for a lock.
    pub(super) lock: Duration,
    /// The server's side: one statement of a batch.
    pub(super) statement: Duration,
    /// Our side: a batch or a query. Longer than the server's own limit, for a server that does not answer at all.
    pub(super) answer: Duration,
    /// Both sides: bringing the table up to date, which may mean building indexes for years of the Go version's rows.
    pub(super) migration: Duration,
    /// Our side: all of that at the start of the gateway, which shall not wait for an index.
    pub(super) start: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(5),
            lock: Duration::from_secs(4),
            statement: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            migration: Duration::from_secs(300),
            start: Duration::from_secs(30),
        }
    }
}

/// Where the database is, and how long it may take.
pub(super) struct Server {
    pub(super) config: Config,
    /// Host and port, for messages.
    pub(super) address: String,
    pub(super) limits: Limits,
}

impl Server {
    /// A session on which the server gives each statement this long.
    pub(super) async fn log_in(&self, statement: Duration) -> Result<Session, OpenError> {
        let login = Session::log_in(&self.config, self.limits.lock, statement);
        let session = timeout(self.limits.login, login).await;
        session.unwrap_or_else(|elapsed| Err(elapsed.into())).map_err(|error| self.login_error(error))
    }

    fn login_error(&self, error: AnyError) -> OpenError {
        let code = error.downcast_ref().and_then(tokio_postgres::Error::code);
        if code.is_some_and(|code| ONLY_ANOTHER_DSN_HELPS.contains(code)) {
            OpenError::Refused { address: self.address.clone(), source: error }
        } else {
            self.unreachable(error)
        }
    }

    pub(super) fn unreachable(&self, error: impl Into<AnyError>) -> OpenError {
        OpenError::Unreachable { address: self.address.clone(), source: error.into() }
    }

    /// Brings the table up to date, on a connection of its own.
    ///
    /// Diesel does not pass on which error a migration met. One that came before the server's time limits could be over
    /// is the table's; any other may be a lock or a slow server, and pass.
    pub(super) async fn migrate(&self) -> Result<(), OpenError> {
        let Session { client, mut connection } = self.log_in(self.limits.migration).await?;
        let lock = format!("SELECT pg_advisory_lock({MIGRATION_LOCK})");
        let locked = ask(&mut connection, self.limits.answer, client.batch_execute(&lock)).await;
        locked.map_err(|error| self.unreachable(error))?;
        let started = Instant::now();
        match ask(&mut connection, self.limits.migration, migrate(client)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) if started.elapsed() < self.limits.lock => {
                Err(OpenError::Migrate { address: self.address.clone(), source })
            }
            Ok(Err(late)) => Err(self.unreachable(late)),
            Err(lost) => Err(self.unreachable(lost)),
        }
    }
}

/// What came of the migrations, or why that is not known: a server that does not even unlock afterwards is gone.
///
/// Migrations are diesel's, which are synchronous: they run on a blocking thread, which ends when the connection does.
async fn migrate(client: Client) -> Result<Result<(), AnyError>, AnyError> {
    let connection = AsyncPgConnection::try_from(client).await?;
    let (mut connection, migrated) = tokio::task::spawn_blocking(move || migrate_blocking(connection)).await?;
    connection.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await?;
    Ok(migrated)
}

fn migrate_blocking(connection: AsyncPgConnection) -> (AsyncPgConnection, Result<(), AnyError>) {
    let mut connection = AsyncConnectionWrapper::<AsyncPgConnection>::from(connection);
    let migrated = connection.run_pending_migrations(schema::POSTGRES).map(drop);
    (connection.into_inner(), migrated)
}
