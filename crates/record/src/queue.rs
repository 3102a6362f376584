//! The queue between the request path and the writer: bounded, counted, never waited for. Knows no row and no database.

use crate::policy::{Extract, Policy};
use crate::{BATCH_CAP_BYTES, BATCH_CAP_ROWS, Counters, DropReason, Retention, Store, Writer};
use arc_swap::ArcSwap;
use oar_exchange::{Exchange, Observer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

/// The most rows that wait to be written, those being written included.
pub const QUEUE_CAP_ROWS: usize = 10_000;

/// The most bytes that wait to be written, as they arrived: request bodies, kept answers, headers, methods, paths, models and
/// ids. Nothing that a client chooses the length of waits uncounted.
pub const QUEUE_CAP_BYTES: usize = 64 * 1024 * 1024;

/// The end of the queue that hears exchanges: never waits, never fails, drops and counts when the queue is full. What its
/// [`Policy`] keeps nothing of is counted and forgotten.
///
/// ```
/// use oar_exchange::Observer;
/// use oar_record::Recorder;
///
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// # let store = oar_record::PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
/// let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
/// recorder.finished(&exchange);
/// assert_eq!(recorder.counters().queued_rows(), 1, "nobody runs the writer yet");
/// # Ok::<(), oar_record::OpenError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recorder {
    sender: mpsc::Sender<Waiting>,
    /// Told when there is enough for a batch.
    enough: Arc<Notify>,
    counters: Counters,
    overflow: Overflow,
    policy: Arc<ArcSwap<Policy>>,
    retention: Arc<ArcSwap<Retention>>,
}

impl Recorder {
    /// A queue in front of `store`, for everything that is kept by default. Nothing is written before the owner runs the
    /// [`Writer`]; `hostname` is what each row's `hostname` says.
    ///
    /// ```
    /// # use oar_record::Recorder;
    /// # let store = oar_record::PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
    /// let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
    /// # let _ = (recorder, writer);
    /// # Ok::<(), oar_record::OpenError>(())
    /// ```
    pub fn start(store: Box<dyn Store>, hostname: impl Into<String>) -> (Self, Writer) {
        let (sender, receiver) = mpsc::channel(QUEUE_CAP_ROWS);
        let (counters, enough, overflow) = (Counters::default(), Arc::default(), Overflow::default());
        let recorder = Self { sender, enough, counters, overflow, policy: Arc::default(), retention: Arc::default() };
        if !store.is_ready() {
            recorder.counters.note_store_down();
        }
        let Self { counters, enough, overflow, retention, .. } = recorder.clone();
        let queue = Queue { receiver, enough, counters, overflow, retention };
        (recorder, Writer::new(store, hostname.into(), queue))
    }

    /// From now on this is kept of exchanges; those that wait already are kept as they are. May be called at any time, on
    /// any clone.
    ///
    /// ```
    /// # use oar_exchange::Observer;
    /// # use oar_record::{Keep, KeepOutcomes, Policy, Recorder};
    /// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
    /// # let store = oar_record::PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
    /// # let (recorder, _writer) = Recorder::start(Box::new(store), "gateway-1");
    /// recorder.keep(Policy::new(Keep { outcomes: KeepOutcomes::Sampled { per_million: 0 }, ..Keep::default() }));
    /// let mut good = (*exchange).clone();
    /// good.outcome = oar_exchange::Outcome::Ok;
    /// recorder.finished(&good.into());
    /// assert_eq!(recorder.counters().skipped(), 1);
    /// # Ok::<(), oar_record::OpenError>(())
    /// ```
    pub fn keep(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
    }

    /// From now on the writer has the store delete what this lets go; before, it deletes nothing. May be called at any
    /// time, on any clone.
    ///
    /// ```
    /// # use oar_record::{Recorder, Retention};
    /// # use std::time::Duration;
    /// # let store = oar_record::PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
    /// # let (recorder, _writer) = Recorder::start(Box::new(store), "gateway-1");
    /// recorder.retain(Retention { age: Some(Duration::from_secs(30 * 86_400)), bytes: Some(5 << 30) });
    /// # Ok::<(), oar_record::OpenError>(())
    /// ```
    pub fn retain(&self, retention: Retention) {
        self.retention.store(Arc::new(retention));
    }

