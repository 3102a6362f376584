//! Sizes as people write them.

use crate::problem::{Complaint, printable};
use std::ops::RangeInclusive;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

const UNITS: &[(&str, u64)] = &[
    ("KiB", KIB),
    ("MiB", MIB),
    ("GiB", GIB),
    ("TiB", TIB),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// The size of a body. At least one byte, at most 1 GiB: a larger number is a slip.
pub(crate) fn size(text: &str) -> Result<usize, Complaint> {
    in_memory(text, 1..=GIB, "1 byte and 1 GiB")
}

/// The size of a text in a record. At least one byte, at most 64 MiB: no more waits for the database in all.
pub(crate) fn text_size(text: &str) -> Result<usize, Complaint> {
    in_memory(text, 1..=64 * MIB, "1 byte and 64 MiB")
}

/// The size of a database. At least 1 MiB, which is less than an empty one may need; at most 1,024 TiB.
pub(crate) fn database_size(text: &str) -> Result<u64, Complaint> {
    within(text, MIB..=1024 * TIB, "1 MiB and 1024 TiB")
}

fn in_memory(text: &str, range: RangeInclusive<u64>, told: &str) -> Result<usize, Complaint> {
    usize::try_from(within(text, range, told)?).map_err(|_| out_of_range(text, told))
}

fn within(text: &str, range: RangeInclusive<u64>, told: &str) -> Result<u64, Complaint> {
    let bytes = bytes(text)?;
    if range.contains(&bytes) { Ok(bytes) } else { Err(out_of_range(text, told)) }
}

/// Bytes (`1048576`), or a whole number with a unit (`64MiB`, `25MB`).
fn bytes(text: &str) -> Result<u64, Complaint> {
    let text = text.trim();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, bytes)| Some((text.strip_suffix(name)?.trim_end(), *bytes)))
        .unwrap_or((text.strip_suffix('B').unwrap_or(text).trim_end(), 1));
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(|| {
        Complaint::new(format!("`{}` is not a size", printable(text)))
            .hint("write bytes (`1048576`), or a whole number with a unit (`64MiB`, `25MB`)")
    })
}

fn out_of_range(text: &str, told: &str) -> Complaint {
    Complaint::new(format!("`{}` is not between {told}", printable(text.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_or_are_bytes() {
        for (text, bytes) in
            [("1048576", 1 << 20), ("64MiB", 64 << 20), ("25 MB", 25_000_000), ("10B", 10), ("1GiB", 1 << 30)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["0", "2GiB", "-1", "1.5MiB", "64M", "lots", "", "99999999999999999999GB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_sensible_depends_on_what_it_is_the_size_of() {
        assert_eq!((text_size("64MiB"), database_size("5GB")), (Ok(64 << 20), Ok(5_000_000_000)));
        assert_eq!(database_size("2TiB"), Ok(2 << 40));
        for (text, told) in [("65MiB", text_size("65MiB").err()), ("1KiB", database_size("1KiB").err())] {
            let message = told.map(|complaint| complaint.message).unwrap_or_default();
            assert!(message.starts_with(&format!("`{text}` is not between 1 ")), "{message}");
        }
    }
}
