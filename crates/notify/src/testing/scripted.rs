//! A channel that does as it is told, and remembers.

use crate::{Alert, Notifier, NotifyError};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// What to do with one try.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Take,
    Busy,
    Refuse,
    Later(Duration),
    Hang,
    Panic,
}

pub(crate) struct Scripted {
    name: &'static str,
    pace: Duration,
    steps: Mutex<VecDeque<Step>>,
    then: Step,
    seen: Mutex<Vec<(Instant, Alert)>>,
}

impl Scripted {
    /// Follows `steps`, one per try, and does `then` ever after.
    pub(crate) fn new(name: &'static str, steps: &[Step], then: Step) -> Arc<Self> {
        Self::paced(name, Duration::ZERO, steps, then)
    }

    /// The same, with a pace of its own.
    pub(crate) fn paced(name: &'static str, pace: Duration, steps: &[Step], then: Step) -> Arc<Self> {
        let steps = Mutex::new(steps.iter().copied().collect());
        Arc::new(Self { name, pace, steps, then, seen: Mutex::default() })
    }

    /// Every try so far: when, and with which alert.
    pub(crate) fn seen(&self) -> Vec<(Instant, Alert)> {
        self.seen.lock().expect("no panic").clone()
    }
}

#[async_trait]
impl Notifier for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        self.seen.lock().expect("no panic").push((Instant::now(), alert.clone()));
        let step = self.steps.lock().expect("no panic").pop_front().unwrap_or(self.then);
        match step {
            Step::Take => Ok(()),
            Step::Busy => Err(status(503)),
            Step::Refuse => Err(status(403)),
            Step::Later(wait) => Err(NotifyError::Status { status: 429, said: Default::default(), wait: Some(wait) }),
            Step::Hang => pending().await,
            Step::Panic => panic!("as it was told"),
        }
    }

    fn pace(&self) -> Duration {
        self.pace
    }
}

fn status(status: u16) -> NotifyError {
    NotifyError::Status { status, said: Default::default(), wait: None }
}
