//! The one task that writes: exchanges to rows, rows to batches, batches to the store, for as long as that takes. Knows no
//! database.

use crate::batch::Batch;
use crate::queue::{Queue, Waiting};
use crate::store::Chain;
use crate::{Counters, DropReason, QUEUE_CAP_ROWS, Row, Store, StoreError};
use std::fmt;
use std::pin::pin;
use std::time::{Duration, SystemTime};
use tokio::task::consume_budget;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use upkeep::Upkeep;

mod upkeep;

/// The most rows that one [`Store::write`] is given.
pub const BATCH_CAP_ROWS: usize = 500;

/// A batch is written once its exchanges weigh this many bytes, counted as the queue counts them.
pub const BATCH_CAP_BYTES: usize = 8 * 1024 * 1024;

/// How long the first row of a batch waits for others.
pub const BATCH_LINGER: Duration = Duration::from_millis(250);

/// The one task that writes: owns the store, makes rows, batches them, and does not give up on a store that fails. Between
/// batches it [tends](Store::tend) the store.
///
/// ```
/// use oar_exchange::Observer;
/// use oar_record::{Recorder, SqliteStore};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("db.sqlite");
/// let (recorder, writer) = Recorder::start(Box::new(SqliteStore::open(&path).await?), "gateway-1");
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// recorder.finished(&exchange);
/// // Stops at once, and has five seconds to write what is queued.
/// writer.run(async { Duration::from_secs(5) }).await;
/// assert_eq!(recorder.counters().written(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Writer {
    store: Box<dyn Store>,
    hostname: String,
    queue: Queue,
    batch: Batch,
    counters: Counters,
    outage: Option<Outage>,
    upkeep: Upkeep,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("hostname", &self.hostname).finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) fn new(store: Box<dyn Store>, hostname: String, queue: Queue) -> Self {
        let counters = queue.counters.clone();
        // Whoever made a store that is not reached yet has told why.
        let outage = (!store.is_ready()).then(Outage::begin);
        let batch = Batch::new(counters.clone());
        Self { store, hostname, queue, batch, counters, outage, upkeep: Upkeep::starting_at(SystemTime::now()) }
    }

    /// Writes until `stop` resolves, then takes nothing new and writes what is queued for at most the duration that
    /// `stop` resolved to. Also ends, with everything settled, when every [`Recorder`](crate::Recorder) is gone.
    ///
    /// A store that is unavailable is asked again after 250 ms, 500 ms and so on up to every 5 s; meanwhile the queue
    /// fills up to its caps. What cannot be written in time is counted as [`DropReason::Shutdown`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future counts everything that is queued as [`DropReason::Shutdown`]; rows of a write under way may
    /// nevertheless be in the store.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("db.sqlite");
    /// # let store = oar_record::SqliteStore::open(&path).await?;
    /// let (recorder, writer) = oar_record::Recorder::start(Box::new(store), "gateway-1");
    /// let (stop, stopped) = tokio::sync::oneshot::channel();
    /// let grace = async { stopped.await.unwrap_or(Duration::ZERO) };
    /// let shut_down = async { stop.send(Duration::from_secs(5)) };
    /// let ((), _) = tokio::join!(writer.run(grace), shut_down);
    /// # assert_eq!(recorder.counters().queued_rows(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(mut self, stop: impl Future<Output = Duration>) {
        let stop = pin!(stop);
        let grace = tokio::select! {
            biased;
            grace = stop => grace,
            () = self.work() => return,
        };
        self.queue.close();
        if timeout(grace, self.work()).await.is_err() {
            let rows = self.counters.queued_rows();
            tracing::warn!(rows, "records are lost, the store did not take them before the gateway had to stop");
        }
    }

    /// Ends when the queue is closed and empty. All progress is in `self`, so that it can be dropped and called again.
    async fn work(&mut self) {
        while self.fill().await {
            self.flush().await;
            // Under load there are always rows that wait, so this cannot wait until there are none. A queue that fills up
            // comes first.
            if self.upkeep.is_due() && self.counters.queued_rows() <= QUEUE_CAP_ROWS / 2 {
                self.keep_up().await;
            }
        }
    }

    /// Fills the batch; false when there is nothing left to write, ever. What the queue holds is made into rows at once, not
    /// one by one as it comes: that would wake this task for each.
    async fn fill(&mut self) -> bool {
        if self.batch.is_empty() && !self.wait().await {
            return false;
        }
        self.queue.gather(BATCH_LINGER).await;
        while !self.batch.is_full()
            && let Some(waiting) = self.queue.take()
        {
            self.push(&waiting);
            consume_budget().await;
        }
        true
    }

    /// Waits for the first exchange of a batch and does what is due meanwhile, one step at a time.
    async fn wait(&mut self) -> bool {
        loop {
            let due = self.upkeep.due;
            tokio::select! {
                biased;
                more = self.take() => return more,
                () = sleep_until(due) => self.keep_up().await,
            }
        }
    }

    /// Reaches a store that never was, or failed last, and tends one that works. Nothing of that is worth holding up a stop.
    async fn keep_up(&mut self) {
        if self.queue.is_closed() {
            return;
        }
        if self.outage.is_some() {
            match self.store.write(&[]).await {
                Ok(()) => self.note_answer(),
                Err(error) => {
                    self.note_failure(&error);
                    self.upkeep.try_again();
                }
            }
        } else {
            let retention = **self.queue.retention.load();
            let tended = self.store.tend(&retention, self.upkeep.now()).await;
            self.upkeep.note(tended);
        }
    }

    /// Moves one exchange from the queue into the batch; false when the queue is closed and empty. Cancel safe.
    async fn take(&mut self) -> bool {
        let Some(waiting) = self.queue.next().await else { return false };
        self.push(&waiting);
        true
    }

    fn push(&mut self, waiting: &Waiting) {
        let row = Row::keeping(waiting.extract.exchange(), waiting.extract.keep(), &self.hostname);
        self.batch.push(row, waiting.bytes);
    }

    /// Writes the batch, whatever it takes. A rejected batch is halved until the row at fault stands alone.
    async fn flush(&mut self) {
        let mut pauses = Pauses::default();
        let mut width = BATCH_CAP_ROWS;
        while !self.batch.is_empty() {
            let rows = self.batch.oldest(width);
            width = rows.len();
            match self.store.write(rows).await {
                Ok(()) => {
                    self.batch.written(width);
                    self.note_answer();
                    width = width.saturating_mul(2);
                }
                Err(StoreError::Rejected(cause)) => {
                    self.note_answer();
                    if width <= 1 {
                        self.give_up_oldest(&*cause);
                    }
                    width = (width / 2).max(1);
                }
                Err(error @ (StoreError::Unavailable(_) | StoreError::Full(_))) => {
                    self.note_failure(&error);
                    sleep(pauses.next()).await;
                }
            }
        }
    }

    fn give_up_oldest(&mut self, cause: &(dyn std::error::Error + 'static)) {
        if let Some(row) = self.batch.dropped(DropReason::Invalid) {
            let exchange_id = row.exchange_id.as_deref().unwrap_or_default();
            tracing::warn!(exchange_id, error = %Chain(cause), "record is dropped, the store does not take it");
        }
    }

    /// A store that takes rows works, and so does one that says no to some.
    fn note_answer(&mut self) {
        self.counters.note_store_up();
        self.upkeep.store_works();
        self.queue.overflow.end(&self.counters);
        if let Some(outage) = self.outage.take() {
            let seconds = outage.since.elapsed().as_secs();
            tracing::info!(seconds, failures = outage.failures, "records are written again");
        }
    }

    /// Logs the first failure only: an outage of an hour is one event, not seven hundred.
    fn note_failure(&mut self, error: &StoreError) {
        match error {
            StoreError::Full(_) => self.counters.note_store_full(),
            StoreError::Unavailable(_) | StoreError::Rejected(_) => self.counters.note_store_down(),
        }
        if self.outage.is_none() {
            tracing::warn!(error = %Chain(error), "records cannot be written, they wait in the queue");
        }
        self.outage.get_or_insert_with(Outage::begin).failures += 1;
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait before the store is asked again: doubling, with a ceiling.
#[derive(Debug)]
struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pauses {
    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = pause.saturating_mul(2).min(LONGEST_PAUSE);
        pause
    }
}

/// A time without a single successful write.
#[derive(Debug)]
struct Outage {
    since: Instant,
    failures: u64,
}

impl Outage {
    fn begin() -> Self {
        Self { since: Instant::now(), failures: 0 }
    }
}
