//! A time limit between two bytes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

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
        let due = *self.since.get_or_insert_with(Instant::now) + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            std::task::ready!(timer.as_mut().poll(cx));
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}
