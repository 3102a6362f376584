//! Where exchanges come in, and whatever else people should hear of. Waits for nobody.

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
///
/// ```
/// use oar_exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
/// # use oar_notify::{Alerts, Http, Policy, Webhook};
/// # use std::{sync::Arc, time::SystemTime};
/// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
///
/// let (alerts, _worker) = Alerts::start(vec![Arc::new(webhook)], "gateway-1", Policy::default());
/// let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
/// let failed = Arc::new(Exchange {
///     attempts: vec![Attempt::new("primary", "https://api.example.com/v1", AttemptResult::HeadTimeout)],
///     outcome: Outcome::AllFailed,
///     ..Exchange::new("0190", SystemTime::UNIX_EPOCH, request)
/// });
/// (0..100).for_each(|_| alerts.finished(&failed));
/// assert_eq!(alerts.counts()[0].suppressed(), 99, "one message waits");
/// # Ok::<(), oar_notify::SetupError>(())
/// ```
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
    ///
    /// ```
    /// # use oar_notify::{Alerts, Policy};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (alerts, worker) = Alerts::start(Vec::new(), "gateway-1", Policy::default());
    /// drop(alerts);
    /// worker.run().await;
    /// # }
    /// ```
    pub fn start(notifiers: Vec<Arc<dyn Notifier>>, hostname: impl Into<Arc<str>>, policy: Policy) -> (Self, Worker) {
        let hostname = hostname.into();
        let mut counts = Vec::new();
        let open = |notifier: Arc<dyn Notifier>| {
            let own = ChannelCounts::among(&mut counts, notifier.name());
            Channel::open(notifier, own)
        };
        let (outlets, channels) = notifiers.into_iter().map(open).unzip();
        let closing = CancellationToken::new();
        let desk = Arc::new(Desk::new(Arc::clone(&hostname), &policy, outlets));
        let worker = Worker::new(Arc::clone(&desk), channels, counts.clone(), closing.clone());
        let _close_on_drop = closing.clone().drop_guard();
        (Self { hostname, outcomes: policy.outcomes, desk, counts, closing, _close_on_drop }, worker)
    }

    /// Takes no more alerts and lets the worker end once it has delivered those that wait, which it tries for
    /// [`Worker::FLUSH_LIMIT`]. The same happens when the listener is dropped.
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// alerts.close();
    /// alerts.records_are_stuck();
    /// assert_eq!(alerts.counts()[0].sent(), 0);
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Tells people that records cannot be written; that goes on until [`Alerts::records_are_written`].
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// (0..3).for_each(|_| alerts.records_are_stuck());
    /// assert_eq!(alerts.counts()[0].suppressed(), 2, "people know");
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn records_are_stuck(&self) {
        self.desk.begins(Condition::RecordsStuck);
    }

    /// Tells people that records are written again, if they were told that they cannot be.
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
    /// alerts.records_are_stuck();
    /// alerts.records_are_written();
    /// # alerts.close();
    /// # worker.run().await;
    /// # let told = kept.0.lock().expect("no panic").clone();
    /// let kinds: Vec<Kind> = told.iter().map(Alert::kind).collect();
    /// assert_eq!(kinds, [Kind::Records, Kind::Recovered]);
    /// # }
    /// ```
    pub fn records_are_written(&self) {
        self.desk.ends(Condition::RecordsStuck);
    }

    /// Tells people that a new configuration was rejected, and the one before stays.
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// alerts.reload_failed();
    /// assert_eq!(alerts.counts()[0].suppressed(), 0, "the message waits for the worker");
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn reload_failed(&self) {
        self.desk.begins(Condition::ReloadFailed);
    }

    /// Tells people that a new configuration was applied, if they were told that one was rejected.
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
    /// alerts.reload_worked();
    /// alerts.reload_failed();
    /// alerts.reload_worked();
    /// # alerts.close();
    /// # worker.run().await;
    /// # let told = kept.0.lock().expect("no panic").clone();
    /// assert_eq!(told.iter().map(Alert::kind).collect::<Vec<_>>(), [Kind::Reload, Kind::Recovered]);
    /// # }
    /// ```
    pub fn reload_worked(&self) {
        self.desk.ends(Condition::ReloadFailed);
    }

    /// What became of the messages, one entry per channel name.
    ///
    /// ```
    /// # use oar_notify::{Alerts, Http, Policy, Webhook};
    /// # let webhook = Webhook::new(&Http::new()?, &"http://127.0.0.1/hook".into())?;
    /// # let (alerts, _worker) = Alerts::start(vec![std::sync::Arc::new(webhook)], "gateway-1", Policy::default());
    /// let names: Vec<&str> = alerts.counts().iter().map(|counts| counts.name()).collect();
    /// assert_eq!(names, ["webhook"]);
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn counts(&self) -> &[Arc<ChannelCounts>] {
        &self.counts
    }
}

impl Observer for Alerts {
    fn finished(&self, exchange: &Arc<Exchange>) {
        let Some(ending) = Ending::of(exchange.outcome) else { return };
        let troubles = Trouble::all_in(exchange);
        if self.outcomes.contains(&ending) {
            self.desk.hear(exchange, &troubles);
        } else {
            self.desk.overhear(exchange, &troubles);
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
