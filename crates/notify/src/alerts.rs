use crate::alert::Alert;
use crate::counts::ChannelCounts;
use crate::desk::Desk;
use crate::notifier::Notifier;
use crate::worker::{Channel, Worker};
use oar_exchange::{Exchange, Observer};
use std::fmt;
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Listens to exchanges and hands what people should hear to the [`Worker`].
///
/// Each pair of upstream and reason is told at most once in 60 s, and no more than 20 messages go out in 60 s; the rest
/// is counted, and the next message says how many there were. If none comes, the last alert that was held back is told
/// when 60 to 120 s have passed since the last message. Each channel has its own queue of
/// [`Alerts::QUEUE_CAP`] messages; when it is full the newest message is dropped for that channel, and counted.
///
/// A request that simply worked costs a look at its attempts; a failed one a short lock, and no waiting.
pub struct Alerts {
    hostname: Arc<str>,
    desk: Arc<Desk>,
    counts: Vec<Arc<ChannelCounts>>,
    closing: CancellationToken,
    // Without this an owner that forgets to close would leave the worker waiting for ever.
    _close_on_drop: DropGuard,
}

impl Alerts {
    /// How many messages may wait for one channel.
    pub const QUEUE_CAP: usize = 100;

    /// Makes the listener and the worker that delivers to `notifiers`; nothing is delivered until the worker runs.
    ///
    /// `hostname` is how messages name this gateway. Channels of the same name are counted together.
    pub fn start(notifiers: Vec<Arc<dyn Notifier>>, hostname: impl Into<Arc<str>>) -> (Self, Worker) {
        let counts = ChannelCounts::for_each_name(&notifiers);
        let (outlets, channels) =
            notifiers.into_iter().map(|notifier| Channel::open(notifier, &counts, Self::QUEUE_CAP)).unzip();
        let closing = CancellationToken::new();
        let desk = Arc::new(Desk::new(outlets));
        let worker = Worker::new(Arc::clone(&desk), channels, counts.clone(), closing.clone());
        let alerts =
            Self { hostname: hostname.into(), desk, counts, _close_on_drop: closing.clone().drop_guard(), closing };
        (alerts, worker)
    }

    /// Takes no more alerts and lets the worker end once it has delivered those that wait, which it tries for
    /// [`Worker::FLUSH_LIMIT`]. The same happens when the listener is dropped.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Tells people that records cannot be written, as it tells them of anything else: at most once in 60 s.
    pub fn records_are_stuck(&self) {
        self.desk.take(Alert::of_stuck_records(&self.hostname));
    }

    /// What became of the messages, one entry per channel name.
    pub fn counts(&self) -> &[Arc<ChannelCounts>] {
        &self.counts
    }
}

impl Observer for Alerts {
    fn finished(&self, exchange: &Arc<Exchange>) {
        if let Some(alert) = Alert::from_exchange(exchange, &self.hostname) {
            self.desk.take(alert);
        }
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts").field("hostname", &self.hostname).field("counts", &self.counts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
