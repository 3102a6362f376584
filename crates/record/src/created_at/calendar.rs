//! Moments as text, in the forms that the Go version's SQLite drivers have written.

const NANOSECONDS: i128 = 1_000_000_000;
const SECONDS_OF_A_DAY: i64 = 86_400;

/// The bytes of the longest moment of the years that have four digits.
const LONGEST: usize = "2006-01-02 15:04:05.999999999+00:00".len();

/// `2006-01-02 15:04:05.999999999+00:00`: the fraction without its trailing zeros, none at all when it is zero.
///
/// Each row has one, and `format!` takes ten times as long.
pub(super) fn write(nanoseconds: i128) -> String {
    let seconds = i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).unwrap_or_default();
    let (year, month, day) = date(seconds.div_euclid(SECONDS_OF_A_DAY));
    let second = seconds.rem_euclid(SECONDS_OF_A_DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);

    let mut text = String::with_capacity(LONGEST);
    push_year(year, &mut text);
    for (separator, number) in [('-', month), ('-', day), (' ', hour), (':', minute), (':', second)] {
        text.push(separator);
        text.extend(digits::<2>(number));
    }
    push_fraction(nanoseconds.rem_euclid(NANOSECONDS), &mut text);
    text.push_str("+00:00");
    text
}

fn push_year(year: i64, text: &mut String) {
    if (0..10_000).contains(&year) {
        text.extend(digits::<4>(year));
    } else {
        text.push_str(&format!("{year:04}"));
    }
}

fn push_fraction(nanoseconds: i128, text: &mut String) {
    if nanoseconds != 0 {
        text.push('.');
        text.extend(digits::<9>(i64::try_from(nanoseconds).unwrap_or_default()));
        text.truncate(text.trim_end_matches('0').len());
    }
}

/// The last digits of a number.
fn digits<const COUNT: usize>(mut number: i64) -> [char; COUNT] {
    let mut digits = ['0'; COUNT];
    for digit in digits.iter_mut().rev() {
        *digit = u32::try_from(number % 10).ok().and_then(|value| char::from_digit(value, 10)).unwrap_or('0');
        number /= 10;
    }
    digits
}

/// Nanoseconds since 1970. Takes a space or a `T` after the date, any fraction or none, and as the offset `+08:00`,
/// `+0800`, `Z` or nothing; what follows a space after that (Go writes the zone's name there) is not looked at.
pub(super) fn read(text: &str) -> Option<i128> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let rest = rest.strip_prefix([' ', 'T'])?;
    let (clock, offset) = rest.split_at(rest.find(['+', '-', 'Z', ' ']).unwrap_or(rest.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));

    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(clock, ':')?;
    let sound = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    let seconds = days(year, month, day) * SECONDS_OF_A_DAY + hour * 3600 + minute * 60 + second;
    sound.then_some(i128::from(seconds - offset_seconds(offset.trim_start())?) * NANOSECONDS + fraction_of(fraction)?)
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next = || parts.next()?.parse::<u32>().ok().map(i64::from);
    let numbers = [next()?, next()?, next()?];
    parts.next().is_none().then_some(numbers)
}

fn fraction_of(digits: &str) -> Option<i128> {
    if digits.is_empty() {
        return Some(0);
    }
    let nine: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
    nine.parse::<u32>().ok().map(i128::from)
}

fn offset_seconds(offset: &str) -> Option<i64> {
    let offset = offset.split(' ').next().unwrap_or_default();
    if matches!(offset, "" | "Z") {
        return Some(0);
    }
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits: String = offset.get(1..)?.chars().filter(|character| *character != ':').collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March, so that the leap day is the
/// last of its year and the days before a month are `(153 × month + 2) / 5`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_BEFORE_1970
}

/// From 0000-03-01 to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 719_468;

/// The days of 400 years, after which leap days come as before.
const DAYS_OF_AN_ERA: i64 = 146_097;

/// The reverse of [`days`]: the year by an estimate that is never too low and its correction, then the month.
fn date(since_1970: i64) -> (i64, i64, i64) {
    let estimate = ((since_1970 + DAYS_BEFORE_1970) * 400).div_euclid(DAYS_OF_AN_ERA) + 1;
    let year = (0..).map(|back| estimate - back).find(|year| days(*year, 3, 1) <= since_1970).unwrap_or(estimate);
    let day_of_year = since_1970 - days(year, 3, 1);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_the_go_driver_writes_them() {
        assert_eq!(write(0), "1970-01-01 00:00:00+00:00");
        assert_eq!(write(1_136_214_245_999_999_999), "2006-01-02 15:04:05.999999999+00:00");
        assert_eq!(write(1_136_214_245_120_000_000), "2006-01-02 15:04:05.12+00:00");
        assert_eq!(write(-1), "1969-12-31 23:59:59.999999999+00:00");
        assert_eq!(write(1), "1970-01-01 00:00:00.000000001+00:00");
        assert_eq!(write(253_402_300_800_000_000_000), "10000-01-01 00:00:00+00:00");
        assert_eq!(write(-62_198_755_200_000_000_000), "-001-01-01 00:00:00+00:00");
    }

    #[test]
    fn every_form_that_go_has_written_is_read() {
        let expected = Some(1_136_214_245_500_000_000);
        for text in [
            "2006-01-02 15:04:05.5+00:00",
            "2006-01-02T15:04:05.500Z",
            "2006-01-02 23:04:05.5+08:00",
            "2006-01-02 07:34:05.5-07:30",
            "2006-01-02 23:04:05.5 +0800 CST m=+0.1",
            "2006-01-02 15:04:05.5",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in ["", "yesterday", "2006-01-02", "2006-13-02 15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05+x"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_nine_centuries_is_read_as_it_is_written() {
        for day in -150_000_i64..180_000 {
            let moment = i128::from(day * SECONDS_OF_A_DAY) * NANOSECONDS;
            assert_eq!(read(&write(moment)), Some(moment), "{day}");
        }
    }

    #[test]
    fn days_of_years_without_number_have_dates_too() {
        for day in (-2_000_000_i64..-1_990_000).chain(100_000_000..100_010_000) {
            let (year, month, of_month) = date(day);
            assert_eq!((days(year, month, of_month), (1..=12).contains(&month)), (day, true), "{day}");
        }
    }
}
