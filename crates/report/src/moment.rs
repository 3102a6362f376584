//! Moments as people write and read them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use std::time::SystemTime;

/// A moment that cannot be read.
///
/// ```
/// use oar_report::moment;
///
/// let error = moment::read("yesterday", &moment::now()).unwrap_err();
/// assert!(error.to_string().starts_with("`yesterday` is no moment: write how long ago"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no moment: write how long ago (`24h`, `30m`, `7d`), a day (`2026-11-20`), or RFC 3339 (`2026-11-20T08:00:00Z`)"
)]
pub struct WrongMoment(String);

/// The moment that a text means at `now`, whose time zone days begin in.
///
/// # Errors
///
/// [`WrongMoment`], which says what can be written.
///
/// ```
/// use oar_report::moment;
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let noon: jiff::Zoned = "1970-01-02T12:00:00+00:00[UTC]".parse()?;
/// let hours = |hours: u64| UNIX_EPOCH + Duration::from_secs(hours * 3_600);
/// assert_eq!(moment::read("24h", &noon)?, hours(12));
/// assert_eq!(moment::read("1970-01-02", &noon)?, hours(24));
/// assert_eq!(moment::read("1970-01-02T08:00:00+08:00", &noon)?, hours(24));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(text: &str, now: &Zoned) -> Result<SystemTime, WrongMoment> {
    // What has an offset first: a local moment is read without looking at one.
    let moment = ago(text, now).or_else(|| text.parse::<Timestamp>().ok()).or_else(|| local(text, now.time_zone()));
    moment.map(SystemTime::from).ok_or_else(|| WrongMoment(text.to_owned()))
}

/// A span that lies behind: days and months as the calendar has them.
fn ago(text: &str, now: &Zoned) -> Option<Timestamp> {
    let span: Span = text.trim_end_matches(" ago").parse().ok().filter(|span: &Span| span.is_positive())?;
    now.checked_sub(span).ok().map(|then| then.timestamp())
}

/// A day, which means its first moment, or a time of it.
fn local(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let local: DateTime = text.parse().ok()?;
    local.to_zoned(zone.clone()).ok().map(|moment| moment.timestamp())
}

/// Now, where this machine is.
///
/// ```
/// use oar_report::{Look, moment};
///
/// let look = Look { zone: moment::now().time_zone().clone(), ..Look::plain() };
/// ```
pub fn now() -> Zoned {
    Zoned::now()
}

/// As `format` (of `strftime`) has it; empty when the moment is beyond what a calendar reaches.
pub(crate) fn written(moment: SystemTime, zone: &TimeZone, format: &str) -> String {
    let moment = Timestamp::try_from(moment).map(|moment| moment.to_zoned(zone.clone()));
    moment.map(|moment| moment.strftime(format).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> String {
        let now: Zoned = "2026-11-23T12:00:00+08:00[Asia/Shanghai]".parse().expect("a moment");
        read(text, &now).map_or_else(|error| error.to_string(), |moment| written(moment, &TimeZone::UTC, "%F %T"))
    }

    #[test]
    fn spans_days_and_moments_are_read() {
        for (text, moment) in [
            ("24h", "2026-11-22 04:00:00"),
            ("30m", "2026-11-23 03:30:00"),
            ("1h30m", "2026-11-23 02:30:00"),
            ("7d", "2026-11-16 04:00:00"),
            ("2026-11-20", "2026-11-19 16:00:00"),
            ("2026-11-20 08:30", "2026-11-20 00:30:00"),
            ("2026-11-20T08:00:00Z", "2026-11-20 08:00:00"),
            ("2026-11-20T08:00:00+08:00", "2026-11-20 00:00:00"),
            ("2026-11-20T08:00:00-05:00", "2026-11-20 13:00:00"),
            ("2026-11-20 08:00+01:00", "2026-11-20 07:00:00"),
        ] {
            assert_eq!(at(text), moment, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_told_with_what_is() {
        for text in ["", "yesterday", "24", "-1h", "2026-13-01", "2026-11-20 25:00"] {
            assert!(at(text).contains("is no moment: write how long ago (`24h`"), "{text}: {}", at(text));
        }
    }
}
