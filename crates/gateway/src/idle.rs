//! Time limits: from a moment on, and between two bytes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// What a limit counts as that is longer than any clock goes on: thirty years.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The end of a limit that began at `start`. A limit may be as long as a [`Duration`] can be.
pub(crate) fn after(start: Instant, limit: Duration) -> Instant {
    start.checked_add(limit).unwrap_or_else(|| start + FOR_EVER)
}

/// Rings when nothing has come for a while although it was waited for. A client that reads slowly is not the upstream's
/// silence: while nobody asks for the next piece, no time passes here.
pub(crate) struct Idle {
    limit: Duration,
    since: Option<Instant>,
    /// Made when something is waited for; many answers are there at once.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    pub(crate) const fn new(limit: Duration) -> Self {
        Self { limit, since: None, timer: None }
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    pub(crate) const fn something_came(&mut self) {
        self.since = None;
    }

    /// Called when something was asked for and had not come: ready when it has been waited for too long. The timer is
    /// moved only when it rings too early.
    pub(crate) fn poll_ring(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due = after(*self.since.get_or_insert_with(Instant::now), self.limit);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}
