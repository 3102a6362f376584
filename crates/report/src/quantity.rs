//! Numbers in few characters.

/// Nanoseconds as a person would say it: `3 ms`, `1.50 s`, `2 m 5 s`, `3 h 7 m`.
pub(crate) fn span(nanoseconds: i64) -> String {
    let milliseconds = nanoseconds.max(0) / 1_000_000;
    let seconds = milliseconds / 1000;
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..10_000 => format!("{seconds}.{:02} s", milliseconds % 1000 / 10),
        10_000..100_000 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        100_000..3_600_000 => format!("{} m {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} m", seconds / 3600, seconds / 60 % 60),
    }
}

/// As [`span`], and `-` for what is not known.
pub(crate) fn span_or_dash(nanoseconds: Option<i64>) -> String {
    nanoseconds.map_or_else(|| "-".to_owned(), span)
}

/// A count with a space between thousands: `1 234 567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A share of a whole: `0 %`, `0.12 %`, `7.5 %`, `100 %`. What is there is never told as nothing.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    let hundredths = (u128::from(part) * 10_000).div_ceil(u128::from(whole));
    match hundredths {
        0..100 => format!("0.{hundredths:02} %"),
        100..1_000 => format!("{}.{} %", hundredths / 100, hundredths % 100 / 10),
        _ => format!("{} %", hundredths / 100),
    }
}

/// Bytes: `512 bytes`, `1.5 KiB`, `200.0 KiB`, `3.2 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut tenths = u128::from(number) * 10;
    let mut unit = "bytes";
    for larger in units {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    if unit == "bytes" { format!("{number} bytes") } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_three_digits_or_so() {
        let told = [3_999_999, 999_000_000, 1_500_000_000, 61_240_000_000, 125_000_000_000, 11_220_000_000_000];
        assert_eq!(told.map(span), ["3 ms", "999 ms", "1.50 s", "61.2 s", "2 m 5 s", "3 h 7 m"]);
        assert_eq!((span(-1), span_or_dash(None)), ("0 ms".to_owned(), "-".to_owned()));
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1 000", "1 234 567"]);
        assert_eq!([512, 1_536, 200 * 1024, 3_400_000].map(bytes), ["512 bytes", "1.5 KiB", "200.0 KiB", "3.2 MiB"]);
    }

    #[test]
    fn a_share_that_is_there_is_seen() {
        let told = [(0, 0), (0, 5), (1, 1_000_000), (75, 1_000), (1, 3), (5, 5)];
        assert_eq!(told.map(|(part, whole)| share(part, whole)), ["0 %", "0 %", "0.01 %", "7.5 %", "33 %", "100 %"]);
    }
}
