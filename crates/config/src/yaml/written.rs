//! What was written, and where.

use super::shape::Shape;
use crate::node::{Entry, Kind, Node, Scalar};
use secrecy::SecretString;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Reads what was written where the shape is known.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) shape: &'a Shape,
    pub(super) lines: &'a Lines<'a>,
}

impl<'a> Written<'a> {
    fn at(self, shape: &'a Shape) -> Self {
        Self { shape, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Written<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match self.shape {
            Shape::Null => deserializer.deserialize_ignored_any(self),
            Shape::Text | Shape::Bare => deserializer.deserialize_str(self),
            Shape::List(_) => deserializer.deserialize_seq(self),
            Shape::Map(_) => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Written<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the first pass saw")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::null(None))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Node, E> {
        let node = self.visit_str(text)?;
        Ok(Node { line: self.lines.line_of(text), ..node })
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        let bare = matches!(self.shape, Shape::Bare);
        Ok(Node { line: None, kind: Kind::Scalar(Scalar { text: SecretString::from(text), bare }) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let Shape::List(shapes) = self.shape else { return Err(Error::custom("changed")) };
        let mut items = Vec::with_capacity(shapes.len());
        for shape in shapes {
            items.extend(seq.next_element_seed(self.at(shape))?);
        }
        Ok(Node { line: items.first().and_then(|item| item.line), kind: Kind::List(items) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let Shape::Map(shapes) = self.shape else { return Err(Error::custom("changed")) };
        let mut entries = Vec::with_capacity(shapes.len());
        for (key, value) in shapes {
            let Some(Key { text, line }) = map.next_key_seed(KeySeed(self.at(key)))? else { break };
            let value = map.next_value_seed(self.at(value))?;
            entries.push(Entry { key: text, line: line.or(value.line), value });
        }
        Ok(Node { line: entries.first().and_then(|entry| entry.line), kind: Kind::Map(entries) })
    }
}

/// The text of a key and its line.
struct Key {
    text: String,
    line: Option<usize>,
}

/// Reads a key. One that is itself a list or a section, as in an unrendered `{{ template }}`, has no text and becomes
/// `{…}`, a key that nobody knows.
struct KeySeed<'a>(Written<'a>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        match self.0.shape {
            Shape::Null | Shape::Text | Shape::Bare => deserializer.deserialize_str(self),
            Shape::List(_) | Shape::Map(_) => {
                IgnoredAny::deserialize(deserializer)?;
                Ok(Key { text: "{…}".to_owned(), line: None })
            }
        }
    }
}

impl<'de> Visitor<'de> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key, E> {
        Ok(Key { text: text.to_owned(), line: self.0.lines.line_of(text) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Key, E> {
        Ok(Key { text: text.to_owned(), line: None })
    }
}

/// Where the lines of a text end.
pub(super) struct Lines<'a> {
    text: &'a str,
    ends: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, ends: text.match_indices('\n').map(|(offset, _)| offset).collect() }
    }

    /// The line, from 1, on which a part of the text begins. `None` for a string that lies elsewhere in memory.
    fn line_of(&self, part: &str) -> Option<usize> {
        let offset = part.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        (offset <= self.text.len()).then(|| self.ends.partition_point(|end| *end < offset) + 1)
    }
}
