//! Who is in trouble, what people know of it, and what they hear next. Knows no clock, no lock and no channel.

use crate::event::{Event, Summary};
use crate::grouping::Grouping;
use crate::policy::Policy;
use crate::quota::Quota;
use crate::standing::Standings;
use crate::trouble::{Condition, Subject, Trouble};
use std::sync::Arc;
use std::time::Instant;

/// Everything that is known about troubles, and what of it people should hear when.
///
/// Knows no clock: time is an argument, and must not run backwards.
#[derive(Debug)]
pub(crate) struct Book {
    grouping: Grouping,
    standings: Standings,
    quota: Quota,
}

/// Which of a request's troubles may be told now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Those that people have not been told within the window. Never empty.
    pub(crate) troubles: Vec<Trouble>,
    /// How often they were held back since they were last told.
    pub(crate) more: u64,
}

impl Book {
    /// Nothing has happened yet.
    pub(crate) fn new(policy: &Policy) -> Self {
        Self {
            grouping: Grouping::new(policy.window),
            standings: Standings::new(policy.window),
            quota: Quota::new(policy.messages_per_minute),
        }
    }

    /// Whether nobody is in trouble, so that a success is no news to anybody.
    pub(crate) fn is_quiet(&self) -> bool {
        self.standings.is_empty()
    }

    /// Decides on a request that met `troubles`, the gravest first; `None` when it is held back, and counted.
    pub(crate) fn failed(&mut self, troubles: &[Trouble], now: Instant) -> Option<Admitted> {
        self.note_faults(troubles, |standings, subject| standings.fault(subject, now));
        let news: Vec<_> = troubles.iter().filter(|trouble| self.grouping.is_news(trouble, now)).cloned().collect();
        match (news.first(), troubles.first()) {
            (Some(_), _) if self.quota.take(now) => {
                let more = self.tell(&news, now);
                return Some(Admitted { troubles: news, more });
            }
            (Some(gravest), _) => self.grouping.hold_for_room(gravest, now),
            (None, Some(gravest)) => self.grouping.hold_repeat(gravest, now),
            (None, None) => {}
        }
        None
    }

    /// A request of which people are not told met `troubles`. That puts nobody in trouble, and gets nobody out of it.
    pub(crate) fn failed_untold(&mut self, troubles: &[Trouble], now: Instant) {
        self.note_faults(troubles, |standings, subject| standings.fault_again(&subject, now));
    }

    /// A request that began at `began` was answered by `upstream`.
    pub(crate) fn answered(&mut self, upstream: &Arc<str>, began: Instant) {
        self.standings.works(&Subject::Requests, began);
        self.standings.works(&Subject::Upstream(Arc::clone(upstream)), began);
    }

    /// `condition` holds. Yields what people should hear now; if that is nothing, they hear later, unless it ends before.
    pub(crate) fn begins(&mut self, condition: Condition, now: Instant) -> Option<Event> {
        self.standings.fault(Subject::Condition(condition), now);
        self.tell_condition(condition, now)
    }

    /// `condition` holds no longer, if it ever did.
    pub(crate) fn ends(&mut self, condition: Condition, now: Instant) {
        self.standings.works(&Subject::Condition(condition), now);
    }

    /// Whether something that was not told for want of room may be told now, and has to be before anything else.
    pub(crate) fn owes_summary(&mut self, now: Instant) -> bool {
        self.grouping.has_overflowed(now) && self.quota.has_room(now)
    }

