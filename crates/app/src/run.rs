//! A service from its start to its end: what is opened, in which order, and what closes it.

use crate::app::App;
use crate::current::{Current, Serving};
use crate::front::Front;
use crate::listen;
use crate::memory;
use crate::observers::Observers;
use crate::reload::Reloading;
use crate::serve::{self, Connections, Listeners, Shutdown, Threads};
use crate::tally;
use futures_util::stream::Stream;
use oar_config::{Draft, Problems};
use oar_notify::SetupError;
use oar_record::OpenError;
use std::future::Future;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What somebody wants of a service while it runs: an argument of [`App::run_under`].
///
/// Here the stream yields no further configuration, and nobody is in a hurry:
///
/// ```
/// use oar_app::{Draft, Operator, Problems};
/// use futures_util::stream;
/// use std::future::{pending, ready};
///
/// let reload = stream::empty::<Result<Draft, Problems>>();
/// let operator = Operator { stop: ready(()), hurry: pending::<()>(), reload };
/// # drop(operator);
/// ```
#[derive(Debug)]
pub struct Operator<S, H, D> {
    /// Resolves when it is time to stop.
    pub stop: S,
    /// Resolves when nobody waits any longer for what still runs: requests are cut, and flushing may take 1 s. It is looked
    /// at once `stop` has resolved.
    pub hurry: H,
    /// Yields a configuration whenever there is one to go on with, or why there is none. A good one takes the place of the
    /// one that runs: requests that run finish by the old one. One with problems changes nothing; nor does one that changes
    /// `address`, `metrics_listen`, `hostname`, `dbtype`, `dbaddr` or `notify`, which takes a restart. What came of it is
    /// logged, and counted in `oar_config_reloads_total`.
    pub reload: D,
}

/// Why a service could not start.
///
/// ```
/// use oar_app::{App, Config, RunError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = "address: 127.0.0.1:0\nauthorization: t\ndbaddr: /nowhere/db.sqlite\nupstreams: [{sk: key}]";
/// let app = App::builder(Config::parse(file, "config.yaml", &|_| None)?).build()?;
/// let listener = app.bind().await?;
/// let error = app.run(listener, std::future::pending()).await.expect_err("there is no such folder");
/// assert!(matches!(error, RunError::Database(_)));
/// assert!(error.to_string().contains("/nowhere/db.sqlite"));
/// # Ok(())
/// # }
/// ```
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
    /// Serves until it is told to stop, and goes on with each draft that is good.
    pub(crate) async fn serve<S, H>(
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
