//! Where in a stream we are, so that one that was lost can be taken up again: nothing said twice, nothing left out.

use http::HeaderValue;
use std::collections::HashSet;

/// How many ids are remembered. Longer streams are not taken up again: the prediction is read instead.
const IDS_CAP: usize = 32 * 1024;
/// Replicate's are like `1690212292:0`.
const ID_CAP_BYTES: usize = 128;

/// The events heard so far, by their ids.
#[derive(Debug)]
pub(super) struct Trail {
    heard: HashSet<String>,
    last: Option<HeaderValue>,
    /// Whether each text had an id of its own, so that it is known when it is repeated.
    certain: bool,
    course: Course,
    /// What the prediction is known to say next.
    ahead: String,
}

/// How the stream stands to what was heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// It was never lost.
    First,
    /// It was opened again, and nothing was heard of it yet.
    Reopened,
    /// It repeats what was heard already: whoever serves it does not know `Last-Event-ID`.
    Repeating,
    /// It has gone beyond what was heard.
    Beyond,
}

/// What an event is to those who heard the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    New,
    Repeated,
    /// Nobody can tell: something may be missing, or said twice.
    Unclear,
}

impl Trail {
    /// Before the first event.
    pub(super) fn new() -> Self {
        Self { heard: HashSet::new(), last: None, certain: true, course: Course::First, ahead: String::new() }
    }

    /// The last event's id, for whoever is asked to go on after it.
    pub(super) const fn last(&self) -> Option<&HeaderValue> {
        self.last.as_ref()
    }

    /// Whether the stream is not the first one.
    pub(super) fn was_reopened(&self) -> bool {
        self.course != Course::First
    }

    /// Whether the stream may end here: not while it repeats what was heard.
    pub(super) fn may_end(&self) -> bool {
        self.course != Course::Repeating
    }

    /// The stream is to be opened again. `said` is all text so far, if it is known, and `output` that of the prediction,
    /// which may lag behind. False if the stream could not be told from one with gaps or repetitions.
    pub(super) fn reopen(&mut self, said: Option<&str>, output: Option<&str>) -> bool {
        let said_nothing = said.is_some_and(str::is_empty);
        if said_nothing {
            *self = Self { last: self.last.take(), ..Self::new() };
        }
        self.course = if said_nothing { Course::Beyond } else { Course::Reopened };
        if let (Some(said), Some(output)) = (said, output) {
            match output.strip_prefix(said) {
                Some(ahead) => ahead.clone_into(&mut self.ahead),
                None => self.certain &= said.starts_with(output),
            }
        }
        self.certain
    }

    /// Takes the next event. Those without text need no id.
    pub(super) fn step(&mut self, id: Option<&str>, text: &str) -> Step {
        let step = match id.and_then(usable) {
            Some((id, header)) => self.step_to(id, header),
            None if text.is_empty() => Step::New,
            None => self.step_into_the_dark(),
        };
        if step == Step::New && !self.is_ahead(text) { Step::Unclear } else { step }
    }

    fn step_to(&mut self, id: &str, header: HeaderValue) -> Step {
        match (self.course, self.heard.contains(id)) {
            (Course::Reopened | Course::Repeating, true) => {
                self.course = if self.last.as_ref() == Some(&header) { Course::Beyond } else { Course::Repeating };
                Step::Repeated
            }
            (Course::Repeating, false) | (Course::Beyond, true) => Step::Unclear,
            (Course::Reopened | Course::Beyond, false) => {
                self.course = Course::Beyond;
                self.remember(id, header)
            }
            (Course::First, false) => self.remember(id, header),
            (Course::First, true) => {
                self.certain = false;
                Step::New
            }
        }
    }

    fn step_into_the_dark(&mut self) -> Step {
        self.certain = false;
        match self.course {
            Course::First | Course::Beyond => Step::New,
            Course::Reopened | Course::Repeating => Step::Unclear,
        }
    }

    fn remember(&mut self, id: &str, header: HeaderValue) -> Step {
        self.certain &= self.heard.len() < IDS_CAP;
        if self.certain {
            self.heard.insert(id.to_owned());
            self.last = Some(header);
        }
        Step::New
    }

    /// Whether a new text is what comes next, as far as that is known.
    fn is_ahead(&mut self, text: &str) -> bool {
        if let Some(rest) = self.ahead.strip_prefix(text) {
            self.ahead = rest.to_owned();
            return true;
        }
        text.starts_with(&std::mem::take(&mut self.ahead))
    }
}

