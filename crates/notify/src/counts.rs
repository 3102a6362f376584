use crate::notifier::Notifier;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of one channel's messages since the start. Only ever grows.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChannelCounts {
    name: Box<str>,
    queued: AtomicU64,
    sent: AtomicU64,
    suppressed: AtomicU64,
    failed: AtomicU64,
}

impl ChannelCounts {
    /// Nothing yet of the channel `name`.
    pub(crate) fn new(name: &str) -> Self {
        let [queued, sent, suppressed, failed] = std::array::from_fn(|_| AtomicU64::new(0));
        Self { name: name.into(), queued, sent, suppressed, failed }
    }

    /// One entry for each name among `notifiers`, in their order.
    pub(crate) fn for_each_name(notifiers: &[Arc<dyn Notifier>]) -> Vec<Arc<Self>> {
        let mut counts: Vec<Arc<Self>> = Vec::new();
        for notifier in notifiers {
            if counts.iter().all(|known| *known.name != *notifier.name()) {
                counts.push(Arc::new(Self::new(notifier.name())));
            }
        }
        counts
    }

    /// The channel's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Messages that were delivered.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Alerts that were held back because they repeat or are too many, even if a later message says how many they were,
    /// or dropped because the queue was full.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Ordering::Relaxed)
    }

    /// Messages that could not be delivered.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// A message was put into the queue.
    pub(crate) fn count_queued(&self) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    /// The queue did not take the message that was counted.
    pub(crate) fn count_turned_away(&self) {
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.count_suppressed();
    }

    /// An alert was not told.
    pub(crate) fn count_suppressed(&self) {
        self.suppressed.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was delivered.
    pub(crate) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was given up.
    pub(crate) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts all that was queued and never settled as failed, and says how many those are.
    pub(crate) fn give_up(&self) -> u64 {
        let settled = self.sent() + self.failed();
        let left = self.queued.load(Ordering::Relaxed).saturating_sub(settled);
        self.failed.fetch_add(left, Ordering::Relaxed);
        left
    }
}
