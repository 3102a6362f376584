//! Why a backend's struct could not be decoded.

use crate::node::Node;
use crate::problem::{Place, printable};
use serde::de::{Error, Expected, Unexpected};
use std::fmt;

/// A problem on its way up: it learns its place from the innermost value that it passes.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) place: Option<Place>,
    /// The key of the outermost section in whose value this happened.
    pub(crate) key: Option<String>,
    pub(crate) message: String,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    /// Our own words, which hold no value.
    Ours,
    /// The words of a struct's own `Deserialize`, which may quote what it refuses.
    Theirs,
    /// This field is missing.
    Missing(&'static str),
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { place: None, key: None, message: message.into(), origin: Origin::Ours }
    }

    /// This happened while `node` at `place` was decoded.
    pub(crate) fn at(self, place: &Place, node: &Node) -> Self {
        if self.place.is_some() {
            return self;
        }
        match self.origin {
            Origin::Ours => Self { place: Some(place.clone()), ..self },
            Origin::Theirs => Self { place: Some(place.clone()), message: without_values(self.message, node), ..self },
            Origin::Missing(field) => Self { place: Some(place.key(field, None)), ..self },
        }
    }

    /// This happened in the value of `key`.
    pub(crate) fn inside(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// Whether it only says that a key is missing which was left out because of an earlier problem.
    pub(crate) fn follows_from(&self, skipped: &[String]) -> bool {
        match self.origin {
            Origin::Ours | Origin::Theirs => false,
            Origin::Missing(field) => self.key.is_none() && skipped.iter().any(|key| key == field),
        }
    }
}

/// Shorter values occur in words, and cutting them out would leave a riddle that gives them away.
const CUTTABLE_BYTES: usize = 4;

fn without_values(message: String, node: &Node) -> String {
    let written = node.texts().into_iter().filter(|text| !text.is_empty());
    let mut quoted: Vec<String> = written.flat_map(|text| [text.to_owned(), escaped(text)]).collect();
    quoted.retain(|text| message.contains(text.as_str()));
    if quoted.iter().any(|text| text.len() < CUTTABLE_BYTES) {
        return "has a value that its backend does not accept".to_owned();
    }
    quoted.sort_by_key(|text| std::cmp::Reverse(text.len()));
    quoted.into_iter().fold(message, |message, text| message.replace(&text, "…"))
}

/// As `{:?}` quotes it, without the quotation marks.
fn escaped(text: &str) -> String {
    let quoted = format!("{text:?}");
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map_or_else(String::new, str::to_owned)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// The provided constructors would quote values; these do not.
impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { origin: Origin::Theirs, ..Self::new(message.to_string()) }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("is {} where {expected} is expected", noun(&found)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("is not {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("is none of: {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("has the unknown key `{}` (known: {})", printable(field), expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { origin: Origin::Missing(field), ..Self::new("is missing") }
    }
}

fn noun(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a truth value",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a text",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a section",
        Unexpected::NewtypeStruct
        | Unexpected::Enum
        | Unexpected::UnitVariant
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant
        | Unexpected::Other(_) => "something else",
    }
}
