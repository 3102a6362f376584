use crate::access_log::AccessLog;
use crate::builder::{Builder, UpstreamSummary};
use crate::database;
use crate::front::Front;
use crate::listen;
use crate::serve::{self, Connections, Drained, Shutdown};
use crate::tally;
use oar_config::{Config, Draft, Problem};
use oar_exchange::Observer;
use oar_gateway::{Backend, CredentialLabel, Gateway, Limits};
use oar_metrics::Metrics;
use oar_notify::{Alerts, Notifier, SetupError};
use oar_record::{OpenError, Recorder};
use oar_routing::Router;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

/// How long flushing the records may take at the end.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// How long flushing the records may take, and everything else at the end, when nobody waits any longer.
const HURRIED_LIMIT: Duration = Duration::from_secs(1);

/// How long everything that runs in the background may take to end: each has a shorter limit of its own, so this one is
/// for a defect in any of them.
const TASKS_LIMIT: Duration = Duration::from_secs(10);

/// A service that is ready to run: every upstream made, nothing opened.
pub struct App {
    pub(crate) config: Config,
    pub(crate) router: Router<Arc<Backend>>,
    pub(crate) label: CredentialLabel,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) upstreams: Vec<UpstreamSummary>,
    pub(crate) warnings: Vec<Problem>,
    /// Owns what runs beside the requests: the writer, the alerts, what upstreams leave behind.
    pub(crate) tasks: TaskTracker,
}

/// Why a service could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// A channel for alerts cannot be set up.
    #[error("alerts cannot be set up")]
    Alerts(#[from] SetupError),
}

impl App {
    /// Starts with a configuration.
    pub fn builder(config: Config) -> Builder {
        Self::draft(Draft { config, problems: Vec::new() })
    }

    /// Starts with a configuration that may have problems, so that [`Builder::build`] tells them together with those
    /// that the backends find.
    pub fn draft(draft: Draft) -> Builder {
        Builder::new(draft)
    }

    /// The upstreams in the order of the file, for listings.
    pub fn upstreams(&self) -> &[UpstreamSummary] {
        &self.upstreams
    }

    /// What is allowed but may not be meant, for a person to read at start.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Binds the configured address.
    ///
    /// # Errors
    ///
    /// When no address of it can be bound: in use, not permitted, not of this machine. The message names the address.
    pub async fn bind(&self) -> io::Result<TcpListener> {
        listen::bind(&self.config.address).await
    }

