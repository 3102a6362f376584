//! Taking connections, as many as there are places for.

use crate::serve::Connections;
use crate::serve::connection::Server;
use crate::serve::socket::{Place, Socket};
use rustix::io::Errno;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// How long to wait when no connection can be accepted, mostly because the process has too many files open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often the same trouble is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What can go wrong without any fault of the client, as `oar_accept_errors_total` calls it.
const NAMED: [(&str, Errno); 5] = [
    ("EMFILE", Errno::MFILE),
    ("ENFILE", Errno::NFILE),
    ("ENOBUFS", Errno::NOBUFS),
    ("ENOMEM", Errno::NOMEM),
    ("ECONNABORTED", Errno::CONNABORTED),
];

/// How many connections could not be accepted, by the reason. Cloning shares the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct AcceptErrors(Arc<[AtomicU64; NAMED.len() + 1]>);

impl AcceptErrors {
    /// Every reason there is, with what reads its count.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = (&'static str, impl Fn() -> u64 + Send + Sync + use<>)> {
        let names = NAMED.map(|(name, _)| name).into_iter().chain(["other"]);
        let counts = Arc::clone(&self.0);
        names.enumerate().map(move |(index, name)| {
            let counts = Arc::clone(&counts);
            (name, move || counts.get(index).map_or(0, |count| count.load(Ordering::Relaxed)))
        })
    }

    fn count(&self, error: &io::Error) {
        let errno = Errno::from_io_error(error);
        let index = NAMED.iter().position(|(_, named)| Some(*named) == errno).unwrap_or(NAMED.len());
        if let Some(count) = self.0.get(index) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Accepts for ever, and never has more than so many `places` taken.
pub(crate) async fn accept(listener: &TcpListener, server: Server, connections: &Connections, places: usize) {
    let server = Arc::new(server);
    let places = Arc::new(Semaphore::new(places));
    let (mut full, mut failed) = (Told::default(), Told::default());
    while let Some(permit) = permit(&places, &mut full).await {
        match accept_one(listener).await {
            Ok((stream, address)) => {
                let seat = connections.seat();
                let runtime = seat.runtime.clone();
                let place = Place::new(permit, seat);
                connections.spawn_on(&runtime, begin(Arc::clone(&server), stream, place, address));
            }
            Err(error) => {
                connections.accept_errors.count(&error);
                failed.now_and_then(|| tracing::warn!(%error, "a connection could not be accepted"));
                if !is_of_one_connection(&error) {
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// A connection that no runtime knows yet, and where it comes from.
async fn accept_one(listener: &TcpListener) -> io::Result<(std::net::TcpStream, IpAddr)> {
    let (stream, peer) = listener.accept().await?;
    Ok((stream.into_std()?, peer.ip().to_canonical()))
}

/// Whether it was the client that left before it was accepted: the next one need not wait for that.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves a client on the runtime that this runs on.
async fn begin(server: Arc<Server>, stream: std::net::TcpStream, place: Place, address: IpAddr) {
    match TcpStream::from_std(stream) {
        Ok(stream) => server.serve(Socket::new(stream, place), address).await,
        Err(error) => tracing::warn!(%error, "a connection could not be watched"),
    }
}

/// Waits until there may be one connection more.
async fn permit(places: &Arc<Semaphore>, full: &mut Told) -> Option<OwnedSemaphorePermit> {
    if places.available_permits() == 0 {
        full.now_and_then(|| tracing::warn!("there are as many connections as there may be, more have to wait"));
    }
    Arc::clone(places).acquire_owned().await.ok()
}

/// When one trouble was told last.
#[derive(Default)]
struct Told(Option<Instant>);

impl Told {
    fn now_and_then(&mut self, tell: impl FnOnce()) {
        if self.0.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
            self.0 = Some(Instant::now());
            tell();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(errors: &AcceptErrors) -> Vec<(&'static str, u64)> {
        errors.reasons().map(|(name, read)| (name, read())).filter(|(_, count)| *count > 0).collect()
    }

    /// C18.
    #[test]
    fn errors_are_counted_by_their_name() {
        let errors = AcceptErrors::default();
        for errno in [Errno::MFILE, Errno::MFILE, Errno::CONNABORTED, Errno::PERM] {
            errors.count(&errno.into());
        }
        assert_eq!(counts(&errors), [("EMFILE", 2), ("ECONNABORTED", 1), ("other", 1)]);
    }

    /// C18: whoever connects and leaves at once holds up nobody else.
    #[test]
    fn only_what_the_service_lacks_is_waited_for() {
        for errno in [Errno::CONNABORTED, Errno::CONNRESET, Errno::CONNREFUSED] {
            assert!(is_of_one_connection(&errno.into()), "{errno}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::PERM] {
            assert!(!is_of_one_connection(&errno.into()), "{errno}");
        }
    }

    /// C18.
    #[tokio::test(start_paused = true)]
    async fn the_same_trouble_is_told_once_a_second() {
        let (mut told, mut times) = (Told::default(), 0);
        for _ in 0..30 {
            told.now_and_then(|| times += 1);
            sleep(ACCEPT_PAUSE).await;
        }
        assert_eq!(times, 3);
    }
}
