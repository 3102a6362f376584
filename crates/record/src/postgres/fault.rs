//! What an error of PostgreSQL's means, by its code: whose fault it is, and what may be told of it.

use super::session::AnyError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A row's: it breaks a constraint.
    Row,
    /// The store's: connection, space, lock, schema.
    Store,
    /// The code does not say.
    Unclear,
}

/// Whose fault it is that something which was asked went wrong, by the class of PostgreSQL's error code
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(super) fn fault(error: &AnyError) -> Fault {
    match error.downcast_ref::<Error>() {
        Some(said) if !said.is_closed() => said.code().map_or(Fault::Unclear, |code| of_class(code.code())),
        Some(_) | None => Fault::Store,
    }
}

/// What the server said, without the details, in which PostgreSQL quotes the row at fault: they are prompts.
pub(super) fn without_details(error: AnyError) -> AnyError {
    match error.downcast_ref::<Error>().and_then(Error::as_db_error) {
        Some(said) => format!("{}: {} ({})", said.severity(), said.message(), said.code().code()).into(),
        None => error,
    }
}

/// Whether the server has no room left (`disk_full`).
pub(super) fn is_full(error: &AnyError) -> bool {
    let said = error.downcast_ref::<Error>();
    said.and_then(Error::code) == Some(&SqlState::DISK_FULL)
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
