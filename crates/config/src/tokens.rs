//! Lists of tokens.

use crate::problem::Complaint;
use crate::section::Field;
use crate::word::is_visible;
use secrecy::{ExposeSecret, SecretString};

/// The tokens of an `authorization` key: `a,b`, or a YAML list. `None` when the key is absent or has nothing behind it.
///
/// Tokens are trimmed, empty ones dropped, doubles kept once.
pub(crate) fn tokens(field: Field<'_>) -> Option<Vec<SecretString>> {
    if field.is_null() {
        return None;
    }
    let lists: Vec<Option<Vec<SecretString>>> = if field.is_list() {
        field.items().into_iter().map(|item| item.read(listed)).collect()
    } else {
        vec![field.read(separated)]
    };
    let mut kept: Vec<SecretString> = Vec::new();
    for token in lists.into_iter().flatten().flatten() {
        if !kept.iter().any(|earlier| earlier.expose_secret() == token.expose_secret()) {
            kept.push(token);
        }
    }
    Some(kept)
}

fn separated(text: &str) -> Result<Vec<SecretString>, Complaint> {
    text.split(',').map(str::trim).filter(|token| !token.is_empty()).map(token).collect()
}

/// An item with a comma could mean one token or two, and the wrong guess would let strangers in.
fn listed(text: &str) -> Result<Vec<SecretString>, Complaint> {
    if text.contains(',') {
        return Err(Complaint::new("a token of a list cannot hold a comma").hint("give each token an item of its own"));
    }
    separated(text)
}

fn token(text: &str) -> Result<SecretString, Complaint> {
    if is_visible(text) {
        return Ok(SecretString::from(text));
    }
    let complaint = Complaint::new(if text.contains(' ') {
        "holds a token with a space, which is not supported"
    } else {
        "holds a token with characters other than visible ASCII, which is not supported"
    });
    Err(complaint.hint(match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer ") => "leave out the word `Bearer`",
        Some(_) | None => "give the clients a token of visible ASCII characters, without spaces",
    }))
}