/// An id that can be sent back.
fn usable(id: &str) -> Option<(&str, HeaderValue)> {
    let header = HeaderValue::from_str(id).ok()?;
    (1..=ID_CAP_BYTES).contains(&id.len()).then_some((id, header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{New, Repeated, Unclear};

    /// A trail that heard `1`, `2` and `3`, each with its number as text, and lost the stream.
    fn lost(output: &str) -> Trail {
        let mut trail = Trail::new();
        for id in ["1", "2", "3"] {
            assert_eq!(trail.step(Some(id), id), New);
        }
        assert!(trail.reopen(Some("123"), Some(output)));
        trail
    }

    fn check(trail: &mut Trail, events: &[(&str, &str, Step)]) {
        for &(id, text, step) in events {
            let id = (!id.is_empty()).then_some(id);
            assert_eq!(trail.step(id, text), step, "{id:?} {text} {trail:?}");
        }
    }

    #[test]
    fn a_stream_goes_on_after_the_last_event() {
        let mut trail = lost("1");
        assert_eq!(trail.last(), Some(&HeaderValue::from_static("3")));
        check(&mut trail, &[("4", "4", New), ("5", "5", New)]);
        assert!(trail.may_end() && trail.was_reopened());
    }

    #[test]
    fn what_is_repeated_is_known_by_its_id() {
        check(&mut lost("123"), &[("1", "1", Repeated), ("2", "2", Repeated), ("3", "3", Repeated), ("4", "4", New)]);
        check(&mut lost("123"), &[("2", "2", Repeated), ("3", "3", Repeated), ("", "", New), ("4", "4", New)]);
        check(&mut lost("123"), &[("3", "3", Repeated), ("4", "4", New)]);
    }

    #[test]
    fn a_stream_that_repeats_may_be_lost_again() {
        let mut trail = lost("123");
        check(&mut trail, &[("1", "1", Repeated)]);
        assert!(!trail.may_end());
        assert!(trail.reopen(Some("123"), None));
        check(&mut trail, &[("1", "1", Repeated), ("2", "2", Repeated), ("3", "3", Repeated), ("4", "4", New)]);
        assert!(trail.may_end());
    }

    #[test]
    fn gaps_and_disorder_are_unclear() {
        check(&mut lost("123"), &[("1", "1", Repeated), ("4", "4", Unclear)]);
        check(&mut lost("123"), &[("4", "4", New), ("3", "3", Unclear)]);
        check(&mut lost("123"), &[("", "4", Unclear)]);
    }

    #[test]
    fn what_the_prediction_says_next_must_come_next() {
        check(&mut lost("12345"), &[("4", "4", New), ("5", "56", New), ("7", "7", New)]);
        check(&mut lost("12345"), &[("5", "5", Unclear)]);
        check(&mut lost("12345"), &[("3", "3", Repeated), ("4", "45", New), ("6", "6", New)]);
    }

    #[test]
    fn a_prediction_that_says_something_else_makes_nothing_certain() {
        assert!(!lost("123").reopen(Some("123"), Some("xyz")));
        assert!(lost("123").reopen(Some("123"), Some("")));
        assert!(lost("123").reopen(None, Some("1")));
    }

    #[test]
    fn texts_that_cannot_be_told_apart_are_not_taken_up_again() {
        for events in [&[("", "a", New)][..], &[("1", "a", New), ("1", "b", New)], &[("\u{7}", "a", New)]] {
            let mut trail = Trail::new();
            check(&mut trail, events);
            assert!(!trail.reopen(Some("a"), Some("a")), "{events:?}");
        }
        let mut trail = Trail::new();
        for id in 0..=IDS_CAP {
            assert_eq!(trail.step(Some(&id.to_string()), "a"), New);
        }
        assert!(!trail.reopen(None, None));
    }

    #[test]
    fn as_long_as_nothing_was_said_everything_is_new() {
        let mut trail = Trail::new();
        check(&mut trail, &[("1", "", New), ("", "", New)]);
        assert!(trail.reopen(Some(""), Some("ab")));
        assert_eq!(trail.last(), Some(&HeaderValue::from_static("1")));
        check(&mut trail, &[("1", "", New), ("2", "a", New), ("3", "c", Unclear)]);
    }
}
