use crate::assembly::Assembly;
use crate::backends::Backends;
use crate::builder::{Builder, UpstreamSummary};
use crate::current::{Current, Serving};
use crate::front::Front;
use crate::listen;
use crate::memory;
use crate::observers::{Observers, Own};
use crate::reload::Reloading;
use crate::serve::{self, Connections, Listeners, Shutdown, Threads};
use crate::tally;
use futures_util::stream::{self, Stream};
use oar_config::{Config, Draft, Problem, Problems};
use oar_notify::SetupError;
use oar_record::OpenError;
use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

/// A service that is ready to run: every upstream made, nothing opened.
pub struct App {
    pub(crate) assembly: Assembly,
    /// Make the upstreams of the configurations that are still to come.
    pub(crate) backends: Backends,
    pub(crate) own: Own,
    /// Owns what runs beside the requests: the writer, the alerts, what upstreams leave behind.
    pub(crate) tasks: TaskTracker,
    /// How many threads serve clients; without, the caller's do.
    pub(crate) threads: Option<NonZeroUsize>,
}

/// What somebody wants of a service while it runs.
#[derive(Debug)]
pub struct Operator<S, H, D> {
    /// Resolves when it is time to stop.
    pub stop: S,
    /// Resolves when nobody waits any longer for what still runs: requests are cut, and flushing may take 1 s. It is looked
    /// at once `stop` has resolved.
    pub hurry: H,
    /// Yields a configuration whenever there is one to go on with, or why there is none. A good one takes the place of the
    /// one that runs: requests that run finish by the old one. One with problems changes nothing; nor does one that changes
    /// `address`, `hostname`, `dbtype`, `dbaddr` or `notify`, which takes a restart. What came of it is logged, and counted
    /// in `oar_config_reloads_total`.
    pub reload: D,
}

/// Why a service could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The address of the metrics cannot be bound.
    #[error("metrics_listen")]
    Metrics(#[source] io::Error),
    /// The threads that serve clients cannot be started.
    #[error("no threads to serve with")]
    Threads(#[source] io::Error),
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
        &self.assembly.upstreams
    }

    /// What is allowed but may not be meant, for a person to read at start.
    pub fn warnings(&self) -> &[Problem] {
        &self.assembly.warnings
    }

    /// Serves each client on one of so many threads, each with a runtime of its own, in place of the runtime that
    /// [`run`](Self::run) is called on: a request stays on its client's thread with all it needs, which costs less than
    /// handing it from thread to thread. As many as there are cores is a good number. They end with `run`.
    ///
    /// Upstreams and observers of your own are called on these threads; one that blocks its thread holds up a share of the
    /// clients.
    #[must_use]
    pub fn threads(mut self, count: NonZeroUsize) -> Self {
        self.threads = Some(count);
        self
    }

    /// Binds the configured address.
    ///
    /// # Errors
    ///
    /// When no address of it can be bound: in use, not permitted, not of this machine. The message names the address.
    pub async fn bind(&self) -> io::Result<TcpListener> {
        listen::bind(&self.assembly.config.address).await
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
        let shutdown = Shutdown { stop: pin!(stop), hurry: pin!(std::future::pending()) };
        self.serve(listener, shutdown, stream::pending()).await
    }

    /// [`run`](Self::run)s, and obeys an operator meanwhile.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), also in its cancel safety.
    pub async fn run_under<S, H, D>(self, listener: TcpListener, operator: Operator<S, H, D>) -> Result<(), RunError>
    where
        S: Future<Output = ()>,
        H: Future<Output = ()>,
        D: Stream<Item = Result<Draft, Problems>>,
    {
        let shutdown = Shutdown { stop: pin!(operator.stop), hurry: pin!(operator.hurry) };
        self.serve(listener, shutdown, operator.reload).await
    }

    async fn serve<S, H>(
        self,
        listener: TcpListener,
        mut shutdown: Shutdown<'_, S, H>,
        drafts: impl Stream<Item = Result<Draft, Problems>>,
    ) -> Result<(), RunError>
    where
        S: Future<Output = ()>,
        H: Future<Output = ()>,
    {
        let listeners = Listeners { api: listener, metrics: self.bind_metrics().await? };
        let Self { assembly, backends, own, tasks, threads } = self;
        let threads = threads.map(Threads::start).transpose().map_err(RunError::Threads)?;
        let observers = tokio::select! {
            observers = Observers::open(&assembly, own, tasks) => observers?,
            () = &mut shutdown.stop => return Ok(()),
        };
        let workers = threads.as_ref().map(Threads::workers).unwrap_or_default();
        let connections = Connections::new(serve::limits(&assembly.config), workers);
        tell_where(&listeners, assembly.upstreams.len(), &connections);
        tally::accept_errors(&observers.metrics, &connections.accept_errors);
        let exposure = assembly.exposure();
        let (gateway, config) = assembly.into_gateway(observers.all(), &connections);
        let current = Current::new(Serving { gateway, exposure });
        tally::gateway(&observers.metrics, &current);
        let front = Front::new(current.clone(), Arc::clone(&observers.metrics));
        let reloading = Reloading::new(config, backends, current, connections.clone(), &observers);
        let drained = tokio::select! {
            drained = serve::serve(listeners, front, connections, &mut shutdown) => drained,
            never = reloading.obey(drafts) => match never {},
        };
        // Every story has been told by now: what is queued is all there is.
        observers.close(drained, shutdown.hurry).await;
        Ok(())
    }

    /// The address that the metrics have to themselves, if any.
    async fn bind_metrics(&self) -> Result<Option<TcpListener>, RunError> {
        let Some(address) = &self.assembly.config.metrics.listen else { return Ok(None) };
        listen::bind(address).await.map(Some).map_err(RunError::Metrics)
    }
}

fn tell_where(listeners: &Listeners, upstreams: usize, connections: &Connections) {
    if let Some(Ok(address)) = listeners.metrics.as_ref().map(TcpListener::local_addr) {
        tracing::info!(%address, "the metrics have an address of their own");
    }
    if let Ok(address) = listeners.api.local_addr() {
        let connections = connections.limits().connections;
        tracing::info!(%address, upstreams, connections, "listening");
    }
    if memory::is_scarce() {
        let bytes = memory::for_bodies();
        tracing::info!(bytes, "memory is scarce, so request bodies may hold no more than this together");
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("upstreams", &self.assembly.upstreams).finish_non_exhaustive()
    }
}
