//! Lines between processes.

use std::collections::BTreeMap;
use std::fmt;

/// What one process of the comparison tells another: one line of `name=value`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pairs(BTreeMap<String, String>);

impl Pairs {
    /// With one more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.0.insert(name.to_owned(), value.to_string());
        self
    }

    /// Reads a line; words without `=` are left out.
    pub(crate) fn read(line: &str) -> Self {
        let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(line.split_whitespace().filter_map(pair).collect())
    }

    /// The value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The number of this name; not a number when there is none.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.get(name).and_then(|value| value.parse().ok()).unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_read_back() {
        let pairs = Pairs::default().with("p50", 1.5).with("addr", "127.0.0.1:1");
        assert_eq!(Pairs::read(&pairs.to_string()), pairs);
        assert_eq!((pairs.number("p50"), pairs.get("addr")), (1.5, Some("127.0.0.1:1")));
        assert!(pairs.number("p99").is_nan());
    }
}
