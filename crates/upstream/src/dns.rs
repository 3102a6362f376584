//! Names to addresses.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, vec};
use tokio::task::{AbortHandle, spawn_blocking};

/// Asks for a name's addresses, and blocks until they are there.
type Ask = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// The addresses of a name; cheap to clone. Whoever stops waiting for it stops nothing.
pub(crate) type Addresses = Shared<BoxFuture<'static, Result<vec::IntoIter<SocketAddr>, ResolveError>>>;

/// The system's resolver, which is never asked for a name that it is being asked for already: clones share the answer.
///
/// It blocks a thread until it has an answer, for half a minute if a domain's servers are dead, and nothing can interrupt
/// it. Whoever gives up earlier leaves that thread behind; one for each request would soon be all that the runtime has for
/// blocking work, and SQLite needs one of them. So there are no more of them than names.
#[derive(Clone)]
pub(crate) struct Resolver {
    ask: Arc<Ask>,
    running: Arc<Mutex<HashMap<String, Lookup>>>,
}

/// One question to the system.
struct Lookup {
    thread: AbortHandle,
    addresses: Addresses,
}

/// A name has no addresses, as far as can be known.
#[derive(Clone, Debug, thiserror::Error)]
#[error("name resolution failed")]
pub(crate) struct ResolveError(#[source] Arc<io::Error>);

impl Resolver {
    /// `getaddrinfo`, with whatever the system's configuration makes of it.
    pub(crate) fn system() -> Self {
        Self::asking(|name| (name, 0).to_socket_addrs().map(Iterator::collect))
    }

    /// Asks this function, on a thread for blocking work.
    pub(crate) fn asking(ask: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        Self { ask: Arc::new(ask), running: Arc::default() }
    }

    /// The addresses of `name`, in the order of preference, with port 0.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub(crate) fn lookup(&self, name: &str) -> Addresses {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, lookup| !lookup.thread.is_finished());
        let lookup = running.entry(name.to_owned()).or_insert_with_key(|name| self.begin(name.clone()));
        lookup.addresses.clone()
    }

    fn begin(&self, name: String) -> Lookup {
        let ask = Arc::clone(&self.ask);
        let asking = spawn_blocking(move || ask(&name));
        let thread = asking.abort_handle();
        let addresses = asking.map(|asked| match asked {
            Ok(Ok(addresses)) => Ok(addresses.into_iter()),
            Ok(Err(error)) => Err(ResolveError(Arc::new(error))),
            Err(ended) => Err(ResolveError(Arc::new(io::Error::other(ended)))),
        });
        Lookup { thread, addresses: addresses.boxed().shared() }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{SyncSender, sync_channel};
    use std::time::Duration;
    use tokio::runtime::Builder;
    use tokio::time::timeout;

    const LIMIT: Duration = Duration::from_secs(5);

    /// A resolver that has no answer before the other value is dropped; it counts its questions.
    fn hanging() -> (Resolver, Arc<AtomicUsize>, SyncSender<()>) {
        let (open, gate) = sync_channel(0);
        let (gate, asked) = (Mutex::new(gate), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        let resolver = Resolver::asking(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = gate.lock().expect("nobody panics").recv();
            Ok(vec![([127, 0, 0, 1], 0).into()])
        });
        (resolver, asked, open)
    }

    /// U02: SQLite needs a thread of the same pool.
    #[test]
    fn lookups_that_hang_leave_threads_for_others() {
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(2).build().expect("a runtime");
        runtime.block_on(async {
            let (resolver, asked, open) = hanging();
            for _ in 0..100 {
                let given_up = timeout(Duration::from_millis(1), resolver.lookup("hangs.test"));
                assert!(given_up.await.is_err());
            }
            timeout(LIMIT, spawn_blocking(|| ())).await.expect("a thread is left").expect("no panic");
            let waiting = resolver.lookup("hangs.test");
            drop(open);
            let addresses = timeout(LIMIT, waiting).await.expect("an answer").expect("no failure");
            assert_eq!(addresses.collect::<Vec<_>>(), [([127, 0, 0, 1], 0).into()]);
            assert_eq!(asked.load(Ordering::Relaxed), 1);
        });
    }

    /// An answer is as old as the question: what was true once is not kept.
    #[tokio::test]
    async fn a_name_is_asked_for_again_once_there_was_an_answer() {
        let asked = AtomicUsize::new(0);
        let resolver = Resolver::asking(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Err(io::Error::other("no such name")),
            1 => panic!("a broken resolver"),
            _ => Ok(Vec::new()),
        });
        for _ in 0..2 {
            assert!(resolver.lookup("a.test").await.is_err());
        }
        assert!(resolver.lookup("a.test").await.is_ok());
    }
}
