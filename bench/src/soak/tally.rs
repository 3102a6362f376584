use super::cases::{CASES, Case};
use crate::mistakes::Mistakes;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the clients found, written by all of them.
#[derive(Default)]
pub(super) struct Tally(Mutex<Found>);

/// What the clients found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// For each case, in their order.
    pub(super) cases: Vec<OfCase>,
    /// Every request by its number, and which case it was.
    pub(super) sent: HashMap<u64, usize>,
    pub(super) mistakes: Mistakes,
    /// The longest time between a client's leaving and the end of its upstream's work.
    pub(super) slowest_let_go: Duration,
    pub(super) over_http2: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct OfCase {
    pub(super) count: u64,
    pub(super) wrong: u64,
    /// How long each took, in milliseconds, in no order.
    pub(super) milliseconds: Vec<u32>,
}

impl Tally {
    /// A request of this case is about to be sent.
    pub(super) fn begins(&self, number: u64, case: &Case) {
        let place = CASES.iter().position(|other| other.name == case.name).unwrap_or_default();
        let mut found = self.found();
        found.cases.resize_with(CASES.len(), OfCase::default);
        found.sent.insert(number, place);
    }

    /// The client of this request is done.
    pub(super) fn ends(&self, number: u64, took: Duration, verdict: Result<(), String>) {
        let mut found = self.found();
        let Some(&place) = found.sent.get(&number) else { return };
        let Some(of_case) = found.cases.get_mut(place) else { return };
        of_case.count += 1;
        of_case.milliseconds.push(u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
        if let Err(mistake) = verdict {
            of_case.wrong += 1;
            let name = CASES.get(place).map_or("", |case| case.name);
            found.mistakes.add(format!("request {number} ({name}): {mistake}"));
        }
    }

    /// So long after its client had left an upstream was let go.
    pub(super) fn let_go(&self, after: Duration) {
        let mut found = self.found();
        found.slowest_let_go = found.slowest_let_go.max(after);
    }

    /// A request went over HTTP/2.
    pub(super) fn over_http2(&self) {
        self.found().over_http2 += 1;
    }

    /// How many are done, and how many of them were not as they should be.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.found().counts()
    }

    pub(super) fn into_found(self) -> Found {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Found {
    /// How many are done, and how many of them were not as they should be.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.cases.iter().fold((0, 0), |(count, wrong), case| (count + case.count, wrong + case.wrong))
    }
}

impl OfCase {
    /// The time that so many hundredths of the requests did not exceed, in milliseconds.
    pub(super) fn percentile(&self, hundredths: usize) -> u32 {
        let mut times = self.milliseconds.clone();
        times.sort_unstable();
        let last = times.len().saturating_sub(1);
        times.get(last * hundredths / 100).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_has_its_count_its_mistakes_and_its_times() {
        let tally = Tally::default();
        for number in 0..100 {
            tally.begins(number, &CASES[0]);
            tally.ends(number, Duration::from_millis(number), Err("no".into()));
        }
        assert_eq!(tally.counts(), (100, 100));
        let found = tally.into_found();
        assert_eq!(found.mistakes.first().first().map(String::as_str), Some("request 0 (plain): no"));
        assert_eq!((found.cases[0].percentile(50), found.cases[0].percentile(99)), (49, 98));
    }
}
