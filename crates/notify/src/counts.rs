//! What became of the messages of each channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of one channel's messages since the start. Only ever grows.
///
/// ```
/// # use oar_notify::*;
/// # use std::sync::{Arc, Mutex};
/// # #[derive(Default)]
/// # struct Kept(Mutex<Vec<Alert>>);
/// # #[async_trait::async_trait]
/// # impl Notifier for Kept {
/// #     fn name(&self) -> &str { "kept" }
/// #     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
/// #         self.0.lock().expect("no panic").push(alert.clone());
/// #         Ok(())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let kept = Arc::new(Kept::default());
/// # let (alerts, worker) = Alerts::start(vec![Arc::clone(&kept) as Arc<dyn Notifier>], "gateway-1", Policy::default());
/// (0..3).for_each(|_| alerts.reload_failed());
/// # alerts.close();
/// # worker.run().await;
/// # let told = kept.0.lock().expect("no panic").clone();
/// let counts = &alerts.counts()[0];
/// assert_eq!((counts.name(), counts.sent(), counts.suppressed(), counts.failed()), ("kept", 1, 2, 0));
/// # }
/// ```
#[derive(Debug)]
pub struct ChannelCounts {
    name: Box<str>,
    queued: AtomicU64,
    sent: AtomicU64,
    suppressed: AtomicU64,
    failed: AtomicU64,
}

impl ChannelCounts {
    /// The entry for `name` among `all`, which gets one if there is none.
    pub(crate) fn among(all: &mut Vec<Arc<Self>>, name: &str) -> Arc<Self> {
        if let Some(known) = all.iter().find(|known| *known.name == *name) {
            return Arc::clone(known);
        }
        let [queued, sent, suppressed, failed] = std::array::from_fn(|_| AtomicU64::new(0));
        let own = Arc::new(Self { name: name.into(), queued, sent, suppressed, failed });
        all.push(Arc::clone(&own));
        own
    }

    /// The channel's name.
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// assert_eq!(alerts.counts()[0].name(), "webhook");
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Messages that were delivered.
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// assert_eq!(alerts.counts()[0].sent(), 0);
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Alerts that were held back because they repeat or are too many, even if a later message says how many they were,
    /// or dropped because the queue was full.
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// (0..3).for_each(|_| alerts.reload_failed());
    /// assert_eq!(alerts.counts()[0].suppressed(), 2);
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Ordering::Relaxed)
    }

    /// Messages that could not be delivered.
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// assert_eq!(alerts.counts()[0].failed(), 0);
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
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
