//! Spans of time as people write them.

use crate::problem::{Complaint, printable};
use crate::word::decimal;
use std::time::Duration;

/// No limit of a request is longer; a larger number is a slip, such as milliseconds for seconds.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Seconds (`30`, `1.5`), or numbers with units (`500ms`, `30s`, `1m`, `2h`, `1m30s`). Longer than nothing, at most a day.
pub(crate) fn duration(text: &str) -> Result<Duration, Complaint> {
    let text = text.trim();
    let seconds = seconds(text).ok_or_else(|| {
        Complaint::new(format!("`{}` is not a span of time", printable(text)))
            .hint("write seconds (`30`), or a number with a unit (`500ms`, `30s`, `1m`, `2h`)")
    })?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(span) if span > LONGEST => Err(too_long(text)),
        Ok(span) if span >= Duration::from_millis(1) => Ok(span),
        Err(_) if seconds > 0.0 => Err(too_long(text)),
        Ok(_) | Err(_) => Err(too_short(text)),
    }
}

fn too_long(text: &str) -> Complaint {
    Complaint::new(format!("`{}` is longer than a day", printable(text))).hint("a number without a unit means seconds")
}

fn too_short(text: &str) -> Complaint {
    Complaint::new(format!("`{}` is no time at all", printable(text))).hint("leave the key out for the default")
}

fn seconds(text: &str) -> Option<f64> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    if let Some(bare) = decimal(unsigned) {
        return Some(sign * bare);
    }
    let mut rest = unsigned;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let (digits, after) = split_before(rest, |letter| letter.is_ascii_alphabetic());
        let (unit, behind) = split_before(after, |letter| !letter.is_ascii_alphabetic());
        sum += decimal(digits)? * seconds_per(unit)?;
        rest = behind;
    }
    (!unsigned.is_empty()).then_some(sign * sum)
}

fn split_before(text: &str, end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(end).unwrap_or(text.len()))
}

fn seconds_per(unit: &str) -> Option<f64> {
    match unit {
        "ms" => Some(0.001),
        "s" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn seconds_and_units_are_understood() {
        for (text, millis) in [
            ("30", 30_000),
            ("1.5", 1_500),
            ("500ms", 500),
            ("30s", 30_000),
            ("1m", 60_000),
            ("2h", 7_200_000),
            ("1m30s", 90_000),
            ("0.5h", 1_800_000),
            ("24h", 86_400_000),
            (" 7 ", 7_000),
        ] {
            assert_eq!(duration(text).map(|span| span.as_millis()), Ok(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_sensible_time_is_refused() {
        for (text, message) in [
            ("0", "`0` is no time at all"),
            ("0s", "`0s` is no time at all"),
            ("0.0001", "`0.0001` is no time at all"),
            ("-5", "`-5` is no time at all"),
            ("-5s", "`-5s` is no time at all"),
            ("86401", "`86401` is longer than a day"),
            ("999999999999999999999999", "`999999999999999999999999` is longer than a day"),
            ("soon", "`soon` is not a span of time"),
            ("30 s", "`30 s` is not a span of time"),
            ("30sec", "`30sec` is not a span of time"),
            ("1e5", "`1e5` is not a span of time"),
            ("inf", "`inf` is not a span of time"),
            ("1.2.3", "`1.2.3` is not a span of time"),
            ("-", "`-` is not a span of time"),
            ("1m30", "`1m30` is not a span of time"),
            ("1d", "`1d` is not a span of time"),
        ] {
            assert_eq!(duration(text).expect_err(text).message, message);
        }
    }
}
