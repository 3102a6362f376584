//! Sizes as people write them.

use crate::problem::{Complaint, printable};

/// No body is larger; a larger number is a slip.
const LARGEST: u64 = 1 << 30;

const UNITS: &[(&str, u64)] =
    &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];

/// Bytes (`1048576`), or a whole number with a unit (`64MiB`, `25MB`). At least one byte, at most 1 GiB.
pub(crate) fn size(text: &str) -> Result<usize, Complaint> {
    let text = text.trim();
    let (number, unit) = UNITS
        .iter()
        .find_map(|(name, bytes)| Some((text.strip_suffix(name)?.trim_end(), *bytes)))
        .unwrap_or((text.strip_suffix('B').unwrap_or(text).trim_end(), 1));
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    match bytes {
        Some(bytes @ 1..=LARGEST) => usize::try_from(bytes).map_err(|_| out_of_range(text)),
        Some(_) => Err(out_of_range(text)),
        None => Err(Complaint::new(format!("`{}` is not a size", printable(text)))
            .hint("write bytes (`1048576`), or a whole number with a unit (`64MiB`, `25MB`)")),
    }
}

fn out_of_range(text: &str) -> Complaint {
    Complaint::new(format!("`{}` is not between 1 byte and 1 GiB", printable(text)))
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
}
