//! Who hears every request's story: the log, the metrics, the records, the alerts, and whoever an embedder adds.

use crate::access_log::AccessLog;
use crate::assembly::Assembly;
use crate::channels;
use crate::database;
use crate::kept::{self, Audience};
use crate::run::RunError;
use crate::serve::Drained;
use crate::tally;
use crate::vigil;
use oar_config::Config;
use oar_exchange::Observer;
use oar_metrics::Metrics;
use oar_notify::{Alerts, Notifier, SetupError};
use oar_record::{Recorder, Store};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, oneshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long flushing the records may take at the end.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// How long flushing the records may take, and everything else at the end, when nobody waits any longer.
const HURRIED_LIMIT: Duration = Duration::from_secs(1);

/// How long everything that runs in the background may take to end: each has a shorter limit of its own, so this one is
/// for a defect in any of them.
const TASKS_LIMIT: Duration = Duration::from_secs(10);

/// Everybody who listens, from the opening of the database to the last row.
pub(crate) struct Observers {
    pub(crate) metrics: Arc<Metrics>,
    records: Option<Records>,
    alerts: Option<Arc<Alerts>>,
    own: Vec<Arc<dyn Observer>>,
    audience: Audience,
    /// Cancelled when nobody need hear any more that the database is away.
    vigil: CancellationToken,
    /// Owns the writer, the alerts, and what upstreams leave behind.
    tasks: TaskTracker,
}

/// Who listens beside those whom a configuration names: the embedder's own.
#[derive(Default)]
pub(crate) struct Own {
    /// These hear every story.
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    /// These are told what people should hear.
    pub(crate) notifiers: Vec<Arc<dyn Notifier>>,
    /// Keeps the records in place of the configuration's database. Never locked: a store need not be `Sync`, an application is.
    pub(crate) store: Option<Mutex<Box<dyn Store>>>,
}

/// The recorder, and the way to make its writer flush and end.
struct Records {
    recorder: Arc<Recorder>,
    stop: oneshot::Sender<Duration>,
}

impl Records {
    fn stop(self, limit: Duration) {
        // A writer that has ended already has nothing left to flush.
        let _ = self.stop.send(limit);
    }
}

impl Observers {
    /// Opens what has to be opened.
    pub(crate) async fn open(assembly: &Assembly, own: Own, tasks: TaskTracker) -> Result<Self, RunError> {
        let config = &assembly.config;
        let hostname = channels::hostname(config);
        let metrics = Arc::new(Metrics::new(assembly.upstreams.iter().map(|upstream| upstream.name.as_str())));
        let records = start_records(config, own.store.map(Mutex::into_inner), &hostname, &metrics, &tasks).await?;
        let alerts = start_alerts(config, own.notifiers, &hostname, &metrics, &tasks)?;
        let vigil = CancellationToken::new();
        if let (Some(records), Some(alerts)) = (&records, &alerts) {
            let watch = vigil::watch(records.recorder.counters(), Arc::clone(alerts));
            tasks.spawn(vigil.clone().run_until_cancelled_owned(watch));
        }
        Ok(Self { metrics, records, alerts, own: own.observers, audience: assembly.audience, vigil, tasks })
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<dyn Observer>> {
        let mut all = self.own.clone();
        all.push(Arc::new(AccessLog));
        all.push(Arc::clone(&self.metrics) as Arc<dyn Observer>);
        all.extend(self.records.as_ref().map(|records| Arc::clone(&records.recorder) as Arc<dyn Observer>));
        all.extend(self.alerts.as_ref().map(|alerts| Arc::clone(alerts) as Arc<dyn Observer>));
        all
    }

    /// Who reads the texts of stories.
    pub(crate) fn audience(&self) -> Audience {
        self.audience
    }

    /// Who keeps records, if anybody does.
    pub(crate) fn recorder(&self) -> Option<Arc<Recorder>> {
        self.records.as_ref().map(|records| Arc::clone(&records.recorder))
    }

    /// Who tells people, if anybody is to be told.
    pub(crate) fn alerts(&self) -> Option<Arc<Alerts>> {
        self.alerts.clone()
    }

    /// Lets them finish what they have heard, as long as they may take.
    pub(crate) async fn close(self, drained: Drained, hurry: impl Future<Output = ()>) {
        self.vigil.cancel();
        if let Some(alerts) = self.alerts {
            alerts.close();
        }
        if let Some(records) = self.records {
            records.stop(match drained {
                Drained::Patiently => FLUSH_LIMIT,
                Drained::InAHurry => HURRIED_LIMIT,
            });
        }
        self.tasks.close();
        match drained {
            Drained::Patiently => settle(&self.tasks, hurry).await,
            Drained::InAHurry => settle(&self.tasks, std::future::ready(())).await,
        }
    }
}

/// Keeps records in `own`, or in the configured database.
async fn start_records(
    config: &Config,
    own: Option<Box<dyn Store>>,
    hostname: &str,
    metrics: &Metrics,
    tasks: &TaskTracker,
) -> Result<Option<Records>, RunError> {
    let store = match own {
        Some(own) => Some(own),
        None => database::open(config).await?,
    };
    let Some(store) = store else { return Ok(None) };
    let (recorder, writer) = Recorder::start(store, hostname);
    recorder.keep(kept::policy(config));
    recorder.retain(database::retention(config));
    tally::records(metrics, &recorder.counters());
    let (stop, stopped) = oneshot::channel();
    tasks.spawn(writer.run(async { stopped.await.unwrap_or(FLUSH_LIMIT) }));
    Ok(Some(Records { recorder: Arc::new(recorder), stop }))
}

/// Tells people through the configured channels, and through `own`.
fn start_alerts(
    config: &Config,
    own: Vec<Arc<dyn Notifier>>,
    hostname: &str,
    metrics: &Metrics,
    tasks: &TaskTracker,
) -> Result<Option<Arc<Alerts>>, SetupError> {
    let mut notifiers = channels::notifiers(&config.notify)?;
    notifiers.extend(own);
    if notifiers.is_empty() {
        return Ok(None);
    }
    let (alerts, worker) = Alerts::start(notifiers, hostname, channels::policy(&config.notify));
    tally::alerts(metrics, alerts.counts());
    tasks.spawn(worker.run());
    Ok(Some(Arc::new(alerts)))
}

/// Waits for what runs in the background, as long as it may take.
async fn settle(tasks: &TaskTracker, hurry: impl Future<Output = ()>) {
    let hurried = async {
        hurry.await;
        sleep(HURRIED_LIMIT).await;
    };
    tokio::select! {
        () = tasks.wait() => return,
        () = sleep(TASKS_LIMIT) => {}
        () = hurried => {}
    }
    tracing::warn!(tasks = tasks.len(), "background work did not end in time");
}
