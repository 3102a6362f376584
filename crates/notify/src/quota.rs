//! How many messages there may be.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time in which messages are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// How many messages there may be in 60 s, whatever they tell.
///
/// Knows no clock: time is an argument, and must not run backwards.
#[derive(Debug)]
pub(crate) struct Quota {
    messages_per_minute: usize,
    passed: VecDeque<Instant>,
}

impl Quota {
    /// At most so many messages in any 60 s, and never less than one: a gateway that may say nothing would seem well.
    pub(crate) fn new(messages_per_minute: usize) -> Self {
        Self { messages_per_minute: messages_per_minute.max(1), passed: VecDeque::new() }
    }

    /// Whether there may be a message at `now`.
    pub(crate) fn has_room(&mut self, now: Instant) -> bool {
        while self.passed.front().is_some_and(|passed| now.saturating_duration_since(*passed) >= MINUTE) {
            self.passed.pop_front();
        }
        self.passed.len() < self.messages_per_minute
    }

    /// Counts a message at `now`, if there may be one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let has_room = self.has_room(now);
        if has_room {
            self.passed.push_back(now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(messages_per_minute: usize, steps: &[(u64, bool)]) {
        let start = Instant::now();
        let mut quota = Quota::new(messages_per_minute);
        for (second, expected) in steps {
            assert_eq!(quota.take(start + Duration::from_secs(*second)), *expected, "at second {second}");
        }
    }

    /// N01
    #[test]
    fn no_minute_has_more_messages_than_the_limit_wherever_it_begins() {
        check(2, &[(0, true), (30, true), (40, false), (59, false), (60, true), (61, false), (89, false), (90, true)]);
    }

    #[test]
    fn there_is_always_room_for_one() {
        check(0, &[(0, true), (59, false), (60, true)]);
    }
}