    /// Opens the database, serves on `listener` until `stop` resolves, takes no more connections, lets running requests
    /// finish for at most `drain_timeout`, cuts the rest, and flushes records and alerts for at most 5 s.
    ///
    /// The limit of open files is raised to what the system allows, and a third of it may be connections of clients; more
    /// wait until there is a place.
    ///
    /// # Errors
    ///
    /// A [`RunError`] when the database cannot be used or an alert channel cannot be set up. Nothing was served then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops at once: running requests are cut and queued records are lost.
    pub async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        self.run_until(listener, stop, std::future::pending()).await
    }

    /// [`run`](Self::run)s; from the moment at which `hurry` resolves, which is looked at once `stop` has resolved, nobody
    /// waits any longer: requests that run are cut, and flushing may take 1 s.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), also in its cancel safety.
    pub async fn run_until(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
        hurry: impl Future<Output = ()>,
    ) -> Result<(), RunError> {
        let mut stop = pin!(stop);
        let mut hurry = pin!(hurry);
        let hostname = self.hostname();
        let metrics = Arc::new(Metrics::new(self.upstreams.iter().map(|upstream| upstream.name.as_str())));
        let records = tokio::select! {
            records = self.start_records(&hostname, &metrics) => records?,
            () = &mut stop => return Ok(()),
        };
        let alerts = self.start_alerts(&hostname, &metrics)?;
        let tasks = self.tasks.clone();
        let limits = serve::limits(self.config.header_timeout, self.config.drain_timeout);
        if let Ok(address) = listener.local_addr() {
            let (upstreams, connections) = (self.upstreams.len(), limits.connections);
            tracing::info!(%address, upstreams, connections, "listening");
        }
        let connections = Connections::default();
        tally::accept_errors(&metrics, &connections.accept_errors);
        let front = self.front(metrics, records.as_ref(), alerts.as_ref(), &connections);
        let shutdown = Shutdown { stop, hurry: hurry.as_mut() };
        let drained = serve::serve(listener, front, connections, limits, shutdown).await;

        // Every story has been told by now: what is queued is all there is.
        if let Some(alerts) = alerts {
            alerts.close();
        }
        if let Some(records) = records {
            records.stop(match drained {
                Drained::Patiently => FLUSH_LIMIT,
                Drained::InAHurry => HURRIED_LIMIT,
            });
        }
        tasks.close();
        match drained {
            Drained::Patiently => settle(&tasks, hurry).await,
            Drained::InAHurry => settle(&tasks, std::future::ready(())).await,
        }
        Ok(())
    }

    /// The gateway with everybody who listens to it, and the paths beside it.
    fn front(
        self,
        metrics: Arc<Metrics>,
        records: Option<&Records>,
        alerts: Option<&Arc<Alerts>>,
        connections: &Connections,
    ) -> Front {
        let mut observers = self.observers;
        observers.push(Arc::new(AccessLog));
        observers.push(Arc::clone(&metrics) as Arc<dyn Observer>);
        observers.extend(records.map(|records| Arc::clone(&records.recorder) as Arc<dyn Observer>));
        observers.extend(alerts.map(|alerts| Arc::clone(alerts) as Arc<dyn Observer>));
        let limits = Limits {
            body_bytes: self.config.max_body,
            body_time: self.config.body_timeout,
            total: self.config.total_timeout,
            ..Limits::default()
        };
        let gateway = Gateway::builder(self.router)
            .label(self.label)
            .limits(limits)
            .tunnels(connections.tasks.clone())
            .cut(connections.cut.clone());
        let gateway = observers.into_iter().fold(gateway, oar_gateway::Builder::observer).build();
        tally::gateway(&metrics, &gateway);
        Front::new(gateway, metrics)
    }

    fn hostname(&self) -> String {
        let system = || gethostname::gethostname().to_string_lossy().into_owned();
        self.config.hostname.clone().unwrap_or_else(system)
    }

    async fn start_records(&self, hostname: &str, metrics: &Metrics) -> Result<Option<Records>, RunError> {
        let Some(store) = database::open(&self.config.database).await? else { return Ok(None) };
        let (recorder, writer) = Recorder::start(store, hostname);
        tally::records(metrics, &recorder.counters());
        let (stop, stopped) = oneshot::channel();
        self.tasks.spawn(writer.run(async { stopped.await.unwrap_or(FLUSH_LIMIT) }));
        Ok(Some(Records { recorder: Arc::new(recorder), stop }))
    }

    fn start_alerts(&self, hostname: &str, metrics: &Metrics) -> Result<Option<Arc<Alerts>>, SetupError> {
        let notifiers = notifiers(&self.config.notify)?;
        if notifiers.is_empty() {
            return Ok(None);
        }
        let (alerts, worker) = Alerts::start(notifiers, hostname);
        tally::alerts(metrics, alerts.counts());
        self.tasks.spawn(worker.run());
        Ok(Some(Arc::new(alerts)))
    }
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

fn notifiers(settings: &oar_config::NotifySettings) -> Result<Vec<Arc<dyn Notifier>>, SetupError> {
    let mut notifiers: Vec<Arc<dyn Notifier>> = Vec::new();
    if settings.feishu.is_none() && settings.matrix.is_none() && settings.webhook.is_none() {
        return Ok(notifiers);
    }
    let http = oar_notify::Http::new()?;
    if let Some(feishu) = &settings.feishu {
        notifiers.push(Arc::new(oar_notify::Feishu::new(&http, &feishu.webhook, feishu.secret.clone())?));
    }
    if let Some(url) = &settings.matrix {
        notifiers.push(Arc::new(oar_notify::Matrix::new(&http, url)?));
    }
    if let Some(url) = &settings.webhook {
        notifiers.push(Arc::new(oar_notify::Webhook::new(&http, url)?));
    }
    Ok(notifiers)
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("upstreams", &self.upstreams).finish_non_exhaustive()
    }
}
