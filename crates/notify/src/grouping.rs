use crate::trouble::Trouble;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Holds back what people have just been told, and what would be too much at once.
///
/// Knows no clock: time is an argument, and must not run backwards. What it remembers is bounded by the messages it let
/// pass within one window.
#[derive(Debug)]
pub(crate) struct Grouping {
    window: Duration,
    messages_per_window: usize,
    told: HashMap<Trouble, Instant>,
    passed: VecDeque<Instant>,
    held_back: u64,
}

/// What may be told now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Those troubles that people have not been told within the window. Never empty.
    pub(crate) troubles: Vec<Trouble>,
    /// How many alerts were held back since the last one that passed.
    pub(crate) more: u64,
}

impl Grouping {
    /// Lets each trouble pass once per `window`, and at most so many messages per `window` in all.
    pub(crate) fn new(window: Duration, messages_per_window: usize) -> Self {
        Self { window, messages_per_window, told: HashMap::new(), passed: VecDeque::new(), held_back: 0 }
    }

    /// Decides on one alert about `troubles` at `now`; `None` when it is held back, and counted.
    pub(crate) fn admit(&mut self, troubles: &[Trouble], now: Instant) -> Option<Admitted> {
        self.forget(now);
        let due: Vec<_> = troubles.iter().filter(|trouble| !self.told.contains_key(trouble)).cloned().collect();
        if due.is_empty() || self.passed.len() >= self.messages_per_window {
            self.held_back += 1;
            return None;
        }
        self.passed.push_back(now);
        self.told.extend(due.iter().map(|trouble| (trouble.clone(), now)));
        Some(Admitted { troubles: due, more: std::mem::take(&mut self.held_back) })
    }

    /// Decides again on the last alert that was held back: it passes once no message has for a whole window.
    pub(crate) fn admit_late(&mut self, troubles: &[Trouble], now: Instant) -> Option<Admitted> {
        self.forget(now);
        if !self.passed.is_empty() {
            return None;
        }
        // It is not one of those that were held back before it.
        self.held_back = self.held_back.saturating_sub(1);
        self.admit(troubles, now)
    }

    fn forget(&mut self, now: Instant) {
        let window = self.window;
        let is_over = |then: Instant| now.saturating_duration_since(then) >= window;
        self.told.retain(|_, told| !is_over(*told));
        while self.passed.front().is_some_and(|passed| is_over(*passed)) {
            self.passed.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::Reason;

    const WINDOW: Duration = Duration::from_secs(60);

    fn trouble(name: &str) -> Trouble {
        let (upstream, status) = name.split_once(' ').expect("an upstream and a status");
        Trouble { upstream: Some(upstream.into()), reason: Reason::Status(status.parse().expect("a status")) }
    }

    fn troubles(names: &[&str]) -> Vec<Trouble> {
        names.iter().map(|name| trouble(name)).collect()
    }

    /// One step: at this second, these troubles; then what passes, and how many were held back before it.
    type Step<'a> = (u64, &'a [&'a str], Option<(&'a [&'a str], u64)>);

    fn check(messages_per_window: usize, steps: &[Step<'_>]) {
        let start = Instant::now();
        let mut grouping = Grouping::new(WINDOW, messages_per_window);
        for (second, about, expected) in steps {
            let admitted = grouping.admit(&troubles(about), start + Duration::from_secs(*second));
            let expected = expected.map(|(due, more)| Admitted { troubles: troubles(due), more });
            assert_eq!(admitted, expected, "at second {second}");
        }
    }

    #[test]
    fn the_same_trouble_passes_once_a_minute_and_the_rest_is_counted() {
        check(
            20,
            &[
                (0, &["a 500"], Some((&["a 500"], 0))),
                (1, &["a 500"], None),
                (59, &["a 500"], None),
                (60, &["a 500"], Some((&["a 500"], 2))),
                (119, &["a 500"], None),
                (120, &["a 500"], Some((&["a 500"], 1))),
            ],
        );
    }

    #[test]
    fn another_upstream_or_another_reason_is_another_trouble() {
        check(
            20,
            &[
                (0, &["a 500"], Some((&["a 500"], 0))),
                (1, &["b 500"], Some((&["b 500"], 0))),
                (2, &["a 429"], Some((&["a 429"], 0))),
                (3, &["a 500", "b 500"], None),
                (4, &["a 500", "c 500"], Some((&["c 500"], 1))),
            ],
        );
    }

    #[test]
    fn no_more_messages_pass_than_the_limit_and_none_is_marked_as_told() {
        check(
            2,
            &[
                (0, &["a 500"], Some((&["a 500"], 0))),
                (30, &["b 500"], Some((&["b 500"], 0))),
                (40, &["c 500"], None),
                (59, &["c 500"], None),
                (60, &["c 500"], Some((&["c 500"], 2))),
                (61, &["d 500"], None),
                (90, &["d 500"], Some((&["d 500"], 1))),
            ],
        );
    }

    #[test]
    fn ten_thousand_failures_in_ten_seconds_are_twenty_messages() {
        let start = Instant::now();
        let mut grouping = Grouping::new(WINDOW, 20);
        let about: Vec<_> = (0..100).map(|n| trouble(&format!("upstream-{n} 500"))).collect();
        let passed = (0..10_000_u64)
            .zip(about.iter().cycle())
            .filter_map(|(ms, trouble)| {
                grouping.admit(std::slice::from_ref(trouble), start + Duration::from_millis(ms))
            })
            .count();
        assert_eq!(passed, 20);
        let next = grouping.admit(&troubles(&["z 500"]), start + Duration::from_secs(70)).expect("the window is over");
        assert_eq!(next.more, 9_980);
        assert_eq!(grouping.told.len(), 1, "what is over is forgotten");
    }
}
