//! Who is in trouble, and when that is over.

use crate::event::Recovery;
use crate::trouble::{Condition, Subject};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// An upstream that failed so long ago is forgotten, even if people were told: it may be gone from the configuration.
/// Longer than a weekend.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Who is in trouble, and who works again.
///
/// An upstream works again when it has answered a request that began after its last fault, and a whole window has passed
/// since that fault: one that flaps stays in trouble. Without such a request nothing is claimed. A condition is over when
/// somebody says so.
///
/// Knows no clock: time is an argument, and must not run backwards. Bounded by the upstreams there are.
#[derive(Debug)]
pub(crate) struct Standings {
    window: Duration,
    troubled: HashMap<Subject, Standing>,
}

#[derive(Debug)]
struct Standing {
    since: Instant,
    last_fault: Instant,
    faults: u64,
    /// How long after its last fault it counts as well.
    rest: Duration,
    was_told: bool,
    works_since: Option<Instant>,
}

impl Standings {
    /// Nobody is in trouble.
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, troubled: HashMap::new() }
    }

    /// Whether nobody is in trouble.
    pub(crate) fn is_empty(&self) -> bool {
        self.troubled.is_empty()
    }

    /// `subject` was at fault.
    pub(crate) fn fault(&mut self, subject: Subject, now: Instant) {
        let rest = match subject {
            Subject::Requests | Subject::Upstream(_) => self.window,
            Subject::Condition(_) => Duration::ZERO,
        };
        let new = Standing { since: now, last_fault: now, faults: 0, rest, was_told: false, works_since: None };
        self.troubled.entry(subject).or_insert(new).fault(now);
    }

    /// `subject` was at fault, which counts if it is in trouble already.
    pub(crate) fn fault_again(&mut self, subject: &Subject, now: Instant) {
        if let Some(standing) = self.troubled.get_mut(subject) {
            standing.fault(now);
        }
    }

    /// People are told that `subject` is in trouble.
    pub(crate) fn tell(&mut self, subject: &Subject) {
        if let Some(standing) = self.troubled.get_mut(subject) {
            standing.was_told = true;
        }
    }

    /// What began at `began` shows that `subject` works, if that was after its last fault.
    pub(crate) fn works(&mut self, subject: &Subject, began: Instant) {
        if let Some(standing) = self.troubled.get_mut(subject).filter(|standing| standing.last_fault <= began) {
            standing.works_since.get_or_insert(began);
        }
    }

    /// Conditions that go on, and that people do not know of.
    pub(crate) fn untold(&self) -> Vec<Condition> {
        let is_untold = |condition: &Condition| {
            let standing = self.troubled.get(&Subject::Condition(*condition));
            standing.is_some_and(|standing| !standing.was_told && standing.works_since.is_none())
        };
        Condition::ALL.into_iter().filter(is_untold).collect()
    }

    /// Whether somebody works again, and people should hear of it.
    pub(crate) fn has_recovered(&self, now: Instant) -> bool {
        self.troubled.values().any(|standing| standing.was_told && standing.is_over(now))
    }

    /// Everybody who works again and of whom people should hear, in a fixed order. They are in trouble no longer.
    pub(crate) fn take_recovered(&mut self, now: Instant) -> Vec<Recovery> {
        let due = self.troubled.extract_if(|_, standing| standing.was_told && standing.is_over(now));
        let mut recovered: Vec<_> = due.map(|(subject, standing)| standing.end(subject, now)).collect();
        recovered.sort_unstable_by(|one, other| one.subject.cmp(&other.subject));
        recovered
    }

    /// Forgets who works again without anybody having been told otherwise, and of whom nothing was heard for too long.
    pub(crate) fn forget(&mut self, now: Instant) {
        self.troubled.retain(|subject, standing| match subject {
            Subject::Requests | Subject::Upstream(_) if standing.quiet(now) >= FORGOTTEN_AFTER => false,
            Subject::Requests | Subject::Upstream(_) | Subject::Condition(_) => {
                standing.was_told || !standing.is_over(now)
            }
        });
    }
}

impl Standing {
    fn fault(&mut self, now: Instant) {
        self.faults += 1;
        self.last_fault = now;
        self.works_since = None;
    }

