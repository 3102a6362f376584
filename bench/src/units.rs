//! Times as people write and read them.

use std::time::Duration;

/// Reads `90s`, `30m`, `2h` or `500ms`.
///
/// # Errors
///
/// Says what was expected when `text` is something else.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let total = number.parse().ok().and_then(|number: u64| number.checked_mul(milliseconds));
    match total {
        Some(total @ 1..) => Ok(Duration::from_millis(total)),
        Some(0) | None => Err(format!("`{text}` is no time such as 30m, 90s or 500ms")),
    }
}

/// Minutes and seconds: `12:05`.
pub fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        for (text, seconds) in [("30m", 1800.0), ("90s", 90.0), ("2h", 7200.0), ("500ms", 0.5)] {
            assert_eq!(duration(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "30", "m", "0s", "-1s", "1.5m", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(clock(Duration::from_secs(725)), "12:05");
    }
}
