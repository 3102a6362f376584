//! The way of a message through the queue of a channel: pace, tries, end. Knows no protocol.

use crate::alert::Alert;
use crate::alerts::Alerts;
use crate::counts::ChannelCounts;
use crate::desk::Desk;
use crate::notifier::{Notifier, NotifyError};
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// The pauses before the second and the third try; there is no fourth.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// The longest pause, whatever a channel asks for.
const PAUSE_CAP: Duration = Duration::from_secs(10);

/// Delivers what [`Alerts`] queued, each channel at its own pace.
///
/// ```
/// # use oar_notify::{Alerts, Policy};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (alerts, worker) = Alerts::start(Vec::new(), "gateway-1", Policy::default());
/// let running = tokio::spawn(worker.run());
/// alerts.close();
/// assert!(running.await.is_ok(), "it ends by itself, and a stop can wait for it");
/// # }
/// ```
#[must_use = "nothing is delivered until the worker runs"]
pub struct Worker {
    desk: Arc<Desk>,
    channels: Vec<Channel>,
    counts: Vec<Arc<ChannelCounts>>,
    closing: CancellationToken,
}

impl Worker {
    /// How long one try may take, whatever the notifier does.
    pub const TRY_LIMIT: Duration = Duration::from_secs(5);

    /// How long messages that still wait are delivered after the alerts were closed.
    pub const FLUSH_LIMIT: Duration = Duration::from_secs(2);

    pub(crate) const fn new(
        desk: Arc<Desk>,
        channels: Vec<Channel>,
        counts: Vec<Arc<ChannelCounts>>,
        closing: CancellationToken,
    ) -> Self {
        Self { desk, channels, counts, closing }
    }

    /// Delivers until the alerts are closed or dropped, and then for at most [`Worker::FLUSH_LIMIT`]; what is left
    /// counts as failed. A channel that hangs delays no other.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons what is under way and what waits.
    ///
    /// ```
    /// # use oar_notify::{Alert, Alerts, Notifier, NotifyError, Policy};
    /// # struct Chat;
    /// # #[async_trait::async_trait]
    /// # impl Notifier for Chat {
    /// #     fn name(&self) -> &str { "chat" }
    /// #     async fn notify(&self, _: &Alert) -> Result<(), NotifyError> { Ok(()) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (alerts, worker) = Alerts::start(vec![std::sync::Arc::new(Chat)], "gateway-1", Policy::default());
    /// alerts.reload_failed();
    /// alerts.close();
    /// worker.run().await;
    /// assert_eq!(alerts.counts()[0].sent(), 1, "what waits is delivered first");
    /// # }
    /// ```
    pub async fn run(self) {
        let Self { desk, channels, counts, closing } = self;
        let is_flushed = {
            let mut deliveries = pin!(join_all(channels.into_iter().map(|channel| channel.run(&closing))));
            tokio::select! {
                _ = &mut deliveries => true,
                never = desk.keep_watch() => match never {},
                () = closing.cancelled() => timeout(Self::FLUSH_LIMIT, &mut deliveries).await.is_ok(),
            }
        };
        // The queues are gone: nothing that comes now could be counted as queued and stay so.
        if !is_flushed {
            let left = counts.iter().map(|counts| counts.give_up()).sum::<u64>();
            tracing::warn!(left, "alerts were not delivered before the gateway stopped");
        }
    }
}

// The owner spawns the worker on its tracker.
const _: fn(Worker) -> Box<dyn Future<Output = ()> + Send + 'static> = |worker| Box::new(worker.run());

/// Where alerts enter a channel's queue.
pub(crate) struct Outlet {
    sender: mpsc::Sender<Arc<Alert>>,
    counts: Arc<ChannelCounts>,
}

impl Outlet {
    /// Queues `alert`, or drops and counts it when the queue is full or closed.
    pub(crate) fn offer(&self, alert: &Arc<Alert>) {
        // Counted first: the worker must never see more settled than queued.
        self.counts.count_queued();
        if self.sender.try_send(Arc::clone(alert)).is_err() {
            self.counts.count_turned_away();
        }
    }

    /// Counts an alert that this channel is not told.
    pub(crate) fn suppress(&self) {
        self.counts.count_suppressed();
    }
}

/// One notifier, and what waits for it.
pub(crate) struct Channel {
    notifier: Arc<dyn Notifier>,
    queue: mpsc::Receiver<Arc<Alert>>,
    counts: Arc<ChannelCounts>,
}

impl Channel {
    /// A channel and the outlet that fills its queue, which holds [`Alerts::QUEUE_CAP`] messages.
    pub(crate) fn open(notifier: Arc<dyn Notifier>, counts: Arc<ChannelCounts>) -> (Outlet, Self) {
        let (sender, queue) = mpsc::channel(Alerts::QUEUE_CAP);
        (Outlet { sender, counts: Arc::clone(&counts) }, Self { notifier, queue, counts })
    }

    async fn run(mut self, closing: &CancellationToken) {
        let mut free_at = Instant::now();
        while let Some(alert) = self.next(closing).await {
            sleep_until(free_at).await;
            self.deliver(&alert).await;
            free_at = Instant::now() + self.notifier.pace();
        }
    }

    /// The next message; `None` when the queue is closed and empty.
    async fn next(&mut self, closing: &CancellationToken) -> Option<Arc<Alert>> {
        tokio::select! {
            biased;
            alert = self.queue.recv() => alert,
            () = closing.cancelled() => {
                self.queue.close();
                self.queue.recv().await
            }
        }
    }

    async fn deliver(&self, alert: &Alert) {
        match self.try_until_settled(alert).await {
            Ok(()) => self.counts.count_sent(),
            Err(error) => {
                self.counts.count_failed();
                let error = &error as &dyn std::error::Error;
                tracing::warn!(channel = self.notifier.name(), error, "alert was not delivered");
            }
        }
    }

    async fn try_until_settled(&self, alert: &Alert) -> Result<(), NotifyError> {
        for pause in PAUSES {
            match self.try_once(alert).await {
                Err(error) if error.is_temporary() => {
                    let asked = error.wait().unwrap_or(pause).min(PAUSE_CAP);
                    sleep(asked.max(pause).max(self.notifier.pace())).await;
                }
                settled => return settled,
            }
        }
        self.try_once(alert).await
    }

    async fn try_once(&self, alert: &Alert) -> Result<(), NotifyError> {
        // All channels are one task: a channel that panics silences no other, nor itself.
        let trying = AssertUnwindSafe(async { self.notifier.notify(alert).await }).catch_unwind();
        match timeout(Worker::TRY_LIMIT, trying).await {
            Ok(tried) => tried.unwrap_or(Err(NotifyError::Panicked)),
            Err(_) => Err(NotifyError::Timeout(Worker::TRY_LIMIT)),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("counts", &self.counts).finish_non_exhaustive()
    }
}
