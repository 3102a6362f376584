//! Where the database is, and the way to a session on it.

use super::session::{AnyError, Session};
use crate::postgres_dsn::{self, Dsn};
use crate::{OpenError, postgres_tls};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

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
    /// Both sides: giving the table its columns, and the indices of a small one.
    pub(super) migration: Duration,
    /// Our side: all of that at the start of the gateway.
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
    dsn: Dsn,
    /// Host and port, for messages.
    pub(super) address: String,
    pub(super) limits: Limits,
}

impl Server {
    /// Reads the DSN and the certificates that it names.
    pub(super) fn read(dsn: &str, limits: Limits) -> Result<Self, OpenError> {
        let dsn = postgres_dsn::parse(dsn)?;
        if dsn.tls.names_files() {
            dsn.connector()?;
        }
        Ok(Self { address: postgres_dsn::address(&dsn.config), dsn, limits })
    }

    /// A session on which the server gives each statement this long.
    pub(super) async fn log_in(&self, statement: Duration) -> Result<Session, OpenError> {
        let login = Session::log_in(&self.dsn, self.limits.lock, statement);
        let session = timeout(self.limits.login, login).await;
        session.unwrap_or_else(|elapsed| Err(elapsed.into())).map_err(|error| self.login_error(error))
    }

    fn login_error(&self, error: AnyError) -> OpenError {
        let error = match error.downcast::<OpenError>() {
            Ok(told) => return *told,
            Err(error) => error,
        };
        let said: Option<&tokio_postgres::Error> = error.downcast_ref();
        let code = said.and_then(tokio_postgres::Error::code);
        if code.is_some_and(|code| ONLY_ANOTHER_DSN_HELPS.contains(code)) {
            OpenError::Refused { address: self.address.clone(), source: error }
        } else if said.is_some_and(postgres_tls::is_fault) {
            OpenError::Tls { address: self.address.clone(), source: error }
        } else {
            self.unreachable(error)
        }
    }

    pub(super) fn unreachable(&self, error: impl Into<AnyError>) -> OpenError {
        OpenError::Unreachable { address: self.address.clone(), source: error.into() }
    }
}
