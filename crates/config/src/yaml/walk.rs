//! A walk to one value, which fails there on purpose: the error knows the line.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Takes, at each level, the item or entry of that index.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) steps: &'a [usize],
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The provided methods refuse each other kind of value, which is how a walk ends at a scalar.
impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the end of the walk")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((skip, steps)) = self.steps.split_first() else { return Err(Error::custom("here")) };
        for _ in 0..*skip {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(Walk { steps })?.ok_or_else(|| Error::custom("too short"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((skip, steps)) = self.steps.split_first() else { return Err(Error::custom("here")) };
        for _ in 0..*skip {
            map.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        map.next_key::<IgnoredAny>()?;
        map.next_value_seed(Walk { steps })
    }
}
