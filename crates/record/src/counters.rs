//! What became of the rows, as numbers. Atomics that say nothing about each other: for a moment a reader may see a row in
//! two of them, or in none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::queue::{QUEUE_CAP_BYTES, QUEUE_CAP_ROWS};

/// What became of the rows: readable by anyone, cheap to clone, all clones count as one.
///
/// Every exchange that a [`Recorder`](crate::Recorder) hears ends in exactly one of [`written`](Self::written),
/// [`skipped`](Self::skipped) and [`dropped`](Self::dropped); until then it is in [`queued_rows`](Self::queued_rows).
///
/// ```
/// use oar_exchange::Observer;
/// use oar_record::{DropReason, Recorder};
///
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// # let store = oar_record::PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
/// let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
/// let counters = recorder.counters();
/// recorder.finished(&exchange);
/// assert_eq!(counters.queued_rows(), 1);
/// drop(writer);
/// assert_eq!((counters.queued_rows(), counters.dropped(DropReason::Shutdown)), (0, 1));
/// # Ok::<(), oar_record::OpenError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Counters(Arc<Tally>);

#[derive(Debug, Default)]
struct Tally {
    written: AtomicU64,
    skipped: AtomicU64,
    queue_full: AtomicU64,
    disk_full: AtomicU64,
    invalid: AtomicU64,
    shutdown: AtomicU64,
    queued_rows: AtomicUsize,
    queued_bytes: AtomicUsize,
    store_down: AtomicBool,
    store_full: AtomicBool,
}

/// Why a row was not written.
///
/// ```
/// use oar_record::DropReason;
///
/// assert_eq!(DropReason::ALL.map(DropReason::as_str), ["queue_full", "disk_full", "invalid", "shutdown"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// The queue held as many rows or bytes as it may.
    QueueFull,
    /// The same, because the store had no room: making some is what helps.
    DiskFull,
    /// The store works and would not take this row.
    Invalid,
    /// The gateway stopped before the row could be written.
    Shutdown,
}

impl DropReason {
    /// Every reason, for those who need the closed set.
    pub const ALL: [Self; 4] = [Self::QueueFull, Self::DiskFull, Self::Invalid, Self::Shutdown];

    /// The word for it in metrics and logs.
    ///
    /// ```
    /// # use oar_record::DropReason;
    /// assert_eq!(DropReason::Invalid.as_str(), "invalid");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::DiskFull => "disk_full",
            Self::Invalid => "invalid",
            Self::Shutdown => "shutdown",
        }
    }
}

impl Counters {
    /// Rows that the store has taken.
    ///
    /// ```
    /// # use oar_record::Counters;
    /// assert_eq!(Counters::default().written(), 0);
    /// ```
    pub fn written(&self) -> u64 {
        self.0.written.load(Relaxed)
    }

    /// Exchanges of which nothing was to be kept: no losses.
    ///
    /// ```
    /// # use oar_record::Counters;
    /// assert_eq!(Counters::default().skipped(), 0);
    /// ```
    pub fn skipped(&self) -> u64 {
        self.0.skipped.load(Relaxed)
    }

