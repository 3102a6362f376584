//! Accept, serve, drain.

mod accept;
mod files;
mod limits;

mod connection;
mod conversation;
mod linger;
mod opening;

mod bodies;
mod client_io;
mod socket;
mod streams;

use crate::front::Front;
pub(crate) use accept::AcceptErrors;
use connection::Server;
pub(crate) use limits::Limits;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Everything that serves clients: connections, what runs on them, and the tunnels that came of them.
#[derive(Clone, Default)]
pub(crate) struct Connections {
    pub(crate) tasks: TaskTracker,
    /// Cancelled when requests that still run must tell their clients that they are cut.
    pub(crate) cut: CancellationToken,
    pub(crate) accept_errors: AcceptErrors,
    /// Cancelled when connections end as soon as nothing runs on them.
    stop: CancellationToken,
    /// Cancelled when everything ends where it stands.
    end: CancellationToken,
}

impl Connections {
    fn spawn(&self, task: impl Future<Output: Send> + Send + 'static) {
        self.tasks.spawn(self.end.clone().run_until_cancelled_owned(task));
    }
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
    listener: TcpListener,
    front: Front,
    connections: Connections,
    limits: Limits,
    shutdown: Shutdown<'_, S, H>,
) -> Drained
where
    S: Future<Output = ()>,
    H: Future<Output = ()>,
{
    let server = Server::new(front.clone(), connections.clone(), limits);
    tokio::select! {
        () = accept::accept(&listener, server, &connections, limits.connections) => {}
        () = shutdown.stop => {}
    }
    drop(listener);
    front.drain();
    tracing::info!("stopping, running requests may finish");
    connections.drain(limits, shutdown.hurry).await
}

impl Connections {
    /// Ends what is idle, waits for what runs, and cuts what takes too long.
    async fn drain(&self, limits: Limits, mut hurry: Pin<&mut impl Future<Output = ()>>) -> Drained {
        self.tasks.close();
        self.stop.cancel();
        let (drained, farewell) = tokio::select! {
            () = self.tasks.wait() => return Drained::Patiently,
            () = sleep(limits.drain) => (Drained::Patiently, limits.farewell),
            () = &mut hurry => (Drained::InAHurry, Duration::ZERO),
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
pub(crate) fn limits(head: Duration, drain: Duration) -> Limits {
    Limits { head, drain, ..Limits::of(files::connections()) }
}
