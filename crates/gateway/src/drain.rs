//! Answers whose clients have left, read to their end so that their stories are complete.

use crate::relayed_body::Relay;
use oar_exchange::Outcome;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// The most answers that are read on at a time: their clients are gone, and with them every other limit on their number.
/// Whoever leaves beyond that ends the upstream's work, as without draining.
///
/// ```
/// assert_eq!(oar_gateway::DRAINS_CAP, 256);
/// ```
pub const DRAINS_CAP: usize = 256;

/// How long an answer is read on: nobody is there any more who could end one that goes on for ever.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Who reads on. Cloning shares the places.
#[derive(Clone)]
pub(crate) struct Drains {
    tasks: TaskTracker,
    places: Arc<Semaphore>,
}

impl Drains {
    pub(crate) fn new(tasks: TaskTracker) -> Self {
        Self { tasks, places: Arc::new(Semaphore::new(DRAINS_CAP)) }
    }

    /// Who owns the tasks.
    pub(crate) const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Reads on in a task of its own, if there is a place and a runtime; else the answer is dropped, and its story told.
    pub(crate) fn read_on(&self, mut relay: Relay) {
        let (Ok(runtime), Ok(place)) = (Handle::try_current(), Arc::clone(&self.places).try_acquire_owned()) else {
            return;
        };
        let reading = async move {
            if timeout(LONGEST, relay.read_to_end()).await.is_err() {
                relay.close(Outcome::ClientClosed, Some("the answer was still going on after 10 min".into()));
            }
            drop(place);
        };
        self.tasks.spawn_on(reading, &runtime);
    }
}
