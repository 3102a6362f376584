//! Threads that serve clients, each with a runtime of its own.
//!
//! A request stays on its client's thread, and so do the connections to upstreams: no thread wakes another one for it, and
//! none waits for a lock that another one holds. Connections go to the thread that has fewest, so that the threads have about
//! as much to do each; what a system does with a listening socket for each thread (`SO_REUSEPORT`) is a matter of luck, and
//! lets a second process listen at the same address unnoticed.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Threads, which end when this is dropped, with all that runs on them.
#[derive(Debug)]
pub(crate) struct Threads {
    /// Dropped when they are to end.
    _stops: Vec<oneshot::Sender<()>>,
    workers: Workers,
}

/// Who may serve a connection. Where there are no threads for it, whoever asks does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workers(Arc<[Worker]>);

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    /// One is held here, and one by each connection.
    connections: Arc<()>,
}

/// Where a connection is served. It counts there as long as this is held.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) runtime: Handle,
    _taken: Option<Arc<()>>,
}

impl Threads {
    /// Starts so many.
    ///
    /// # Errors
    ///
    /// When the system has no thread to give, or no file for a runtime.
    pub(crate) fn start(count: NonZeroUsize) -> io::Result<Self> {
        let started = (1..=count.get()).map(start).collect::<io::Result<Vec<_>>>()?;
        let (stops, workers): (_, Vec<_>) = started.into_iter().unzip();
        Ok(Self { _stops: stops, workers: Workers(workers.into()) })
    }

    pub(crate) fn workers(&self) -> Workers {
        self.workers.clone()
    }
}

/// Starts a thread, which ends when what is returned with it is dropped.
fn start(number: usize) -> io::Result<(oneshot::Sender<()>, Worker)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let worker = Worker { runtime: runtime.handle().clone(), connections: Arc::default() };
    let (stop, stopped) = oneshot::channel();
    thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
        // Nobody sends: the other end is dropped.
        let _ = runtime.block_on(stopped);
        // A name that is being looked up is not waited for.
        runtime.shutdown_background();
    })?;
    Ok((stop, worker))
}

impl Workers {
    /// A seat where there are fewest connections.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime, where there are no threads.
    pub(crate) fn seat(&self) -> Seat {
        match self.0.iter().min_by_key(|worker| Arc::strong_count(&worker.connections)) {
            Some(worker) => Seat { runtime: worker.runtime.clone(), _taken: Some(Arc::clone(&worker.connections)) },
            None => Seat { runtime: Handle::current(), _taken: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::ThreadId;

    fn two() -> Threads {
        Threads::start(NonZeroUsize::new(2).unwrap()).unwrap()
    }

    async fn thread_of(seat: &Seat) -> ThreadId {
        seat.runtime.spawn(async { thread::current().id() }).await.unwrap()
    }

    #[tokio::test]
    async fn connections_go_to_the_thread_that_has_fewest() {
        let threads = two();
        let workers = threads.workers();
        let (one, other) = (workers.seat(), workers.seat());
        assert_ne!(thread_of(&one).await, thread_of(&other).await);
        let left = thread_of(&one).await;
        drop(one);
        assert_eq!(thread_of(&workers.seat()).await, left);
    }

    #[tokio::test]
    async fn what_runs_ends_with_the_threads() {
        let threads = two();
        let (told, untold) = oneshot::channel::<()>();
        threads.workers().seat().runtime.spawn(async move {
            let _told = told;
            std::future::pending::<()>().await;
        });
        drop(threads);
        assert!(untold.await.is_err(), "the task was dropped");
    }

    #[tokio::test]
    async fn without_threads_of_its_own_whoever_asks_serves() {
        let seat = Workers::default().seat();
        assert_eq!(thread_of(&seat).await, thread::current().id());
    }
}
