//! Requests that share a connection, each a task of its own.

use crate::serve::Connections;
use hyper::rt::Executor;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

tokio::task_local! {
    /// The appetite for the answer that this task sends.
    static APPETITE: Arc<Appetite>;
}

/// Runs the streams of HTTP/2 connections, and ends those whose clients take nothing of what waits for them: on a shared
/// connection bytes keep flowing for others, so that its own patience is not the streams'.
#[derive(Clone)]
pub(crate) struct Streams {
    connections: Connections,
    patience: Duration,
}

impl Streams {
    /// `patience` is how long a client may take nothing of an answer.
    pub(crate) const fn new(connections: Connections, patience: Duration) -> Self {
        Self { connections, patience }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let (appetite, patience) = (Arc::<Appetite>::default(), self.patience);
        let stream = APPETITE.scope(Arc::clone(&appetite), stream);
        self.connections.spawn(async move {
            tokio::select! {
                _ = stream => {}
                () = appetite.is_lost(patience) => tracing::debug!("a client takes nothing of its answer"),
            }
        });
    }
}

/// Whether a client takes what it is offered.
#[derive(Default)]
pub(crate) struct Appetite(Mutex<Option<Instant>>);

impl Appetite {
    /// That of the stream whose task this is; on a connection of its own, an answer has none.
    pub(crate) fn of_this_task() -> Option<Arc<Self>> {
        APPETITE.try_with(Arc::clone).ok()
    }

    /// A piece is offered, and waits from now on.
    pub(crate) fn offered(&self) {
        *self.offered_at() = Some(Instant::now());
    }

    /// The client has room for more: nothing waits for it.
    pub(crate) fn wants_more(&self) {
        *self.offered_at() = None;
    }

    /// Resolves when a piece has waited for so long.
    async fn is_lost(&self, patience: Duration) {
        loop {
            let (offered_at, now) = (*self.offered_at(), Instant::now());
            if offered_at.is_some_and(|at| at + patience <= now) {
                return;
            }
            sleep_until(offered_at.unwrap_or(now) + patience).await;
        }
    }

    fn offered_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
