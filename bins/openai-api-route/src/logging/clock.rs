//! The time at the start of a line.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Now, as in `2026-01-02T03:04:05.000006Z`: RFC 3339, in UTC, with microseconds.
#[derive(Clone, Copy)]
pub(super) struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write(writer, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

thread_local! {
    /// The last second that this thread has written, and how: thousands of lines share it.
    static LAST: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

fn write(writer: &mut impl Write, since_1970: Duration) -> fmt::Result {
    LAST.with_borrow_mut(|(second, text)| {
        if *second != since_1970.as_secs() {
            *second = since_1970.as_secs();
            *text = up_to_the_second(*second);
        }
        writer.write_str(text)
    })?;
    let mut text = *b".000000Z";
    let mut rest = since_1970.subsec_micros();
    for digit in text.iter_mut().skip(1).take(6).rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    writer.write_str(str::from_utf8(&text).unwrap_or_default())
}

fn up_to_the_second(second: u64) -> String {
    let (year, month, day) = date(second / 86_400);
    let (hour, minute, second) = (second / 3_600 % 24, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// Year, month and day, so many days after 1970-01-01.
///
/// Years begin in March here, so that the day that not every year has is the last of its year:
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(since_1970: Duration) -> String {
        let mut text = String::new();
        write(&mut text, since_1970).expect("a String takes everything");
        text
    }

    #[test]
    fn a_time_is_written_to_the_microsecond() {
        for (second, nanos, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, 999_999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400, 999, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199, 1_000, "2024-02-29T23:59:59.000001Z"),
            (1_709_251_200, 0, "2024-03-01T00:00:00.000000Z"),
            (1_735_689_599, 123_456_789, "2024-12-31T23:59:59.123456Z"),
            (1_735_689_600, 0, "2025-01-01T00:00:00.000000Z"),
            (4_107_542_399, 0, "2100-02-28T23:59:59.000000Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799, 0, "9999-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(written(Duration::new(second, nanos)), expected);
        }
    }

    #[test]
    fn a_second_that_is_remembered_is_not_taken_for_another() {
        assert_eq!(written(Duration::from_millis(1_500)), "1970-01-01T00:00:01.500000Z");
        assert_eq!(written(Duration::from_millis(1_750)), "1970-01-01T00:00:01.750000Z");
        assert_eq!(written(Duration::from_millis(2_000)), "1970-01-01T00:00:02.000000Z");
        assert_eq!(written(Duration::from_millis(1_999)), "1970-01-01T00:00:01.999000Z");
    }
}
