//! What secrets and prompts look like in tests, and who watches that they stay where they belong.
//!
//! Every token, key, password, webhook URL and prompt of a test has one word in it, [`WORD`], and nothing else has. So
//! one look at a text tells whether a secret got into it, and whoever writes a test need not think of looking: the
//! harness of a suite keeps a [`Watch`], which looks at every log line at level `TRACE`, whoever writes it, and at every
//! message of a panic; a [`RawClient`](crate::RawClient) looks at every answer that is not an upstream's. What they see
//! is remembered, and fails the test that it was seen in.
//!
//! What the watch cannot see, other processes and files and `Debug`, is looked at by [`assert_none`].

mod sightings;
mod watch;

use memchr::memmem;

pub use sightings::{look, sightings};
pub use watch::Watch;

/// What all secrets and prompts of all tests have in common, and names, models, paths and answers have not.
pub const WORD: &str = "canary";

/// The word as `Debug` prints it where a text is kept as bytes.
const WORD_AS_BYTES: &str = "99, 97, 110, 97, 114, 121";

/// The most of a line that is shown, in bytes: a line may have a whole body in it.
const SHOWN_BYTES: usize = 400;

/// The first line of `text` with the [`WORD`] in it, in letters or as the numbers of its bytes, cut to what can be read.
///
/// ```
/// use oar_testkit::canary::line_with_one;
///
/// assert_eq!(line_with_one("GET / HTTP/1.1\r\nx-key: canary-1").as_deref(), Some("x-key: canary-1"));
/// assert_eq!(line_with_one("nothing"), None);
/// ```
pub fn line_with_one(text: impl AsRef<[u8]>) -> Option<String> {
    let text = text.as_ref();
    let found = [WORD, WORD_AS_BYTES].into_iter().filter_map(|form| memmem::find(text, form.as_bytes())).min()?;
    let (before, after) = text.split_at(found);
    let from = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1).max(found.saturating_sub(SHOWN_BYTES / 2));
    let to = memchr::memchr(b'\n', after).map_or(text.len(), |end| found + end).min(found + SHOWN_BYTES / 2);
    // A database's page has bytes in it that no terminal should see.
    text.get(from..to).map(|line| String::from_utf8_lossy(line).replace(char::is_control, " "))
}

/// Fails the test when `text` has the [`WORD`] in it; `place` is what the text is.
///
/// # Panics
///
/// If it has.
///
/// ```
/// oar_testkit::canary::assert_none("the log", "listening address=127.0.0.1:4711");
/// ```
#[track_caller]
pub fn assert_none(place: &str, text: impl AsRef<[u8]>) {
    let line = line_with_one(text);
    assert!(line.is_none(), "a secret got out, in {place}: {}", line.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_around_the_word_is_told() {
        assert_eq!(line_with_one("one\ntwo canary-key\nthree").as_deref(), Some("two canary-key"));
        assert_eq!(line_with_one("canary\nnext").as_deref(), Some("canary"));
        assert_eq!(line_with_one("nothing\nof the kind"), None);
    }

    #[test]
    fn bytes_that_were_printed_as_numbers_are_seen() {
        let shown = format!("parameters: {:?}", b"a canary".to_vec());
        assert_eq!(line_with_one(&shown), Some(shown));
    }

    #[test]
    fn a_long_line_is_cut_around_the_word() {
        let long = format!("{}canary{}", "x".repeat(10_000), "é".repeat(10_000));
        let line = line_with_one(long).expect("it is there");
        assert!(line.contains(WORD) && line.len() < 2 * SHOWN_BYTES, "{}", line.len());
    }
}
