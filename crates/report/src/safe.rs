//! Other people's text, harmless.

use std::borrow::Cow;
use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text in one line: control characters, line ends among them, are written as Rust writes them.
///
/// ```
/// use oar_report::safe;
///
/// assert_eq!(safe::line("a\nb\u{1b}[2J"), r"a\nb\u{1b}[2J");
/// ```
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, |character| is_dangerous(character) || matches!(character, '\n' | '\t'))
}

/// The lines of a text; tabs stay.
///
/// ```
/// use oar_report::safe;
///
/// let lines: Vec<_> = safe::lines("one\n\ttwo\u{7}").collect();
/// assert_eq!(lines, ["one", "\ttwo\\u{7}"]);
/// ```
pub fn lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.lines().map(|line| escape(line, is_dangerous))
}

/// The line, no wider than `width` columns of a terminal; `…` stands for what is cut off.
///
/// ```
/// use oar_report::safe;
///
/// assert_eq!(safe::fitted("gpt-4o-mini", 6), "gpt-4…");
/// assert_eq!(safe::fitted("你好世界", 6), "你好…", "each takes two columns");
/// ```
pub fn fitted(text: &str, width: usize) -> Cow<'_, str> {
    let text = line(text);
    if text.width() <= width {
        return text;
    }
    let mut room = width.saturating_sub(1);
    let mut cut: String = text.chars().take_while(|character| take(&mut room, *character)).collect();
    if width > 0 {
        cut.push('…');
    }
    Cow::Owned(cut)
}

/// The line in exactly so many columns.
///
/// ```
/// use oar_report::safe;
///
/// assert_eq!(safe::padded("gpt-4o", 8), "gpt-4o  ");
/// assert_eq!(safe::padded("gpt-4o", 5), "gpt-…");
/// ```
pub fn padded(text: &str, width: usize) -> String {
    let mut text = fitted(text, width).into_owned();
    text.extend(std::iter::repeat_n(' ', width.saturating_sub(text.width())));
    text
}

fn take(room: &mut usize, character: char) -> bool {
    let left = room.checked_sub(character.width().unwrap_or_default());
    *room = left.unwrap_or_default();
    left.is_some()
}

fn escape(text: &str, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_meant) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_meant(character) {
            // Writing into a string cannot fail.
            let _ = write!(escaped, "{}", character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// What a terminal could obey, or what would show text in another order than it has: control characters but for line ends
/// and tabs, the marks of bidirectional text (<https://www.unicode.org/reports/tr9/>), and Unicode's own line ends.
fn is_dangerous(character: char) -> bool {
    let turns =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_a_line = matches!(character, '\u{2028}' | '\u{2029}');
    turns || ends_a_line || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        for (text, safe) in [
            ("plain 你好 é", "plain 你好 é"),
            ("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}"),
            ("\u{9b}31m", r"\u{9b}31m"),
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("\u{202e}evil\u{2066}", r"\u{202e}evil\u{2066}"),
            ("\u{7f}\0", r"\u{7f}\u{0}"),
        ] {
            assert_eq!(line(text), safe);
            let kept: String = lines(text).collect();
            assert!(kept.chars().all(|character| character == '\t' || !is_dangerous(character)), "{kept:?}");
        }
    }

    #[test]
    fn a_text_is_cut_by_the_columns_that_it_takes() {
        assert_eq!(fitted("gpt-4o", 6), "gpt-4o");
        assert_eq!(fitted("gpt-4o-mini", 6), "gpt-4…");
        assert_eq!(fitted("你好世界", 6), "你好…");
        assert_eq!(fitted("你好世界", 0), "");
        assert_eq!(padded("你", 4), "你  ");
    }
}
