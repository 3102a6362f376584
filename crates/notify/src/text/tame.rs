//! Names that somebody else chose, made harmless.

/// How much of a name that somebody else chose is shown.
const NAME_CAP_CHARS: usize = 128;

/// Makes a name that somebody else chose fit for a chat: short, on one line, unable to ping or to mark up.
///
/// `@` and `<` become their full-width twins: no chat reads `＠room` or `＜at user_id="all">` as a mention, and people
/// still read what was meant.
pub(crate) fn tame(name: &str) -> String {
    tame_to(name, NAME_CAP_CHARS)
}

/// The same, with another cap.
pub(crate) fn tame_to(text: &str, cap_chars: usize) -> String {
    let mut tamed: String = text.chars().take(cap_chars).map(tame_char).collect();
    if text.chars().nth(cap_chars).is_some() {
        tamed.push('…');
    }
    tamed
}

fn tame_char(c: char) -> char {
    match c {
        '@' => '＠',
        '<' => '＜',
        // Marks that are not seen and that turn the direction of what follows.
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    }
}