    /// What becomes of the rows.
    ///
    /// ```
    /// # use oar_record::Recorder;
    /// # let store = oar_record::PostgresStore::lazy(&"postgres://me@db/records".to_owned().into())?;
    /// # let (recorder, _writer) = Recorder::start(Box::new(store), "gateway-1");
    /// let counters = recorder.counters();
    /// assert_eq!((counters.written(), counters.queued_rows()), (0, 0));
    /// # Ok::<(), oar_record::OpenError>(())
    /// ```
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }
}

impl Observer for Recorder {
    fn finished(&self, exchange: &Arc<Exchange>) {
        let Some(extract) = self.policy.load().keeps(exchange) else {
            self.counters.skip();
            return;
        };
        let bytes = extract.weight();
        if !self.counters.admit(bytes) {
            self.counters.refuse(self.counters.no_room());
            self.overflow.begin();
            return;
        }
        match self.sender.try_send(Waiting { extract, bytes }) {
            Ok(()) if are_enough(&self.counters) => self.enough.notify_one(),
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.counters.settle_dropped(bytes, self.counters.no_room()),
            Err(mpsc::error::TrySendError::Closed(_)) => self.counters.settle_dropped(bytes, DropReason::Shutdown),
        }
    }
}

/// Whether what is queued makes a batch.
fn are_enough(queued: &Counters) -> bool {
    queued.queued_rows() >= BATCH_CAP_ROWS || queued.queued_bytes() >= BATCH_CAP_BYTES
}

/// An exchange with its place in the queue.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) extract: Extract,
    pub(crate) bytes: usize,
}

/// The other end of the queue. Dropping it counts what is still in it as lost to the shutdown.
#[derive(Debug)]
pub(crate) struct Queue {
    receiver: mpsc::Receiver<Waiting>,
    enough: Arc<Notify>,
    pub(crate) counters: Counters,
    pub(crate) overflow: Overflow,
    pub(crate) retention: Arc<ArcSwap<Retention>>,
}

impl Queue {
    /// The next exchange, or `None` when the queue is closed and empty. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Waiting> {
        self.receiver.recv().await
    }

    /// Waits until there is enough for a batch, for at most `limit`, and not at all when nothing more can come. Cancel safe.
    pub(crate) async fn gather(&self, limit: Duration) {
        if self.is_closed() {
            return;
        }
        let enough = async {
            while !are_enough(&self.counters) {
                self.enough.notified().await;
            }
        };
        // Less than that is a batch, too.
        let _ = timeout(limit, enough).await;
    }

    /// The next exchange, if there is one now.
    pub(crate) fn take(&mut self) -> Option<Waiting> {
        self.receiver.try_recv().ok()
    }

    /// Whether it takes no more exchanges.
    pub(crate) fn is_closed(&self) -> bool {
        self.receiver.is_closed()
    }

    /// Takes no more exchanges; those in the queue stay.
    pub(crate) fn close(&mut self) {
        self.receiver.close();
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.receiver.close();
        while let Ok(waiting) = self.receiver.try_recv() {
            self.counters.settle_dropped(waiting.bytes, DropReason::Shutdown);
        }
    }
}

/// Whether rows are being dropped for want of room, logged when it begins and when it ends rather than for each row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overflow(Arc<AtomicBool>);

impl Overflow {
    fn begin(&self) {
        if !self.0.swap(true, Relaxed) {
            tracing::warn!("record queue is full, records are dropped");
        }
    }

    /// Ends the overflow once the queue is half empty: a store that is barely too slow shall not log with each batch.
    pub(crate) fn end(&self, counters: &Counters) {
        let has_room = counters.queued_rows() <= QUEUE_CAP_ROWS / 2 && counters.queued_bytes() <= QUEUE_CAP_BYTES / 2;
        if has_room && self.0.load(Relaxed) && self.0.swap(false, Relaxed) {
            let dropped = counters.dropped(DropReason::QueueFull) + counters.dropped(DropReason::DiskFull);
            tracing::info!(dropped_since_start = dropped, "record queue has room again");
        }
    }
}
