use crate::counts::ChannelCounts;
use crate::desk::Desk;
use crate::notifier::Notifier;
use crate::policy::{Ending, Policy};
use crate::trouble::{Condition, Trouble};
use crate::worker::{Channel, Worker};
use oar_exchange::{Exchange, Observer};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Listens to exchanges and hands what people should hear to the [`Worker`].
///
/// Each pair of upstream and reason is told at most once in a [window](Policy::window), and no more than
/// [so many messages](Policy::messages_per_minute) go out in 60 s. The rest is counted: the next message about the same
/// says how often, or the message that it is over; else a [summary](crate::Event::Summary), which comes as soon as there
/// may be a message when something was not told at all, and after two windows when it only repeats.
///
/// What people were told of is told once more when it [works again](crate::Event::Recovered): an upstream when it has
/// answered since its last fault, which a whole window has passed since; records and configurations at once.
///
/// Each channel has its own queue of [`Alerts::QUEUE_CAP`] messages; when it is full the newest message is dropped for
/// that channel, and counted.
///
/// A request that simply worked costs a look at its attempts, and a short lock only while something is in trouble; a
/// failed one a short lock, and no waiting.
pub struct Alerts {
    hostname: Arc<str>,
    outcomes: BTreeSet<Ending>,
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
    pub fn start(notifiers: Vec<Arc<dyn Notifier>>, hostname: impl Into<Arc<str>>, policy: Policy) -> (Self, Worker) {
        let hostname = hostname.into();
        let counts = ChannelCounts::for_each_name(&notifiers);
        let (outlets, channels) =
            notifiers.into_iter().map(|notifier| Channel::open(notifier, &counts, Self::QUEUE_CAP)).unzip();
        let closing = CancellationToken::new();
        let desk = Arc::new(Desk::new(Arc::clone(&hostname), &policy, outlets));
        let worker = Worker::new(Arc::clone(&desk), channels, counts.clone(), closing.clone());
        let _close_on_drop = closing.clone().drop_guard();
        (Self { hostname, outcomes: policy.outcomes, desk, counts, closing, _close_on_drop }, worker)
    }

    /// Takes no more alerts and lets the worker end once it has delivered those that wait, which it tries for
    /// [`Worker::FLUSH_LIMIT`]. The same happens when the listener is dropped.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Tells people that records cannot be written; that goes on until [`Alerts::records_are_written`].
    pub fn records_are_stuck(&self) {
        self.desk.begins(Condition::RecordsStuck);
    }

    /// Tells people that records are written again, if they were told that they cannot be.
    pub fn records_are_written(&self) {
        self.desk.ends(Condition::RecordsStuck);
    }

    /// Tells people that a new configuration was rejected, and the one before stays.
    pub fn reload_failed(&self) {
        self.desk.begins(Condition::ReloadFailed);
    }

    /// Tells people that a new configuration was applied, if they were told that one was rejected.
    pub fn reload_worked(&self) {
        self.desk.ends(Condition::ReloadFailed);
    }

    /// What became of the messages, one entry per channel name.
    pub fn counts(&self) -> &[Arc<ChannelCounts>] {
        &self.counts
    }
}

impl Observer for Alerts {
    fn finished(&self, exchange: &Arc<Exchange>) {
        let troubles = Trouble::all_in(exchange);
        match Ending::of(exchange.outcome) {
            Some(ending) if !self.outcomes.contains(&ending) => self.desk.overhear(exchange, &troubles),
            Some(_) | None => self.desk.hear(exchange, &troubles),
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
