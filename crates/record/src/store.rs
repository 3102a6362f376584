//! Where rows end up, and what keeps them from becoming too many. Knows no database.

use crate::Row;
use async_trait::async_trait;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where rows end up.
///
/// One [`Writer`](crate::Writer) owns a store and calls it from one task, never twice at once: up to
/// [`BATCH_CAP_ROWS`](crate::BATCH_CAP_ROWS) rows a call, several calls a second under load, the same rows again after a
/// failure.
///
/// ```
/// use oar_record::{Row, Store, StoreError};
/// use std::collections::HashSet;
/// use std::sync::Arc;
///
/// /// Knows which exchanges there were, and nothing else of them.
/// #[derive(Default)]
/// struct Ids(HashSet<String>);
///
/// #[async_trait::async_trait]
/// impl Store for Ids {
///     async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
///         self.0.extend(rows.iter().filter_map(|row| row.exchange_id.clone()));
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), StoreError> {
/// let row = Arc::new(Row { exchange_id: Some("0190".into()), ..Row::default() });
/// let mut ids = Ids::default();
/// ids.write(&[Arc::clone(&row)]).await?;
/// // Whoever does not know whether rows arrived writes them again.
/// ids.write(&[row]).await?;
/// assert_eq!(ids.0.len(), 1);
/// # Ok(())
/// # }
/// ```
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
    ///
    /// ```
    /// use oar_record::{Store, StoreError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # let mut store = oar_record::SqliteStore::open(&path).await?;
    /// # let rows = [std::sync::Arc::new(oar_record::Row::default())];
    /// match store.write(&rows).await {
    ///     Ok(()) => {}
    ///     Err(StoreError::Rejected(_)) => panic!("one of these rows is no row for this store"),
    ///     Err(other) => panic!("the same rows, later: {other}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError>;

    /// Whether the store has been reached at all. Asked once, before the first write: it is what
    /// [`Counters::store_is_up`](crate::Counters::store_is_up) says until then. A store that is made open has been.
    ///
    /// One that has not, which whoever made it has told the operator, is [`write`](Self::write)n no rows at all, again and
    /// again, until it is reached or there are rows.
    ///
    /// ```
    /// use oar_record::{PostgresStore, Store};
    ///
    /// let store = PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
    /// assert!(!store.is_ready(), "it has not logged in yet");
    /// # Ok::<(), oar_record::OpenError>(())
    /// ```
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
    ///
    /// ```
    /// use oar_record::{Retention, Store, Tended};
    /// use std::time::{Duration, SystemTime};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # let mut store = oar_record::SqliteStore::open(&path).await?;
    /// let month = Retention { age: Some(Duration::from_secs(30 * 86_400)), bytes: None };
    /// while store.tend(&month, SystemTime::now()).await? == Tended::More {}
    /// # Ok(())
    /// # }
    /// ```
    async fn tend(&mut self, retention: &Retention, now: SystemTime) -> Result<Tended, StoreError> {
        let _ = (retention, now);
        Ok(Tended::Done)
    }
}

/// How long rows are kept, and how many. By default for ever, and all of them.
///
/// ```
/// use oar_record::Retention;
/// use std::time::Duration;
///
/// let month_or_5_gib = Retention { age: Some(Duration::from_secs(30 * 86_400)), bytes: Some(5 << 30) };
/// assert_ne!(month_or_5_gib, Retention::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Rows older than this go. A row whose moment cannot be read stays.
    pub age: Option<Duration>,
    /// When the rows take more bytes than this, the oldest go. What that counts is for the store to say.
    pub bytes: Option<u64>,
}

/// The most rows that one step deletes.
pub const RETENTION_STEP_ROWS: usize = 500;

/// A step stops at the row with which it has deleted this many bytes.
pub const RETENTION_STEP_BYTES: u64 = 8 * 1024 * 1024;

impl Retention {
    /// Rows from before this moment go. `None` also when that is before there were clocks.
    pub(crate) fn cutoff(&self, now: SystemTime) -> Option<SystemTime> {
        now.checked_sub(self.age?)
    }

    /// About how many rows are too many, of so many that take so many bytes.
    pub(crate) fn surplus_rows(&self, used: u64, rows: u64) -> u64 {
        let excess = self.bytes.map_or(0, |cap| used.saturating_sub(cap));
        let share = (u128::from(excess) * u128::from(rows)).div_ceil(u128::from(used.max(1)));
        u64::try_from(share).unwrap_or(rows)
    }
}

/// What a step of [`Store::tend`] leaves to do.
///
/// ```
/// use oar_record::{Pruned, Tended};
///
/// let step = Pruned { rows: 500, tended: Tended::More };
/// assert!(step.tended != Tended::Done, "call again");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tended {
    /// Nothing for now.
    Done,
    /// At least one step more.
    More,
}

/// What one step came to.
///
/// ```
/// use oar_record::{Pruned, Pruner, Retention, SqliteStore, Tended};
/// use std::time::SystemTime;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("db.sqlite");
/// # SqliteStore::open(&path).await?;
/// let mut pruner = Pruner::sqlite(&path).await?;
/// let nothing = Pruned { rows: 0, tended: Tended::Done };
/// assert_eq!(pruner.step(Retention::default(), SystemTime::now()).await?, nothing);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows it deleted.
    pub rows: u64,
    /// Whether there may be more to do.
    pub tended: Tended,
}

/// Why rows were not written, told apart by what may help.
///
/// Causes are for the log: an implementation must keep DSNs, bodies and tokens out of them.
///
/// ```
/// use oar_record::StoreError;
/// use std::error::Error;
///
/// let error = StoreError::Full("no space left on device".into());
/// assert_eq!(error.to_string(), "the record store is full");
/// assert_eq!(error.source().unwrap().to_string(), "no space left on device");
/// ```
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
    ///
    /// ```
    /// # use oar_record::StoreError;
    /// let error = StoreError::unavailable(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
    /// assert_eq!(error.to_string(), "the record store is unavailable");
    /// ```
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// A [`Rejected`](Self::Rejected) for this cause.
    ///
    /// ```
    /// # use oar_record::StoreError;
    /// assert_eq!(StoreError::rejected("no such column").to_string(), "the record store rejects a row");
    /// ```
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
