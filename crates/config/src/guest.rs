//! A [`Deserializer`] over a [`Node`], for the structs of backends.
//!
//! It differs from the YAML library's own in what the house promises: texts hold what was written, every unknown key is
//! found, and no message holds a value.

mod parts;

use crate::fault::Fault;
use crate::node::{Entry, Kind, Node, Scalar};
use crate::problem::{Place, Problem};
use crate::section::unknown_key;
use crate::word::truth;
use parts::{Entries, Items, Variant};
use secrecy::ExposeSecret;
use serde::de::Visitor;
use serde::{Deserializer, forward_to_deserialize_any};
use std::cell::RefCell;
use std::str::FromStr;

/// What one round of decoding knows and finds.
pub(crate) struct Findings<'a> {
    file: &'a str,
    host: &'a [&'static str],
    skipped: &'a [String],
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Findings<'a> {
    /// Keys of the outermost section in `skipped` are passed over; those in `host` may be meant by misspelled ones.
    pub(crate) fn new(file: &'a str, host: &'a [&'static str], skipped: &'a [String]) -> Self {
        Self { file, host, skipped, problems: RefCell::default() }
    }

    pub(crate) fn close(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// One value to be decoded.
#[derive(Clone)]
pub(crate) struct Guest<'a> {
    node: &'a Node,
    place: Place,
    findings: &'a Findings<'a>,
    depth: usize,
}

impl<'a> Guest<'a> {
    pub(crate) fn root(node: &'a Node, place: &Place, findings: &'a Findings<'a>) -> Self {
        Self { node, place: place.clone(), findings, depth: 0 }
    }

    fn child(&self, node: &'a Node, place: Place) -> Self {
        Self { node, place, findings: self.findings, depth: self.depth + 1 }
    }

    fn located<T>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        result.map_err(|fault| fault.at(&self.place, self.node))
    }

    /// The text of a single value; nothing is an empty text.
    fn text(&self, expected: &str) -> Result<&'a str, Fault> {
        match &self.node.kind {
            Kind::Null => Ok(""),
            Kind::Scalar(scalar) => Ok(scalar.text.expose_secret()),
            Kind::List(_) | Kind::Map(_) => self.located(Err(self.mismatch(expected))),
        }
    }

    fn mismatch(&self, expected: &str) -> Fault {
        Fault::new(format!("must be {expected}, not {}", self.node.noun()))
    }

    fn number<T: FromStr>(&self) -> Result<T, Fault> {
        let wrong = |_| Fault::new("is not a number that fits here");
        self.located(self.text("a number")?.trim().parse().map_err(wrong))
    }

    /// `name`, or `name: value`.
    fn variant(&self) -> Result<Variant<'a>, Fault> {
        let wrong = || self.located(Err(self.mismatch("one word, or a section with one key")));
        match &self.node.kind {
            Kind::Null | Kind::Scalar(_) => Ok(Variant { name: self.text("a word")?, value: None }),
            Kind::Map(entries) => match entries.as_slice() {
                [only] => {
                    let value = self.child(&only.value, self.place.key(&only.key, only.line));
                    Ok(Variant { name: &only.key, value: Some(value) })
                }
                [] | [_, ..] => wrong(),
            },
            Kind::List(_) => wrong(),
        }
    }

    fn entries(&self) -> Result<Vec<&'a Entry>, Fault> {
        match &self.node.kind {
            Kind::Null => Ok(Vec::new()),
            Kind::Map(entries) => Ok(entries.iter().filter(|entry| !self.skips(&entry.key)).collect()),
            Kind::Scalar(_) | Kind::List(_) => self.located(Err(self.mismatch("a section of `key: value` lines"))),
        }
    }

    fn skips(&self, key: &str) -> bool {
        self.depth == 0 && self.findings.skipped.iter().any(|skipped| skipped == key)
    }

    /// Those of the entries that are fields. The others are reported, all at once.
    fn known(&self, entries: Vec<&'a Entry>, fields: &[&'static str]) -> Vec<&'a Entry> {
        let host = if self.depth == 0 { self.findings.host } else { &[] };
        let candidates: Vec<&str> = fields.iter().chain(host).copied().collect();
        let (known, unknown): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| fields.contains(&entry.key.as_str()));
        for entry in unknown {
            let place = self.place.key(&entry.key, entry.line);
            let problem = unknown_key(self.findings.file, &place, &entry.key, &candidates);
            self.findings.problems.borrow_mut().push(problem);
        }
        known
    }

    fn visit_entries<'de, V: Visitor<'de>>(&self, entries: Vec<&'a Entry>, visitor: V) -> Result<V::Value, Fault> {
        self.located(visitor.visit_map(Entries { guest: self, rest: entries.into_iter(), current: None }))
    }

    /// A value without parts as YAML reads it, for structs that take any type.
    fn visit_scalar<'de, V: Visitor<'de>>(&self, scalar: &Scalar, visitor: V) -> Result<V::Value, Fault> {
        let text = scalar.text.expose_secret();
        if !scalar.bare {
            return visitor.visit_str(text);
        }
        if let Ok(truth) = truth(text) {
            return visitor.visit_bool(truth);
        }
        if let Ok(number) = text.parse() {
            return visitor.visit_u64(number);
        }
        if let Ok(number) = text.parse() {
            return visitor.visit_i64(number);
        }
        match text.parse() {
            Ok(number) => visitor.visit_f64(number),
            Err(_) => visitor.visit_str(text),
        }
    }
}

macro_rules! numbers {
    ($($deserialize:ident $visit:ident)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = self.number()?;
            self.located(visitor.$visit(number))
        })*
    };
}

impl<'de> Deserializer<'de> for Guest<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Null => self.located(visitor.visit_unit()),
            Kind::Scalar(scalar) => self.located(self.visit_scalar(scalar, visitor)),
            Kind::List(_) => self.deserialize_seq(visitor),
            Kind::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let value = match self.text("true or false")?.trim() {
            "" => Ok(false),
            text => truth(text).map_err(|_| Fault::new("is neither true nor false")),
        };
        let value = self.located(value)?;
        self.located(visitor.visit_bool(value))
    }

    numbers! {
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_i128 visit_i128
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_u128 visit_u128
        deserialize_f32 visit_f32
        deserialize_f64 visit_f64
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text = self.text("a single value")?;
        self.located(visitor.visit_str(text))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Null => self.located(visitor.visit_none()),
            Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => visitor.visit_some(self),
        }
    }

    /// A struct without fields, so that each key is unknown.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.known(self.entries()?, &[]);
        self.located(visitor.visit_unit())
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        let (place, node) = (self.place.clone(), self.node);
        visitor.visit_newtype_struct(self).map_err(|fault: Fault| fault.at(&place, node))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let items: &[Node] = match &self.node.kind {
            Kind::Null => &[],
            Kind::List(items) => items,
            Kind::Scalar(_) | Kind::Map(_) => return self.located(Err(self.mismatch("a list"))),
        };
        self.located(visitor.visit_seq(Items { guest: &self, rest: items.iter().enumerate() }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.visit_entries(self.entries()?, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.visit_entries(self.known(self.entries()?, fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let variant = self.variant()?;
        self.located(visitor.visit_enum(variant))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf }
}
