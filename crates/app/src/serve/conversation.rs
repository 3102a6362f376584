//! How far a client and the service have come on one connection, and how long what comes next may take.

use crate::serve::limits::Limits;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, sleep_until};

/// What is known of one connection beside its bytes. Written by whoever reads bytes, begins requests and drops bodies;
/// read by the connection's own task.
pub(crate) struct Conversation {
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    is_multiplexed: bool,
    retired: Option<Instant>,
    has_unread_upload: bool,
}

#[derive(Clone, Copy)]
enum Phase {
    /// A request's head is on its way; of a connection's first one, perhaps not a byte is there yet.
    Heading(Instant),
    /// So many requests run.
    Running(usize),
    /// The last request has been answered.
    Idle(Instant),
}

/// What a client has taken too long for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// A request's head.
    Head,
    /// Its next request.
    Request,
    /// Closing a connection on which nothing runs any more.
    Close,
}

impl Conversation {
    /// Begins now, with a head that is to come.
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let state = State {
            phase: Phase::Heading(Instant::now()),
            is_multiplexed: false,
            retired: None,
            has_unread_upload: false,
        };
        Arc::new(Self { limits, state: Mutex::new(state) })
    }

    /// The client speaks HTTP/2: bytes are no longer the beginning of a head.
    pub(crate) fn speaks_http2(&self) {
        let mut state = self.state();
        state.is_multiplexed = true;
        state.phase = Phase::Idle(Instant::now());
    }

    /// The client has sent something.
    pub(crate) fn bytes_came(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Idle(_)) && !state.is_multiplexed {
            state.phase = Phase::Heading(Instant::now());
        }
    }

    /// A request's head is complete. The request runs until what is returned is dropped.
    pub(crate) fn begins(self: &Arc<Self>) -> Running {
        let mut state = self.state();
        state.has_unread_upload = false;
        state.phase = match state.phase {
            Phase::Running(count) => Phase::Running(count + 1),
            Phase::Heading(_) | Phase::Idle(_) => Phase::Running(1),
        };
        drop(state);
        Running(Arc::clone(self))
    }

    fn ends_one(&self) {
        let mut state = self.state();
        state.phase = match state.phase {
            Phase::Running(count @ 2..) => Phase::Running(count - 1),
            Phase::Running(_) | Phase::Heading(_) | Phase::Idle(_) => Phase::Idle(Instant::now()),
        };
    }

    /// A request's body was given up before its end.
    pub(crate) fn leaves_upload_unread(&self) {
        self.state().has_unread_upload = true;
    }

    /// Whether the client may still be sending the body of the last request, for which nobody waits.
    pub(crate) fn has_unread_upload(&self) -> bool {
        self.state().has_unread_upload
    }

    /// The connection ends with what runs on it.
    pub(crate) fn retires(&self) {
        self.state().retired = Some(Instant::now());
    }

    /// Resolves when the client takes too long. Cancel safe.
    ///
    /// Nobody tells it what has begun: it looks so often that whatever begins after one look lasts until the next one.
    pub(crate) async fn overdue(&self) -> Overdue {
        let Limits { head, idle, write, .. } = self.limits;
        loop {
            let now = Instant::now();
            let soon = now + head.min(idle).min(write);
            match self.deadline() {
                Some((deadline, overdue)) if deadline <= now => return overdue,
                Some((deadline, _)) => sleep_until(deadline.min(soon)).await,
                None => sleep_until(soon).await,
            }
        }
    }

    fn deadline(&self) -> Option<(Instant, Overdue)> {
        let state = self.state();
        match state.phase {
            Phase::Heading(since) => Some((since + self.limits.head, Overdue::Head)),
            Phase::Running(_) => None,
            Phase::Idle(since) => Some(match state.retired {
                None => (since + self.limits.idle, Overdue::Request),
                Some(retired) => (since.max(retired) + self.limits.write, Overdue::Close),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that runs.
pub(crate) struct Running(Arc<Conversation>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.ends_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{advance, timeout};

    async fn overdue_after(conversation: &Conversation) -> Option<(u64, Overdue)> {
        let since = Instant::now();
        let overdue = timeout(Duration::from_secs(3600), conversation.overdue()).await.ok()?;
        Some((since.elapsed().as_secs(), overdue))
    }

    /// C07, C08.
    #[tokio::test(start_paused = true)]
    async fn bytes_do_not_prolong_the_time_for_a_head() {
        let conversation = Conversation::new(Limits::of(1));
        for _ in 0..8 {
            advance(Duration::from_secs(1)).await;
            conversation.bytes_came();
        }
        assert_eq!(overdue_after(&conversation).await, Some((2, Overdue::Head)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_runs_is_not_limited_here_and_what_follows_is() {
        let conversation = Conversation::new(Limits::of(1));
        let (one, other) = (conversation.begins(), conversation.begins());
        assert_eq!(overdue_after(&conversation).await, None);
        drop(one);
        assert_eq!(overdue_after(&conversation).await, None);
        drop(other);
        advance(Duration::from_secs(70)).await;
        conversation.bytes_came();
        assert_eq!(overdue_after(&conversation).await, Some((10, Overdue::Head)));
        drop(conversation.begins());
        assert_eq!(overdue_after(&conversation).await, Some((75, Overdue::Request)));
    }

    #[tokio::test(start_paused = true)]
    async fn http2_has_no_heads_that_begin_with_any_byte() {
        let conversation = Conversation::new(Limits::of(1));
        conversation.speaks_http2();
        conversation.bytes_came();
        assert_eq!(overdue_after(&conversation).await, Some((75, Overdue::Request)));
        conversation.retires();
        assert_eq!(overdue_after(&conversation).await, Some((60, Overdue::Close)));
    }
}
