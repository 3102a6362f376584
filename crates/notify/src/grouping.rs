//! What people were just told, and what was held back since.

use crate::event::{Summary, Times};
use crate::trouble::{Subject, Trouble};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The least time between two summaries of what is news.
const SUMMARIES_APART: Duration = Duration::from_secs(60);

/// Remembers what people have just been told, and counts what they were not.
///
/// Knows no clock: time is an argument, and must not run backwards. What it remembers is bounded by the upstreams and
/// the reasons there are.
#[derive(Debug)]
pub(crate) struct Grouping {
    window: Duration,
    told: HashMap<Trouble, Instant>,
    held: HashMap<Trouble, Held>,
    /// Something was held back that people were not told of at all.
    overflowed: bool,
    summarized: Option<Instant>,
}

/// What was held back of one trouble.
#[derive(Debug)]
struct Held {
    times: u64,
    since: Instant,
}

impl Grouping {
    /// Each trouble is news once per `window`.
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, told: HashMap::new(), held: HashMap::new(), overflowed: false, summarized: None }
    }

    /// Whether people have not been told of `trouble` within the window.
    pub(crate) fn is_news(&self, trouble: &Trouble, now: Instant) -> bool {
        self.told.get(trouble).is_none_or(|told| now.saturating_duration_since(*told) >= self.window)
    }

    /// Notes that people are told of `troubles`, and says how often these were held back before.
    pub(crate) fn tell(&mut self, troubles: &[Trouble], now: Instant) -> u64 {
        self.told.extend(troubles.iter().map(|trouble| (trouble.clone(), now)));
        let more = troubles.iter().filter_map(|trouble| self.held.remove(trouble)).map(|held| held.times).sum();
        self.calm();
        more
    }

    /// Counts `trouble`, of which people were told not long ago.
    pub(crate) fn hold_repeat(&mut self, trouble: &Trouble, now: Instant) {
        // The trouble is cloned the first time only: there may be thousands in a second.
        match self.held.get_mut(trouble) {
            Some(held) => held.times += 1,
            None => drop(self.held.insert(trouble.clone(), Held { times: 1, since: now })),
        }
    }

    /// Counts `trouble`, which is news but would be a message too many.
    pub(crate) fn hold_for_room(&mut self, trouble: &Trouble, now: Instant) {
        self.hold_repeat(trouble, now);
        self.overflowed = true;
    }

    /// Whether people should hear what they were not told of at all, for want of room, before anything else. Once in a
    /// minute, so that a flood that goes on leaves room for alerts.
    pub(crate) fn has_overflowed(&self, now: Instant) -> bool {
        let is_recent = |then: Instant| now.saturating_duration_since(then) < SUMMARIES_APART;
        self.overflowed && !self.summarized.is_some_and(is_recent)
    }

    /// Whether what was held back has to be told by itself: news as soon as may be. Repeats get a second window, in
    /// which the next alert or the end of the trouble may tell them.
    pub(crate) fn wants_summary(&self, now: Instant) -> bool {
        let is_late = |held: &Held| now.saturating_duration_since(held.since) >= self.window.saturating_mul(2);
        self.has_overflowed(now) || self.held.values().any(is_late)
    }

    /// Everything that was held back, in one. What it lists has been told with it; `None` when there is nothing.
    pub(crate) fn summarize(&mut self, now: Instant) -> Option<Summary> {
        let since = self.held.values().map(|held| held.since).min()?;
        let mut all: Vec<_> = self.held.drain().map(|(trouble, Held { times, .. })| Times { trouble, times }).collect();
        self.overflowed = false;
        self.summarized = Some(now);
        all.sort_unstable_by(|one, other| {
            (Reverse(one.times), &one.trouble).cmp(&(Reverse(other.times), &other.trouble))
        });
        let more = all.iter().map(|counted| counted.times).sum();
        let unlisted = all.split_off(all.len().min(Summary::LISTED_CAP)).len();
        self.told.extend(all.iter().map(|counted| (counted.trouble.clone(), now)));
        Some(Summary { more, within: now.saturating_duration_since(since), listed: all, unlisted })
    }

    /// Forgets what was held back about `subject`: people are told the whole of it.
    pub(crate) fn settle(&mut self, subject: &Subject) {
        self.held.retain(|trouble, _| trouble.subject() != *subject);
        self.calm();
    }

    /// Forgets what may be told again anyway.
    pub(crate) fn forget(&mut self, now: Instant) {
        let window = self.window;
        self.told.retain(|_, told| now.saturating_duration_since(*told) < window);
    }

    fn calm(&mut self) {
        self.overflowed &= !self.held.is_empty();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::Reason;

    const WINDOW: Duration = Duration::from_secs(60);

    fn trouble(upstream: &str, status: u16) -> Trouble {
        Trouble::Upstream(upstream.into(), Reason::Status(status))
    }

    /// The second `second` of a test that began at `start`.
    fn at(start: Instant, second: u64) -> Instant {
        start + Duration::from_secs(second)
    }

    /// N01
    #[test]
    fn the_same_trouble_is_news_once_in_a_window() {
        let (start, mut grouping) = (Instant::now(), Grouping::new(WINDOW));
        assert_eq!(grouping.tell(&[trouble("a", 500)], start), 0);
        for (second, status, expected) in [(59, 500, false), (60, 500, true), (1, 429, true)] {
            assert_eq!(grouping.is_news(&trouble("a", status), at(start, second)), expected, "{second} {status}");
        }
        assert!(grouping.is_news(&trouble("b", 500), at(start, 1)), "another upstream is another trouble");
    }

    #[test]
    fn a_message_tells_how_often_its_own_troubles_were_held_back() {
        let (start, mut grouping) = (Instant::now(), Grouping::new(WINDOW));
        for (name, times) in [("a", 3), ("b", 2)] {
            (0..times).for_each(|_| grouping.hold_repeat(&trouble(name, 500), start));
        }
        assert_eq!(grouping.tell(&[trouble("a", 500), trouble("a", 429)], at(start, 60)), 3);
        assert_eq!(grouping.summarize(at(start, 120)).map(|summary| summary.more), Some(2));
        assert_eq!(grouping.summarize(at(start, 120)), None);
    }

    /// N01
    #[test]
    fn what_was_not_told_at_all_wants_a_summary_at_once_and_repeats_after_two_windows() {
        let (start, mut grouping) = (Instant::now(), Grouping::new(WINDOW));
        grouping.hold_repeat(&trouble("a", 500), start);
        assert!(!grouping.wants_summary(at(start, 119)) && grouping.wants_summary(at(start, 120)));
        grouping.hold_for_room(&trouble("b", 500), start);
        assert!(grouping.wants_summary(start));
        assert!(grouping.summarize(start).is_some() && !grouping.wants_summary(at(start, 600)));
        grouping.hold_for_room(&trouble("b", 500), at(start, 1));
        assert!(!grouping.wants_summary(at(start, 59)) && grouping.wants_summary(at(start, 60)), "once in a minute");
    }

    #[test]
    fn a_summary_lists_ten_the_most_frequent_first_and_those_are_told() {
        let (start, mut grouping) = (Instant::now(), Grouping::new(WINDOW));
        for n in 0..13_u16 {
            (0..=n).for_each(|_| grouping.hold_for_room(&trouble("a", 500 + n), start));
        }
        let summary = grouping.summarize(at(start, 7)).expect("something was held back");
        assert_eq!((summary.more, summary.within, summary.unlisted), (91, Duration::from_secs(7), 3));
        let times: Vec<_> = summary.listed.iter().map(|counted| counted.times).collect();
        assert_eq!(times, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4]);
        assert!(!grouping.is_news(&trouble("a", 512), at(start, 8)));
        assert!(grouping.is_news(&trouble("a", 500), at(start, 8)), "nobody has read its name");
    }

    #[test]
    fn who_works_again_has_nothing_held_back() {
        let (start, mut grouping) = (Instant::now(), Grouping::new(WINDOW));
        grouping.hold_repeat(&trouble("a", 500), start);
        grouping.hold_for_room(&trouble("a", 429), start);
        grouping.settle(&Subject::Upstream("a".into()));
        assert!(!grouping.wants_summary(at(start, 600)));
    }

    #[test]
    fn a_window_without_end_is_one() {
        let (start, mut grouping) = (Instant::now(), Grouping::new(Duration::MAX));
        grouping.tell(&[trouble("a", 500)], start);
        grouping.hold_repeat(&trouble("a", 500), start);
        assert!(!grouping.is_news(&trouble("a", 500), at(start, 600)) && !grouping.wants_summary(at(start, 600)));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (start, mut grouping) = (Instant::now(), Grouping::new(WINDOW));
        grouping.tell(&[trouble("a", 500)], start);
        grouping.tell(&[trouble("b", 500)], at(start, 30));
        grouping.forget(at(start, 60));
        assert_eq!(grouping.told.len(), 1);
    }
}
