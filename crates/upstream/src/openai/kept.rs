//! Connections that wait for another request.

use super::line::Line;
use super::link::{Link, Versions};
use super::multiplexed::{Multiplexed, Place};
use http::Uri;
use http::uri::{Authority, Scheme};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::{self, Handle};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// An idle connection is closed after this long: before the five seconds after which common servers (Node, uvicorn) close
/// theirs, so that a request rarely meets a connection on its way out.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// Where a connection leads, and on which runtime it lives: it is of no use on another.
#[derive(Clone)]
pub(super) struct Origin {
    is_secure: bool,
    authority: Option<Authority>,
    runtime: runtime::Id,
}

impl Origin {
    /// Where requests to `uri` go from the current runtime.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub(super) fn of(uri: &Uri) -> Self {
        let is_secure = uri.scheme() == Some(&Scheme::HTTPS);
        Self { is_secure, authority: uri.authority().cloned(), runtime: Handle::current().id() }
    }

    /// As it is spelled: an [`Authority`] compares and hashes itself letter by letter, for hosts of any case.
    fn parts(&self) -> (bool, Option<&str>, runtime::Id) {
        (self.is_secure, self.authority.as_ref().map(Authority::as_str), self.runtime)
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// All connections that are kept. Cloning shares them.
#[derive(Clone, Default)]
pub(super) struct Shelves(Arc<Shared>);

/// Where a connection to one origin is kept.
#[derive(Clone)]
pub(super) struct Kept {
    shelves: Shelves,
    origin: Origin,
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    shelves: HashMap<Origin, Shelf>,
    /// Whether somebody closes what grows old.
    is_swept: bool,
    sweeper: JoinSet<()>,
}

/// The connections to one origin. The lines used last are last.
#[derive(Default)]
struct Shelf {
    lines: Vec<(Line, Instant)>,
    multiplexed: Vec<(Multiplexed, Instant)>,
}

impl Shelves {
    /// Those to one origin.
    pub(super) fn to(&self, origin: Origin) -> Kept {
        Kept { shelves: self.clone(), origin }
    }
}

impl Kept {
    /// A place on a shared connection, or the connection that was used last: the others may grow too old.
    pub(super) fn take(&self, versions: Versions) -> Option<Link> {
        let place = match versions {
            Versions::Any => self.take_place().map(Link::Place),
            Versions::Http1 => None,
        };
        place.or_else(|| self.take_line().map(Link::Line))
    }

    fn take_line(&self) -> Option<Line> {
        while let Some(mut line) = self.pop_line() {
            if line.is_open() {
                return Some(line);
            }
        }
        None
    }

    fn pop_line(&self) -> Option<Line> {
        self.shelves.0.state().shelves.get_mut(&self.origin)?.lines.pop().map(|(line, _)| line)
    }

    fn take_place(&self) -> Option<Place> {
        let mut state = self.shelves.0.state();
        let shared = &mut state.shelves.get_mut(&self.origin)?.multiplexed;
        let (multiplexed, used) = shared.iter_mut().find(|(multiplexed, _)| multiplexed.has_room())?;
        *used = Instant::now();
        Some(multiplexed.place())
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, line: Line) {
        self.shelve(|shelf, now| shelf.lines.push((line, now)));
    }

    /// Keeps a connection for whoever comes beside those who use it.
    pub(super) fn share(&self, multiplexed: Multiplexed) {
        self.shelve(|shelf, now| shelf.multiplexed.push((multiplexed, now)));
    }

    fn shelve(&self, put: impl FnOnce(&mut Shelf, Instant)) {
        let mut state = self.shelves.0.state();
        match state.shelves.get_mut(&self.origin) {
            Some(shelf) => put(shelf, Instant::now()),
            None => put(state.shelves.entry(self.origin.clone()).or_default(), Instant::now()),
        }
        if !state.is_swept {
            state.is_swept = true;
            // Those before have ended.
            state.sweeper.detach_all();
            state.sweeper.spawn(Sweeper(Arc::downgrade(&self.shelves.0)).sweep());
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what has been idle for too long.
struct Sweeper(Weak<Shared>);

impl Sweeper {
    /// Goes on until there is nothing left.
    async fn sweep(mut self) {
        let mut next = Instant::now() + IDLE_LIMIT;
        loop {
            sleep_until(next).await;
            let Some(shared) = self.0.upgrade() else { return };
            let mut state = shared.state();
            let idle = state.take_idle(Instant::now());
            let oldest = state.oldest();
            if oldest.is_none() {
                state.is_swept = false;
                self.0 = Weak::new();
            }
            drop(state);
            // To close many takes a while, and every request takes the lock.
            drop(idle);
            let Some(oldest) = oldest else { return };
            next = oldest + IDLE_LIMIT;
        }
    }
}

impl Drop for Sweeper {
    /// Its runtime may end before it does.
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.state().is_swept = false;
        }
    }
}

impl State {
    /// What has been idle for too long.
    fn take_idle(&mut self, now: Instant) -> Vec<(Line, Instant)> {
        let idle = self.shelves.values_mut().flat_map(|shelf| shelf.take_idle(now)).collect();
        self.shelves.retain(|_, shelf| !shelf.is_empty());
        idle
    }

    /// Since when the connection that waits longest has.
    fn oldest(&self) -> Option<Instant> {
        self.shelves.values().filter_map(Shelf::oldest).min()
    }
}

impl Shelf {
    fn take_idle(&mut self, now: Instant) -> impl Iterator<Item = (Line, Instant)> {
        for (multiplexed, used) in &mut self.multiplexed {
            if multiplexed.running() > 0 {
                *used = now;
            }
        }
        self.multiplexed.retain(|(multiplexed, used)| multiplexed.is_open() && now < *used + IDLE_LIMIT);
        let idle = self.lines.partition_point(|(_, since)| *since + IDLE_LIMIT <= now);
        self.lines.drain(..idle)
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.multiplexed.is_empty()
    }

    fn oldest(&self) -> Option<Instant> {
        let line = self.lines.first().map(|(_, since)| *since);
        line.into_iter().chain(self.multiplexed.iter().map(|(_, used)| *used)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::Request;
    use http_body_util::BodyExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::advance;

    fn kept() -> Kept {
        Shelves::default().to(Origin::of(&Uri::from_static("http://upstream.test")))
    }

    /// A connection, and its other end.
    fn line() -> (Line, DuplexStream) {
        let (ours, theirs) = duplex(4096);
        (Line::open(ours), theirs)
    }

    /// Sends a request and reads an answer that says `text`.
    async fn use_once(kept: &Kept, link: Link, theirs: &mut DuplexStream, text: &str) {
        let uri = Uri::from_static("http://upstream.test/v1/models");
        let serve = async {
            let mut head = [0; 1024];
            assert!(theirs.read(&mut head).await.expect("a request") > 0);
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
            theirs.write_all(answer.as_bytes()).await.expect("room");
        };
        let ask = async {
            let response = link.ask(&uri, Request::new(Bytes::new()), kept).await;
            let crate::ResponseBody::Body(body) = response.ok().expect("an answer").into_body() else {
                panic!("a body")
            };
            assert_eq!(body.collect().await.expect("all of it").to_bytes(), text);
        };
        tokio::join!(serve, ask);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_kept_when_its_answer_has_been_read_and_closed_after_four_idle_seconds() {
        let (kept, (line, mut theirs)) = (kept(), line());
        let mut link = Link::Line(line);
        for text in ["one", "", "three"] {
            use_once(&kept, link, &mut theirs, text).await;
            advance(Duration::from_secs(3)).await;
            link = kept.take(Versions::Any).expect("the connection");
        }
        use_once(&kept, link, &mut theirs, "last").await;
        let idle_since = Instant::now();
        assert_eq!(theirs.read(&mut [0]).await.expect("an end"), 0);
        let idle = idle_since.elapsed();
        assert!((IDLE_LIMIT..2 * IDLE_LIMIT).contains(&idle), "{idle:?}");
        assert!(kept.take(Versions::Any).is_none());
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_meanwhile_is_passed_over() {
        let (kept, (older, mut first), (newer, mut second)) = (kept(), line(), line());
        use_once(&kept, Link::Line(older), &mut first, "older").await;
        use_once(&kept, Link::Line(newer), &mut second, "newer").await;
        drop(second);
        let link = kept.take(Versions::Any).expect("the other one");
        use_once(&kept, link, &mut first, "again").await;
    }

    #[tokio::test]
    async fn an_answer_that_is_given_up_closes_its_connection() {
        let (kept, (line, mut theirs)) = (kept(), line());
        let uri = Uri::from_static("http://upstream.test/v1/models");
        let asking =
            tokio::time::timeout(Duration::ZERO, Link::Line(line).ask(&uri, Request::new(Bytes::new()), &kept));
        assert!(asking.await.is_err(), "nobody answers");
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).await.expect("an end");
        assert!(kept.take(Versions::Any).is_none());
    }
}
