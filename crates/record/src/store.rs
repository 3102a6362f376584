use crate::{Retention, Row};
use async_trait::async_trait;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Where rows end up.
///
/// One [`Writer`](crate::Writer) owns a store and calls it from one task, never twice at once: up to
/// [`BATCH_CAP_ROWS`](crate::BATCH_CAP_ROWS) rows a call, several calls a second under load, the same rows again after a
/// failure.
#[async_trait]
pub trait Store: Send + 'static {
    /// Writes all of `rows`, oldest first, and returns when they are as durable as the store promises. A store that writes on
    /// another thread takes them there by cloning the `Arc`s.
    ///
    /// Writing a row whose `exchange_id` is there already changes nothing and is no error: after a failure nobody knows
    /// which rows arrived, so the same ones come again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] and [`StoreError::Full`] keep the rows for a later call. [`StoreError::Rejected`] makes
    /// the caller narrow the batch down until the row at fault stands alone; only then is it dropped.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any point. The rows may then have been written or not, and the next call must work.
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError>;

    /// Whether the store has been reached at all. Asked once, before the first write: it is what
    /// [`Counters::store_is_up`](crate::Counters::store_is_up) says until then. A store that is made open has been.
    ///
    /// One that has not, which whoever made it has told the operator, is [`write`](Self::write)n no rows at all, again and
    /// again, until it is reached or there are rows.
    fn is_ready(&self) -> bool {
        true
    }

    /// Does one small step of what the store needs besides rows: deletes some that `retention` lets go, the oldest first, or
    /// puts something in order. Called between batches: again at once after [`Tended::More`], else after a minute or so.
    /// Rows wait meanwhile, so a step takes no longer than a batch does.
    ///
    /// `now` is the time that ages are counted from; it keeps its pace when the system's clock is put forward or back.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] is logged, and the step is tried again later. No row waits for that.
    ///
    /// # Cancel safety
    ///
    /// As for [`write`](Self::write).
    async fn tend(&mut self, retention: &Retention, now: SystemTime) -> Result<Tended, StoreError> {
        let _ = (retention, now);
        Ok(Tended::Done)
    }
}

/// What a step of [`Store::tend`] leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tended {
    /// Nothing for now.
    Done,
    /// At least one step more.
    More,
}

/// Why rows were not written, told apart by what may help.
///
/// Causes are for the log: an implementation must keep DSNs, bodies and tokens out of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached or cannot write anything now; the same rows may succeed later.
    #[error("the record store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The store works and has no room left; the same rows may succeed when somebody has made some. What is dropped
    /// meanwhile counts as [`DropReason::DiskFull`](crate::DropReason::DiskFull).
    #[error("the record store is full")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// The store works and does not take at least one of these rows, now or later.
    #[error("the record store rejects a row")]
    Rejected(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// An [`Unavailable`](Self::Unavailable) for this cause.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// A [`Rejected`](Self::Rejected) for this cause.
    pub fn rejected(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Rejected(cause.into())
    }
}

/// An error and its causes in one line, for the log.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Whose fault a database error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A row's: it breaks a constraint or cannot be encoded.
    Row,
    /// The store's: connection, space, lock, schema.
    Store,
    /// The error does not say.
    Unclear,
}

impl Fault {
    pub(crate) fn of(error: &diesel::result::Error) -> Self {
        if let diesel::result::Error::DatabaseError(kind, _) = error {
            return Self::of_kind(kind);
        }
        if matches!(error, diesel::result::Error::SerializationError(_)) { Self::Row } else { Self::Store }
    }

    fn of_kind(kind: &diesel::result::DatabaseErrorKind) -> Self {
        use diesel::result::DatabaseErrorKind as Kind;
        match kind {
            Kind::UniqueViolation
            | Kind::ForeignKeyViolation
            | Kind::NotNullViolation
            | Kind::CheckViolation
            | Kind::RestrictViolation
            | Kind::ExclusionViolation => Self::Row,
            Kind::UnableToSendCommand
            | Kind::SerializationFailure
            | Kind::ReadOnlyTransaction
            | Kind::ClosedConnection => Self::Store,
            // SQLite tells little more than constraints, and diesel may learn more kinds.
            Kind::Unknown | _ => Self::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trait_is_object_safe() {
        fn takes(_: Option<Box<dyn Store>>) {}
        takes(None);
    }

    #[test]
    fn a_chain_names_every_cause_once() {
        let error = StoreError::unavailable(std::io::Error::other("disk full"));
        assert_eq!(Chain(&error).to_string(), "the record store is unavailable: disk full");
    }
}
