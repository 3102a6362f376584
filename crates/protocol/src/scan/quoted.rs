//! A string, and what it says.

use super::Malformed;
use std::borrow::Cow;

/// A string, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quoted<'a> {
    /// With its quotes.
    json: &'a [u8],
    spelling: Spelling,
}

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Each byte stands for itself.
    Plain,
    Escaped,
}

impl<'a> Quoted<'a> {
    pub(super) const fn new(json: &'a [u8], spelling: Spelling) -> Self {
        Self { json, spelling }
    }

    /// Whether the string says this.
    pub(crate) fn is(self, text: &str) -> bool {
        self.bytes().is_ok_and(|bytes| *bytes == *text.as_bytes())
    }

    /// What the string says, byte by byte.
    ///
    /// # Errors
    ///
    /// When it has half a surrogate pair, or is not UTF-8 and has escapes.
    pub(crate) fn bytes(self) -> Result<Cow<'a, [u8]>, Malformed> {
        match (self.spelling, self.json) {
            (Spelling::Plain, [_, plain @ .., _]) => Ok(Cow::Borrowed(plain)),
            (Spelling::Plain | Spelling::Escaped, json) => {
                let text = serde_json::from_slice::<String>(json).map_err(|_| Malformed)?;
                Ok(Cow::Owned(text.into_bytes()))
            }
        }
    }

    /// What the string says.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8, or has half a surrogate pair.
    pub(crate) fn text(self) -> Result<Cow<'a, str>, Malformed> {
        match self.bytes()? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Malformed),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Malformed),
        }
    }
}
