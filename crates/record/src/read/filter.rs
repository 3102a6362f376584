//! Which rows are meant. Turned into conditions elsewhere, for each database in its own way.

use super::words::{OutcomeFilter, StatusFilter};
use std::time::SystemTime;

/// Which rows are meant: those that fit all of what is set. The default means every row.
///
/// It has no `Debug`: with `secrets: plain` the token is one, and the text may be of somebody's prompt.
///
/// ```
/// use oar_record::Filter;
/// use std::time::{Duration, SystemTime};
///
/// let errors_of_today = Filter {
///     since: Some(SystemTime::now() - Duration::from_secs(86_400)),
///     outcomes: vec!["errors".parse()?],
///     statuses: vec!["5xx".parse()?, "429".parse()?],
///     ..Filter::default()
/// };
/// # Ok::<(), oar_record::WrongWord>(())
/// ```
#[derive(Clone, Default)]
pub struct Filter {
    /// Requests that arrived at this moment or later.
    pub since: Option<SystemTime>,
    /// Requests that arrived before this moment.
    pub until: Option<SystemTime>,
    /// The column `model`, as it is.
    pub model: Option<String>,
    /// The column `upstream`, as it is.
    pub upstream: Option<String>,
    /// The beginning of the column `authorization`, or of what follows the `…` in it.
    pub token: Option<String>,
    /// How the request ended; any way when empty.
    pub outcomes: Vec<OutcomeFilter>,
    /// The status that the client got; any when empty.
    pub statuses: Vec<StatusFilter>,
    /// Stands somewhere in `body`, `response` or `error`, whatever the case of ASCII letters.
    pub text: Option<String>,
}

/// The token of a filter, as far as an index can find it.
pub(super) enum TokenSearch {
    /// The whole column.
    Whole(String),
    /// Patterns of `LIKE` with `\` as the escape.
    Patterns([String; 2]),
}

/// What a fingerprint ends in: a `…` and this many hexadecimal digits.
const FINGERPRINT_DIGITS: usize = 8;

impl Filter {
    pub(super) fn token_search(&self) -> Option<TokenSearch> {
        let token = self.token.as_deref()?;
        if is_whole_fingerprint(token) {
            return Some(TokenSearch::Whole(token.to_owned()));
        }
        let token = escaped(token);
        Some(TokenSearch::Patterns([format!("{token}%"), format!("%…{token}%")]))
    }

    /// The pattern of `LIKE`, with `\` as the escape, that the text stands for.
    pub(super) fn text_pattern(&self) -> Option<String> {
        self.text.as_deref().map(|text| format!("%{}%", escaped(text)))
    }
}

fn is_whole_fingerprint(token: &str) -> bool {
    let digits = token.split_once('…').map(|(_, digits)| digits);
    digits.is_some_and(|digits| {
        digits.len() == FINGERPRINT_DIGITS && digits.chars().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// A text in which no character has a meaning of its own to `LIKE`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '%' | '_') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_fingerprint_is_looked_up_and_a_piece_of_one_is_searched_for() {
        let search = |token: &str| Filter { token: Some(token.to_owned()), ..Filter::default() }.token_search();
        for whole in ["…0123abcd", "sk-a…0123abcd"] {
            assert!(matches!(search(whole), Some(TokenSearch::Whole(token)) if token == whole), "{whole}");
        }
        for piece in ["…0123", "sk-a…", "0123abcd", "sha256:one"] {
            assert!(matches!(search(piece), Some(TokenSearch::Patterns(_))), "{piece}");
        }
    }

    #[test]
    fn what_means_something_to_like_is_taken_as_it_is() {
        assert_eq!(escaped(r"50%_of\it"), r"50\%\_of\\it");
    }
}
