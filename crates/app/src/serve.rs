//! Accept, serve, drain.

mod accept;
mod files;
mod limits;
mod workers;

mod connection;
mod conversation;
mod linger;
mod opening;

mod bodies;
mod client_io;
mod socket;
mod streams;

mod first_of;

use crate::front::Front;
pub(crate) use accept::AcceptErrors;
use arc_swap::ArcSwap;
use connection::Server;
use first_of::first_of;
use limits::Limits;
use oar_config::Config;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use workers::Seat;
pub(crate) use workers::{Threads, Workers};

/// Everything that serves clients: connections, what runs on them, and the tunnels that came of them.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) tasks: TaskTracker,
    /// Cancelled when requests that still run must tell their clients that they are cut.
    pub(crate) cut: CancellationToken,
    pub(crate) accept_errors: AcceptErrors,
    workers: Workers,
    limits: Arc<ArcSwap<Limits>>,
    /// Cancelled when connections end as soon as nothing runs on them.
    stop: CancellationToken,
    /// Cancelled when everything ends where it stands.
    end: CancellationToken,
}

impl Connections {
    pub(crate) fn new(limits: Limits, workers: Workers) -> Self {
        Self {
            tasks: TaskTracker::new(),
            cut: CancellationToken::new(),
            accept_errors: AcceptErrors::default(),
            workers,
            limits: Arc::new(ArcSwap::from_pointee(limits)),
            stop: CancellationToken::new(),
            end: CancellationToken::new(),
        }
    }

    /// What counts for whoever begins something now.
    pub(crate) fn limits(&self) -> Limits {
        **self.limits.load()
    }

    /// From now on these count. How many connections there may be was settled at the start.
    pub(crate) fn set_limits(&self, limits: Limits) {
        self.limits.store(Arc::new(limits));
    }

    /// Where the next connection is served.
    fn seat(&self) -> Seat {
        self.workers.seat()
    }

    /// Runs it where whoever asks for it runs.
    fn spawn(&self, task: impl Future<Output: Send> + Send + 'static) {
        self.spawn_on(&Handle::current(), task);
    }

    fn spawn_on(&self, runtime: &Handle, task: impl Future<Output: Send> + Send + 'static) {
        let end = self.end.clone().cancelled_owned();
        self.tasks.spawn_on(first_of(Box::pin(task), end), runtime);
    }
}

/// How many connections there may be where the metrics have an address of their own.
const SCRAPERS_CAP: usize = 64;

/// Where clients are expected.
pub(crate) struct Listeners {
    /// For the API and what is beside it.
    pub(crate) api: TcpListener,
    /// For what is beside it alone.
    pub(crate) metrics: Option<TcpListener>,
}

/// When to stop serving.
pub(crate) struct Shutdown<'a, S, H> {
    /// Resolves when nothing new is served any more.
    pub(crate) stop: Pin<&'a mut S>,
    /// Resolves when nobody waits any longer for what still runs.
    pub(crate) hurry: Pin<&'a mut H>,
}

/// How serving came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// What ran had its time.
    Patiently,
    /// Somebody would not wait.
    InAHurry,
}

/// Serves until it is time to stop, then lets what is running finish, and cuts what does not. When it returns, every
/// request's story has been told.
pub(crate) async fn serve<S, H>(
    listeners: Listeners,
    front: Front,
    connections: Connections,
    shutdown: &mut Shutdown<'_, S, H>,
) -> Drained
where
    S: Future<Output = ()>,
    H: Future<Output = ()>,
{
    let places = connections.limits().connections;
    let api = accept::accept(&listeners.api, Server::new(front.clone(), connections.clone()), &connections, places);
    let beside = Server::new(front.beside(), connections.clone());
    let metrics = async {
        match &listeners.metrics {
            Some(listener) => accept::accept(listener, beside, &connections, SCRAPERS_CAP).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = api => {}
        () = metrics => {}
        () = &mut shutdown.stop => {}
    }
    drop(listeners);
    front.drain();
    tracing::info!("stopping, running requests may finish");
    connections.drain(&mut shutdown.hurry).await
}

impl Connections {
    /// Ends what is idle, waits for what runs, and cuts what takes too long.
    async fn drain(&self, hurry: &mut Pin<&mut impl Future<Output = ()>>) -> Drained {
        let limits = self.limits();
        self.tasks.close();
        self.stop.cancel();
        let (drained, farewell) = tokio::select! {
            () = self.tasks.wait() => return Drained::Patiently,
            () = sleep(limits.drain) => (Drained::Patiently, limits.farewell),
            () = hurry => (Drained::InAHurry, Duration::ZERO),
        };
        tracing::warn!(tasks = self.tasks.len(), "nobody waits any longer, requests that still run are cut");
        self.cut.cancel();
        // Whoever streams may say so to its client; the others have nothing to say.
        let _ = timeout(farewell, self.tasks.wait()).await;
        self.end.cancel();
        self.tasks.wait().await;
        drained
    }
}

/// The limits that go with how many files this process may open, with the configured times for a head and for draining.
pub(crate) fn limits(config: &Config) -> Limits {
    let (head, drain) = (config.header_timeout, config.drain_timeout);
    Limits { head, drain, ..Limits::of(files::connections()) }
}