    /// What people should hear though nothing has just happened: who works again, what goes on, what was held back.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Event> {
        let mut due = Vec::new();
        if self.grouping.has_overflowed(now) {
            // What people do not know of comes before what is over.
            due.extend(self.summary(now).map(Event::Summary));
        }
        due.extend(self.recovered(now));
        for condition in self.standings.untold() {
            due.extend(self.tell_condition(condition, now));
        }
        due.extend(self.summary(now).map(Event::Summary));
        self.grouping.forget(now);
        // Last: who is named in the summary only now is told of when it works again, even if it does already.
        self.standings.forget(now);
        due
    }

    fn note_faults(&mut self, troubles: &[Trouble], note: impl Fn(&mut Standings, Subject)) {
        for (index, subject) in troubles.iter().map(Trouble::subject).enumerate() {
            // Several reasons in one request are one fault.
            if !troubles.iter().take(index).any(|earlier| earlier.subject() == subject) {
                note(&mut self.standings, subject);
            }
        }
    }

    fn tell(&mut self, troubles: &[Trouble], now: Instant) -> u64 {
        troubles.iter().for_each(|trouble| self.standings.tell(&trouble.subject()));
        self.grouping.tell(troubles, now)
    }

    fn tell_condition(&mut self, condition: Condition, now: Instant) -> Option<Event> {
        let trouble = Trouble::Condition(condition);
        let may_tell = self.grouping.is_news(&trouble, now) && self.quota.take(now);
        may_tell.then(|| {
            self.tell(&[trouble], now);
            Event::Condition(condition)
        })
    }

    fn recovered(&mut self, now: Instant) -> Option<Event> {
        if !self.standings.has_recovered(now) || !self.quota.take(now) {
            return None;
        }
        let recovered = self.standings.take_recovered(now);
        recovered.iter().for_each(|recovery| self.grouping.settle(&recovery.subject));
        Some(Event::Recovered(recovered))
    }

    fn summary(&mut self, now: Instant) -> Option<Summary> {
        if !self.grouping.wants_summary(now) || !self.quota.take(now) {
            return None;
        }
        let summary = self.grouping.summarize(now)?;
        summary.listed.iter().for_each(|counted| self.standings.tell(&counted.trouble.subject()));
        Some(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::Reason;
    use std::time::Duration;

    fn trouble(upstream: &str, status: u16) -> Trouble {
        Trouble::Upstream(upstream.into(), Reason::Status(status))
    }

    /// N01
    #[test]
    fn ten_thousand_failures_in_ten_seconds_are_twenty_messages() {
        let (start, mut book) = (Instant::now(), Book::new(&Policy::default()));
        let about: Vec<_> = (0..100).map(|n| trouble(&format!("upstream-{n}"), 500)).collect();
        let passed = (0..10_000_u64)
            .zip(about.iter().cycle())
            .filter_map(|(ms, trouble)| book.failed(std::slice::from_ref(trouble), start + Duration::from_millis(ms)))
            .count();
        assert_eq!(passed, 20);
        assert!(book.due(start + Duration::from_secs(59)).is_empty(), "there is no room yet");
        let due = book.due(start + Duration::from_secs(60));
        assert!(matches!(&due[..], [Event::Summary(summary)] if summary.more == 9_980), "{due:?}");
        assert!(book.due(start + Duration::from_secs(600)).is_empty());
    }

    #[test]
    fn a_request_that_is_held_back_counts_once_for_the_gravest_that_is_news() {
        let (now, mut book) = (Instant::now(), Book::new(&Policy { messages_per_minute: 1, ..Policy::default() }));
        assert!(book.failed(&[Trouble::AllFailed, trouble("a", 500)], now).is_some());
        let again = [Trouble::AllFailed, trouble("a", 500), trouble("b", 429), trouble("c", 500)];
        assert_eq!(book.failed(&again, now), None);
        assert_eq!(book.failed(&again[..2], now), None);
        let [Event::Summary(summary)] = &book.due(now + Duration::from_secs(60))[..] else { panic!("a summary") };
        let listed: Vec<_> = summary.listed.iter().map(|counted| counted.trouble.clone()).collect();
        assert_eq!(listed, [Trouble::AllFailed, trouble("b", 429)]);
    }

    #[test]
    fn several_reasons_in_one_request_are_one_fault_of_their_upstream() {
        let (start, mut book) = (Instant::now(), Book::new(&Policy::default()));
        book.failed(&[trouble("a", 500), trouble("a", 429), trouble("b", 500)], start);
        assert!(!book.is_quiet());
        ["a", "b"].iter().for_each(|name| book.answered(&Arc::from(*name), start));
        let [Event::Recovered(recovered)] = &book.due(start + Duration::from_secs(60))[..] else { panic!("an end") };
        assert_eq!(recovered.iter().map(|recovery| recovery.faults).collect::<Vec<_>>(), [1, 1]);
        assert!(book.is_quiet());
    }

    #[test]
    fn who_is_named_in_a_summary_is_told_of_when_it_works_again() {
        let (start, mut book) = (Instant::now(), Book::new(&Policy { messages_per_minute: 1, ..Policy::default() }));
        ["a", "b"].iter().for_each(|name| drop(book.failed(&[trouble(name, 500)], start)));
        book.answered(&Arc::from("b"), start);
        let minute = |n| start + n * Duration::from_secs(60);
        assert!(matches!(&book.due(minute(1))[..], [Event::Summary(_)]));
        assert!(matches!(&book.due(minute(2))[..], [Event::Recovered(recovered)] if recovered.len() == 1));
        assert_eq!(book.failed(&[trouble("c", 500)], minute(2)), None, "that was the message of this minute");
    }

    #[test]
    fn what_nobody_was_told_of_comes_before_what_is_over() {
        let (start, mut book) = (Instant::now(), Book::new(&Policy { messages_per_minute: 2, ..Policy::default() }));
        ["a", "b", "c"].iter().for_each(|name| drop(book.failed(&[trouble(name, 500)], start)));
        ["a", "b", "c"].iter().for_each(|name| book.answered(&Arc::from(*name), start));
        let due = book.due(start + Duration::from_secs(60));
        assert!(
            matches!(&due[..], [Event::Summary(summary), Event::Recovered(recovered)]
            if summary.more == 1 && recovered.len() == 3),
            "{due:?}"
        );
    }
}
