//! What a person writes to say which rows are meant.

use oar_exchange::Outcome;
use std::str::FromStr;

/// A way for a request to end.
///
/// ```
/// use oar_exchange::Outcome;
/// use oar_record::OutcomeFilter;
///
/// assert_eq!("errors".parse(), Ok(OutcomeFilter::Errors));
/// assert_eq!("shed".parse(), Ok(OutcomeFilter::Is(Outcome::Shed)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeFilter {
    /// This one.
    Is(Outcome),
    /// Any but [`Outcome::Ok`]. Rows of the Go version say nothing about it, and are never meant.
    Errors,
}

/// The statuses from one to another, both included.
///
/// ```
/// use oar_record::StatusFilter;
///
/// assert_eq!("5xx".parse(), Ok(StatusFilter { from: 500, to: 599 }));
/// assert_eq!("500-504".parse(), Ok(StatusFilter { from: 500, to: 504 }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusFilter {
    /// The first.
    pub from: u16,
    /// The last.
    pub to: u16,
}

/// A word that means nothing here, and what would.
///
/// ```
/// let error = "teapot".parse::<oar_record::StatusFilter>().unwrap_err();
/// let told = "`teapot` is none of: a status such as 429, a class such as 5xx, a range such as 500-504";
/// assert_eq!(error.to_string(), told);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is none of: {allowed}")]
pub struct WrongWord {
    word: String,
    allowed: String,
}

impl WrongWord {
    fn new(word: &str, allowed: String) -> Self {
        Self { word: word.to_owned(), allowed }
    }
}

/// A word of [`Outcome`], or `errors`.
impl FromStr for OutcomeFilter {
    type Err = WrongWord;

    fn from_str(word: &str) -> Result<Self, WrongWord> {
        if word == "errors" {
            return Ok(Self::Errors);
        }
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == word);
        let allowed = || format!("errors, {}", Outcome::ALL.map(Outcome::as_str).join(", "));
        outcome.map(Self::Is).ok_or_else(|| WrongWord::new(word, allowed()))
    }
}

/// `429`, `5xx`, or `500-504`.
impl FromStr for StatusFilter {
    type Err = WrongWord;

    fn from_str(word: &str) -> Result<Self, WrongWord> {
        let allowed = || "a status such as 429, a class such as 5xx, a range such as 500-504".to_owned();
        class(word).or_else(|| range(word)).ok_or_else(|| WrongWord::new(word, allowed()))
    }
}

fn class(word: &str) -> Option<StatusFilter> {
    let digit: u16 = word.strip_suffix("xx")?.parse().ok().filter(|digit| (1..=9).contains(digit))?;
    Some(StatusFilter { from: digit * 100, to: digit * 100 + 99 })
}

fn range(word: &str) -> Option<StatusFilter> {
    let (from, to) = word.split_once('-').unwrap_or((word, word));
    let status = |text: &str| text.parse().ok().filter(|status| (100..=999).contains(status));
    let (from, to) = (status(from)?, status(to)?);
    (from <= to).then_some(StatusFilter { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_told_by_their_words() {
        assert_eq!("errors".parse(), Ok(OutcomeFilter::Errors));
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(OutcomeFilter::Is(outcome)));
        }
        let error = "broken".parse::<OutcomeFilter>().unwrap_err().to_string();
        assert!(error.starts_with("`broken` is none of: errors, ok, upstream_error, "), "{error}");
    }

    #[test]
    fn statuses_are_told_by_number_class_or_range() {
        for (word, from, to) in [("429", 429, 429), ("5xx", 500, 599), ("500-504", 500, 504)] {
            assert_eq!(word.parse(), Ok(StatusFilter { from, to }), "{word}");
        }
        for word in ["", "x", "0xx", "10xx", "42", "5x", "504-500", "-1", "200-", "1000"] {
            assert!(word.parse::<StatusFilter>().is_err(), "{word}");
        }
    }
}
