//! What of a value may stand in a line as it is, and how the rest is written.

use std::fmt::{self, Write};

/// Whether a byte is a character that a terminal shows as it is.
const fn is_visible(byte: u8) -> bool {
    byte.wrapping_sub(b' ') < 0x7f - b' '
}

/// Whether a byte may also stand between quotes, in a text and in JSON.
pub(super) const fn is_plain(byte: u8) -> bool {
    is_visible(byte) & (byte != b'"') & (byte != b'\\')
}

/// Looks at eight bytes together, which costs as much as one or two; the last eight may overlap those before.
pub(super) fn all(text: &str, are: impl Fn(u8) -> bool) -> bool {
    let all_of = |eight: &[u8; 8]| eight.iter().fold(true, |so_far, byte| so_far & are(*byte));
    match text.as_bytes().last_chunk() {
        Some(last) => all_of(last) && text.as_bytes().as_chunks().0.iter().all(all_of),
        None => text.bytes().all(are),
    }
}

/// Takes text without quotes; what a terminal would obey is spelled out.
pub(super) struct Harmless<'a>(pub(super) &'a mut String);

impl Write for Harmless<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if all(piece, is_visible) {
            self.0.push_str(piece);
            return Ok(());
        }
        piece.chars().try_for_each(|char| match char {
            '\x07' | '\x08' | '\x0c' | '\x1b' | '\x7f' => write!(self.0, "\\x{:02x}", u32::from(char)),
            '\u{80}'..='\u{9f}' => write!(self.0, "\\u{{{:x}}}", u32::from(char)),
            char => self.0.write_char(char),
        })
    }
}

/// Takes the inside of a JSON string: RFC 8259, section 7.
pub(super) struct Escaped<'a>(pub(super) &'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if all(piece, is_plain) {
            self.0.push_str(piece);
            return Ok(());
        }
        piece.chars().try_for_each(|char| match char {
            '"' => self.0.write_str("\\\""),
            '\\' => self.0.write_str("\\\\"),
            '\x08' => self.0.write_str("\\b"),
            '\x0c' => self.0.write_str("\\f"),
            '\n' => self.0.write_str("\\n"),
            '\r' => self.0.write_str("\\r"),
            '\t' => self.0.write_str("\\t"),
            '\0'..='\x1f' => write!(self.0, "\\u{:04x}", u32::from(char)),
            char => self.0.write_char(char),
        })
    }
}
