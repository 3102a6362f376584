//! When a store is looked after, between batches. Does none of it.

use super::Pauses;
use crate::StoreError;
use crate::store::{Chain, Tended};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// How long a store that is in order is left alone.
const REST: Duration = Duration::from_secs(60);

/// When the store is looked after.
#[derive(Debug)]
pub(super) struct Upkeep {
    /// When the next step is due.
    pub(super) due: Instant,
    pauses: Pauses,
    /// The step has failed, and that has been logged.
    fails: bool,
    clock: (SystemTime, Instant),
}

impl Upkeep {
    pub(super) fn starting_at(now: SystemTime) -> Self {
        let started = Instant::now();
        Self { due: started, pauses: Pauses::default(), fails: false, clock: (now, started) }
    }

    pub(super) fn is_due(&self) -> bool {
        self.due <= Instant::now()
    }

    /// The time of the system's clock when we began, and what has passed since. A clock that is put forward by two years
    /// while we run must not make every row old.
    pub(super) fn now(&self) -> SystemTime {
        let (began, started) = self.clock;
        began.checked_add(started.elapsed()).unwrap_or(began)
    }

    /// The store that did not work is asked again after a pause.
    pub(super) fn try_again(&mut self) {
        self.due = Instant::now() + self.pauses.next();
    }

    pub(super) fn store_works(&mut self) {
        self.pauses = Pauses::default();
    }

    /// Plans the next step by what came of the last.
    pub(super) fn note(&mut self, tended: Result<Tended, StoreError>) {
        let rest = match tended {
            Ok(Tended::More) => Duration::ZERO,
            Ok(Tended::Done) | Err(_) => REST,
        };
        self.due = Instant::now() + rest;
        match tended {
            Err(error) if !self.fails => {
                tracing::warn!(error = %Chain(&error), "old records cannot be deleted, that is tried again every minute");
                self.fails = true;
            }
            Err(_) => {}
            Ok(_) => self.fails = false,
        }
    }
}
