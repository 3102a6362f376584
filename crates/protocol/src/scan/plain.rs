//! Where in a string the next byte is that stands for something else.

use memchr::memchr2;

/// How many bytes stand for themselves, up to a quote, a backslash or a control character.
pub(super) fn plain_bytes(text: &[u8]) -> usize {
    const SHORT_WORDS: usize = 4;
    let (words, behind) = text.as_chunks::<8>();
    for (at, word) in words.iter().take(SHORT_WORDS).enumerate() {
        let found = special_in(u64::from_le_bytes(*word));
        if found != 0 {
            return 8 * at + found.trailing_zeros() as usize / 8;
        }
    }
    match text.get(8 * SHORT_WORDS..) {
        Some(rest) => 8 * SHORT_WORDS + plain_bytes_of_many(rest),
        None => 8 * words.len() + behind.iter().take_while(|byte| !is_special(**byte)).count(),
    }
}

/// The same for a text that is likely to be long, such as an image: by the vectors of the processor, which take a while
/// to begin with.
fn plain_bytes_of_many(text: &[u8]) -> usize {
    let end = memchr2(b'"', b'\\', text).unwrap_or(text.len());
    let plain = text.get(..end).unwrap_or(text);
    let least = plain.iter().copied().fold(u8::MAX, u8::min);
    if least < b' ' { plain.iter().take_while(|byte| !is_special(**byte)).count() } else { end }
}

pub(super) const fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// Eight bytes at once: the lowest bit that is set is the highest of the first special byte. Bits above it may be wrong,
/// since a subtraction borrows from the next byte.
const fn special_in(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xff;
    // With this bit turned over, a quote stands where a space did, just above the control characters.
    let quote_or_control = (word ^ (EACH * 2)).wrapping_sub(EACH * 0x21);
    let backslash = (word ^ (EACH * b'\\' as u64)).wrapping_sub(EACH);
    (quote_or_control | backslash) & !word & (EACH << 7)
}
