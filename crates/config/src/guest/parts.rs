//! The parts of a value that has some.

use super::Guest;
use crate::fault::Fault;
use crate::node::{Entry, Node};
use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor};

/// The entries of a section that are not read yet.
pub(super) struct Entries<'g, 'a> {
    pub(super) guest: &'g Guest<'a>,
    pub(super) rest: std::vec::IntoIter<&'a Entry>,
    pub(super) current: Option<&'a Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.current = self.rest.next();
        self.current.map(|entry| seed.deserialize(StrDeserializer::new(&entry.key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let entry = self.current.take().ok_or_else(|| Fault::new("a value was asked for before its key"))?;
        let place = self.guest.place.key(&entry.key, entry.line);
        let value = seed.deserialize(self.guest.child(&entry.value, place.clone()));
        value.map_err(|fault| fault.at(&place, &entry.value).inside(&entry.key))
    }
}

/// The items of a list that are not read yet.
pub(super) struct Items<'g, 'a> {
    pub(super) guest: &'g Guest<'a>,
    pub(super) rest: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, node)) = self.rest.next() else { return Ok(None) };
        let place = self.guest.place.item(index, node.line);
        let value = seed.deserialize(self.guest.child(node, place.clone()));
        value.map(Some).map_err(|fault| fault.at(&place, node))
    }
}

/// One of the choices of an enum, and what belongs to it.
pub(super) struct Variant<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<Guest<'a>>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Fault;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'a>), Fault> {
        Ok((seed.deserialize(StrDeserializer::new(self.name))?, Content(self.value)))
    }
}

/// What belongs to a choice: nothing, or one value.
pub(super) struct Content<'a>(Option<Guest<'a>>);

impl<'a> Content<'a> {
    fn value(self) -> Result<Guest<'a>, Fault> {
        self.0.ok_or_else(|| Fault::new("is a choice that needs a value of its own"))
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.0 {
            None => Ok(()),
            Some(_) => Err(Fault::invalid_type(Unexpected::Map, &"a single word")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self.value()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.value()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.value()?.deserialize_struct("", fields, visitor)
    }
}
