//! The way to a connection: with TLS, without, or first the one and then the other, as the DSN has it.

use super::session::{AnyError, Wire};
use crate::postgres_dsn::Dsn;
use crate::{OpenError, postgres_tls};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error};

/// Logs in. Has no limit of its own.
pub(super) async fn connect(dsn: &Dsn) -> Result<(Client, Wire), AnyError> {
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
fn may_take(otherwise: SslMode, refused: &Error) -> bool {
    let unwelcome = refused.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    unwelcome || (otherwise == SslMode::Disable && postgres_tls::is_fault(refused))
}

async fn connect_by(way: SslMode, dsn: &Dsn) -> Result<Result<(Client, Wire), Error>, OpenError> {
    let connector = dsn.connector()?;
    let mut config = dsn.config.clone();
    Ok(config.ssl_mode(way).connect(connector).await)
}
