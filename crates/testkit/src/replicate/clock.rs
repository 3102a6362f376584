use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// When something came to be: its moments are counted from there in tokio's time, and told as dates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Birth {
    date: Duration,
    instant: Instant,
}

impl Birth {
    pub(super) fn now() -> Self {
        Self { date: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(), instant: Instant::now() }
    }

    pub(super) fn age(&self) -> Duration {
        self.instant.elapsed()
    }

    /// Since 1970.
    pub(super) fn date(&self) -> Duration {
        self.date
    }

    /// The date of that age, as Replicate writes it.
    pub(super) fn at(&self, age: Duration) -> Value {
        json!(rfc3339(self.date + age))
    }
}

/// `2024-10-04T18:07:35.262Z` for a time since 1970.
fn rfc3339(since_1970: Duration) -> String {
    let (days, seconds) = (since_1970.as_secs() / SECONDS_A_DAY, since_1970.as_secs() % SECONDS_A_DAY);
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since_1970.subsec_millis())
}

/// Year, month and day of a day since 1970: years that begin in March have their leap day at the end, so that each month's
/// length follows from its number (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn date_of(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (1_728_065_255, "2024-10-04T18:07:35.000Z"),
            (1_735_689_600, "2025-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), date);
        }
        assert!(rfc3339(Duration::from_millis(262)).ends_with(":00.262Z"));
    }
}