    /// How long the last fault is ago.
    fn quiet(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_fault)
    }

    fn is_over(&self, now: Instant) -> bool {
        self.works_since.is_some() && self.quiet(now) >= self.rest
    }

    fn end(self, subject: Subject, now: Instant) -> Recovery {
        let end = match subject {
            Subject::Condition(_) => self.works_since.unwrap_or(now),
            // When it began to work nobody knows: that may have been long before the first request.
            Subject::Requests | Subject::Upstream(_) => self.last_fault,
        };
        let lasted = end.saturating_duration_since(self.since);
        Recovery { subject, faults: self.faults, lasted, quiet: self.quiet(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    /// What happens to an upstream, and when.
    #[derive(Clone, Copy)]
    enum Step {
        Fault(u64),
        Told,
        Works(u64),
    }
    use Step::{Fault, Told, Works};

    struct Case {
        start: Instant,
        standings: Standings,
    }

    impl Case {
        fn of(steps: &[Step]) -> Self {
            let (start, mut standings) = (Instant::now(), Standings::new(WINDOW));
            let at = |second| start + Duration::from_secs(second);
            for step in steps {
                match *step {
                    Fault(second) => standings.fault(subject(), at(second)),
                    Told => standings.tell(&subject()),
                    Works(second) => standings.works(&subject(), at(second)),
                }
            }
            Self { start, standings }
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        fn forgets_at(mut self, second: u64) -> bool {
            let now = self.at(second);
            self.standings.forget(now);
            self.standings.is_empty()
        }
    }

    fn subject() -> Subject {
        Subject::Upstream("a".into())
    }

    /// Whether people hear at `second` that it works again.
    fn check(steps: &[Step], second: u64, expected: bool) {
        let mut case = Case::of(steps);
        let now = case.at(second);
        assert_eq!(case.standings.has_recovered(now), expected, "at second {second}");
        assert_eq!(!case.standings.take_recovered(now).is_empty(), expected);
        assert_eq!(case.standings.is_empty(), expected);
    }

    #[test]
    fn it_works_again_after_an_answer_and_a_quiet_window() {
        check(&[Fault(0), Told, Works(1)], 59, false);
        check(&[Fault(0), Told, Works(1)], 60, true);
        check(&[Fault(0), Told, Works(500)], 500, true);
        check(&[Fault(0), Told], 10_000, false);
    }

    #[test]
    fn a_fault_after_the_answer_begins_all_over() {
        check(&[Fault(0), Told, Works(1), Fault(30)], 100, false);
        check(&[Fault(0), Told, Works(1), Fault(30), Works(31)], 89, false);
        check(&[Fault(0), Told, Works(1), Fault(30), Works(31)], 90, true);
    }

    #[test]
    fn a_request_from_before_the_fault_shows_nothing() {
        check(&[Fault(10), Told, Works(9)], 1000, false);
    }

    #[test]
    fn of_what_nobody_was_told_nobody_hears_the_end() {
        check(&[Fault(0), Works(1)], 1000, false);
        assert!(!Case::of(&[Fault(0), Works(1)]).forgets_at(59));
        assert!(Case::of(&[Fault(0), Works(1)]).forgets_at(60), "and it is forgotten");
    }

    #[test]
    fn an_upstream_that_nobody_asks_any_more_is_forgotten() {
        let days = FORGOTTEN_AFTER.as_secs();
        assert!(!Case::of(&[Fault(0), Told]).forgets_at(days - 1));
        assert!(Case::of(&[Fault(0), Told]).forgets_at(days));
    }

    #[test]
    fn a_condition_is_never_forgotten_and_over_at_once() {
        let records = Subject::Condition(Condition::RecordsStuck);
        let (start, mut standings) = (Instant::now(), Standings::new(WINDOW));
        standings.fault(records.clone(), start);
        assert_eq!(standings.untold(), [Condition::RecordsStuck]);
        standings.tell(&records);
        assert!(standings.untold().is_empty());
        let later = start + 2 * FORGOTTEN_AFTER;
        standings.forget(later);
        standings.works(&records, later);
        let [recovery] = standings.take_recovered(later).try_into().expect("one");
        assert_eq!((recovery.lasted, recovery.faults), (2 * FORGOTTEN_AFTER, 1));
    }
}