    /// Rows that were given up for this reason.
    ///
    /// ```
    /// # use oar_record::{Counters, DropReason};
    /// let counters = Counters::default();
    /// let lost: u64 = DropReason::ALL.map(|reason| counters.dropped(reason)).iter().sum();
    /// assert_eq!(lost, 0);
    /// ```
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped_for(reason).load(Relaxed)
    }

    /// Rows waiting to be written, those of the batch that is being written included.
    ///
    /// ```
    /// # use oar_record::{Counters, QUEUE_CAP_ROWS};
    /// assert!(Counters::default().queued_rows() <= QUEUE_CAP_ROWS);
    /// ```
    pub fn queued_rows(&self) -> usize {
        self.0.queued_rows.load(Relaxed)
    }

    /// What those rows hold of [`QUEUE_CAP_BYTES`].
    ///
    /// ```
    /// # use oar_record::{Counters, QUEUE_CAP_BYTES};
    /// assert!(Counters::default().queued_bytes() <= QUEUE_CAP_BYTES);
    /// ```
    pub fn queued_bytes(&self) -> usize {
        self.0.queued_bytes.load(Relaxed)
    }

    /// Whether the last call of the store found it working; before the first call, what the store itself
    /// [said](crate::Store::is_ready).
    ///
    /// ```
    /// # use oar_record::Recorder;
    /// # let store = oar_record::PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
    /// let (recorder, _writer) = Recorder::start(Box::new(store), "gateway-1");
    /// assert!(!recorder.counters().store_is_up(), "nobody has reached the server yet");
    /// # Ok::<(), oar_record::OpenError>(())
    /// ```
    pub fn store_is_up(&self) -> bool {
        !self.0.store_down.load(Relaxed)
    }

    /// Takes a place in the queue for an exchange of this many bytes, unless it is full. One that is larger than the
    /// whole queue gets in when it would be alone, so that no exchange is impossible to record.
    pub(crate) fn admit(&self, bytes: usize) -> bool {
        let row = |rows: usize| (rows < QUEUE_CAP_ROWS).then_some(rows + 1);
        if self.0.queued_rows.fetch_update(Relaxed, Relaxed, row).is_err() {
            return false;
        }
        let room = |held: usize| {
            let total = held.saturating_add(bytes);
            (held == 0 || total <= QUEUE_CAP_BYTES).then_some(total)
        };
        let admitted = self.0.queued_bytes.fetch_update(Relaxed, Relaxed, room).is_ok();
        if !admitted {
            self.0.queued_rows.fetch_sub(1, Relaxed);
        }
        admitted
    }

    /// Nothing is to be kept of an exchange.
    pub(crate) fn skip(&self) {
        self.0.skipped.fetch_add(1, Relaxed);
    }

    /// The admitted row is in the store.
    pub(crate) fn settle_written(&self, bytes: usize) {
        self.leave(bytes);
        self.0.written.fetch_add(1, Relaxed);
    }

    /// The admitted row is given up.
    pub(crate) fn settle_dropped(&self, bytes: usize, reason: DropReason) {
        self.leave(bytes);
        self.refuse(reason);
    }

    /// A row that was never admitted is given up.
    pub(crate) fn refuse(&self, reason: DropReason) {
        self.dropped_for(reason).fetch_add(1, Relaxed);
    }

    /// Why an exchange finds no place in the queue.
    pub(crate) fn no_room(&self) -> DropReason {
        if self.0.store_full.load(Relaxed) { DropReason::DiskFull } else { DropReason::QueueFull }
    }

    pub(crate) fn note_store_up(&self) {
        self.0.store_down.store(false, Relaxed);
        self.0.store_full.store(false, Relaxed);
    }

    pub(crate) fn note_store_down(&self) {
        self.0.store_down.store(true, Relaxed);
        self.0.store_full.store(false, Relaxed);
    }

    pub(crate) fn note_store_full(&self) {
        self.0.store_down.store(true, Relaxed);
        self.0.store_full.store(true, Relaxed);
    }

    fn leave(&self, bytes: usize) {
        self.0.queued_rows.fetch_sub(1, Relaxed);
        self.0.queued_bytes.fetch_sub(bytes, Relaxed);
    }

    fn dropped_for(&self, reason: DropReason) -> &AtomicU64 {
        match reason {
            DropReason::QueueFull => &self.0.queue_full,
            DropReason::DiskFull => &self.0.disk_full,
            DropReason::Invalid => &self.0.invalid,
            DropReason::Shutdown => &self.0.shutdown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let counters = Counters::default();
        let half = QUEUE_CAP_BYTES / 2;
        assert_eq!([counters.admit(half), counters.admit(half), counters.admit(1)], [true, true, false]);
        counters.settle_written(half);
        assert!(counters.admit(1));
        assert_eq!((counters.queued_rows(), counters.queued_bytes()), (2, half + 1));
    }

    #[test]
    fn the_queue_is_bounded_in_rows() {
        let counters = Counters::default();
        assert!((0..QUEUE_CAP_ROWS).all(|_| counters.admit(0)));
        assert!(!counters.admit(0));
        assert_eq!(counters.queued_rows(), QUEUE_CAP_ROWS);
    }

    #[test]
    fn an_exchange_larger_than_the_queue_gets_in_alone() {
        let counters = Counters::default();
        assert_eq!([counters.admit(QUEUE_CAP_BYTES + 1), counters.admit(1)], [true, false]);
        counters.settle_dropped(QUEUE_CAP_BYTES + 1, DropReason::Invalid);
        assert_eq!((counters.queued_rows(), counters.queued_bytes()), (0, 0));
    }
}
