use crate::alert::Alert;
use crate::grouping::{Admitted, Grouping};
use crate::worker::Outlet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// People are told of one trouble at most once in this time.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);
/// And of all troubles together at most so often in that time.
const MESSAGES_PER_WINDOW: usize = 20;

/// Where it is decided which alerts are told, and how; those go to every outlet.
pub(crate) struct Desk {
    pending: Mutex<Pending>,
    outlets: Vec<Outlet>,
}

struct Pending {
    grouping: Grouping,
    /// The last alert that was held back, if nothing was told since.
    held_back: Option<Alert>,
}

impl Desk {
    pub(crate) fn new(outlets: Vec<Outlet>) -> Self {
        let grouping = Grouping::new(WINDOW, MESSAGES_PER_WINDOW);
        Self { pending: Mutex::new(Pending { grouping, held_back: None }), outlets }
    }

    /// Tells `alert` now, or holds it back and counts it.
    pub(crate) fn take(&self, alert: Alert) {
        let mut pending = self.pending();
        match pending.grouping.admit(&alert.troubles, now()) {
            Some(admitted) => {
                pending.held_back = None;
                drop(pending);
                self.tell(alert, admitted);
            }
            None => {
                pending.held_back = Some(alert);
                self.outlets.iter().for_each(Outlet::suppress);
            }
        }
    }

    /// When alerts were held back and nothing has been told for a whole window, tells the last of them, and how many
    /// more there were: otherwise people would take a trouble that went on for a single one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn tell_what_was_held_back(&self) -> Infallible {
        loop {
            sleep(WINDOW).await;
            // Not in the condition: the lock would be held while telling.
            let released = self.pending().release();
            if let Some((alert, admitted)) = released {
                self.tell(alert, admitted);
            }
        }
    }

    fn tell(&self, alert: Alert, admitted: Admitted) {
        let alert = Arc::new(Alert { troubles: admitted.troubles, more: admitted.more, ..alert });
        self.outlets.iter().for_each(|outlet| outlet.offer(&alert));
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn release(&mut self) -> Option<(Alert, Admitted)> {
        let admitted = self.grouping.admit_late(&self.held_back.as_ref()?.troubles, now())?;
        Some((self.held_back.take()?, admitted))
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
