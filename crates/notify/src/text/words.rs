//! What each language has to say.

use crate::event::Recovery;
use crate::policy::Language;
use crate::text::chinese::Chinese;
use crate::text::english::English;
use crate::trouble::{Condition, Reason};
use oar_exchange::Outcome;
use std::time::Duration;

/// The sentences of one language, each for one line. Names in them are tame already.
///
/// Each sentence about a trouble ends with the word for it in parentheses, which metrics and documents know.
pub(super) trait Words: Sync {
    /// An upstream is at fault.
    fn fails(&self, upstream: &str, reason: Reason) -> String;
    /// No upstream was left.
    fn all_failed(&self) -> String;
    /// What does not work, and what people should know beside.
    fn condition(&self, condition: Condition) -> [&'static str; 2];
    /// How often it was held back.
    fn more(&self, times: u64) -> String;
    /// The model asked for.
    fn model(&self, model: &str) -> String;
    /// Which request, and what became of it.
    fn request(&self, id: &str, outcome: Outcome) -> String;
    /// What precedes the attempts.
    fn attempts(&self) -> &'static str;
    /// One attempt: its number, the upstream, what came of it, and after how long.
    fn attempt(&self, number: usize, upstream: &str, result: &str, after: Duration) -> String;
    /// How many lines were left out.
    fn others(&self, number: usize) -> String;
    /// An upstream works again.
    fn works(&self, upstream: &str) -> String;
    /// There is an upstream for requests again.
    fn answered(&self) -> String;
    /// The condition is over.
    fn ended(&self, condition: Condition) -> String;
    /// What there was of the trouble that is over.
    fn ordeal(&self, recovery: &Recovery) -> String;
    /// So many troubles are over.
    fn recovered(&self, number: usize) -> String;
    /// So many alerts were held back.
    fn held_back(&self, more: u64, within: Duration) -> String;
    /// How often what this line says has happened.
    fn times(&self, line: &str, times: u64) -> String;
    /// A test, and what it shows.
    fn test(&self) -> [&'static str; 2];
}

/// The sentences of `language`.
pub(super) fn words(language: Language) -> &'static dyn Words {
    match language {
        Language::English => &English,
        Language::Chinese => &Chinese,
    }
}

/// The names of units of time, from the shortest.
pub(super) struct Units {
    pub(super) milliseconds: &'static str,
    pub(super) seconds: &'static str,
    pub(super) minutes: &'static str,
    pub(super) hours: &'static str,
    pub(super) days: &'static str,
}

impl Units {
    /// A time as people say it, in the two largest units that matter.
    pub(super) fn say(&self, time: Duration) -> String {
        let Self { milliseconds, seconds, minutes, hours, days } = self;
        let millis = time.as_millis();
        // Rounded: what is looked at once a second takes a minute and not 59 s.
        match time.saturating_add(Duration::from_millis(500)).as_secs() {
            _ if millis < 1000 => format!("{millis} {milliseconds}"),
            0..10 => format!("{}.{} {seconds}", millis / 1000, millis % 1000 / 100),
            whole @ 10..60 => format!("{whole} {seconds}"),
            whole @ 60..3600 => two(whole / 60, minutes, whole % 60, seconds),
            whole @ 3600..86_400 => two(whole / 3600, hours, whole % 3600 / 60, minutes),
            whole => two(whole / 86_400, days, whole % 86_400 / 3600, hours),
        }
    }
}

fn two(large: u64, unit: &str, small: u64, smaller_unit: &str) -> String {
    match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {smaller_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_the_units_that_matter() {
        let units = Units { milliseconds: "ms", seconds: "s", minutes: "min", hours: "h", days: "d" };
        for (millis, said) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_500, "1.5 s"),
            (9_499, "9.4 s"),
            (9_999, "10 s"),
            (42_900, "43 s"),
            (59_980, "1 min"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (3_600_000, "1 h"),
            (7_500_000, "2 h 5 min"),
            (100_000_000, "1 d 3 h"),
        ] {
            assert_eq!(units.say(Duration::from_millis(millis)), said);
        }
    }
}
