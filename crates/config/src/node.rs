//! The tree of a YAML text: what was written, and on which line.

use secrecy::{ExposeSecret, SecretString};

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it begins, counted from 1, if it is known.
    pub(crate) line: Option<usize>,
    pub(crate) kind: Kind,
}

/// What a value is. Any text may be a secret, so it has a type that cannot be printed.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Nothing, `~` or `null`; and an empty text, which the Go version could not tell from these.
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One value without parts, as it was written: `0123` stays `0123`, and `1e5` stays `1e5`.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: SecretString,
    /// Whether YAML reads it as a number or a truth value.
    pub(crate) bare: bool,
}

/// One key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// The line of the key, counted from 1, if it is known.
    pub(crate) line: Option<usize>,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn null(line: Option<usize>) -> Self {
        Self { line, kind: Kind::Null }
    }

    /// The kind in words, without the value.
    pub(crate) fn noun(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a section",
        }
    }

    /// The text of each value in this tree.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Null => Vec::new(),
            Kind::Scalar(scalar) => vec![scalar.text.expose_secret()],
            Kind::List(items) => items.iter().flat_map(Self::texts).collect(),
            Kind::Map(entries) => entries.iter().flat_map(|entry| entry.value.texts()).collect(),
        }
    }
}
