//! Reads `model` and `stream` from a JSON object without building it.

use crate::facts::{Facts, FactsError, Form, checked_model, is_variant_of};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

pub(crate) fn facts(body: &[u8]) -> Result<Facts, FactsError> {
    let mut found = Found::default();
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = json.deserialize_map(&mut found).and_then(|()| json.end());
    match (found.refused, read) {
        (Some(why), _) => Err(why),
        (None, Err(_)) => Err(FactsError::InvalidJson),
        (None, Ok(())) => {
            let stream = found.stream.unwrap_or_default();
            Ok(Facts { model: found.model, stream, form: Form::Json, ..Facts::default() })
        }
    }
}

/// What has been seen of the object so far, and what was wrong with it.
#[derive(Default)]
struct Found {
    model: Option<String>,
    model_seen: bool,
    stream: Option<bool>,
    stream_seen: bool,
    refused: Option<FactsError>,
}

impl Found {
    fn model(&mut self, scalar: &Scalar<'_>) -> Result<(), FactsError> {
        first_time(&mut self.model_seen, "model")?;
        self.model = match scalar {
            Scalar::Null => None,
            Scalar::Text(name) => Some(checked_model(name)?),
            Scalar::Bool(_) | Scalar::Other => return Err(FactsError::InvalidModel),
        };
        Ok(())
    }

    fn stream(&mut self, scalar: &Scalar<'_>) -> Result<(), FactsError> {
        first_time(&mut self.stream_seen, "stream")?;
        self.stream = match scalar {
            Scalar::Null => None,
            Scalar::Bool(value) => Some(*value),
            Scalar::Text(_) | Scalar::Other => return Err(FactsError::InvalidStream),
        };
        Ok(())
    }
}

fn first_time(seen: &mut bool, field: &'static str) -> Result<(), FactsError> {
    if std::mem::replace(seen, true) { Err(FactsError::Duplicate(field)) } else { Ok(()) }
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = object.next_key()? {
            let taken = match key.as_ref() {
                "model" => self.model(&object.next_value_seed(AnyScalar)?),
                "stream" => self.stream(&object.next_value_seed(AnyScalar)?),
                // Servers that match field names ignoring case would take this one for the real one.
                other if is_variant_of("model", other) => Err(FactsError::Duplicate("model")),
                other if is_variant_of("stream", other) => Err(FactsError::Duplicate("stream")),
                _ => object.next_value::<IgnoredAny>().map(|_| Ok(()))?,
            };
            if let Err(why) = taken {
                self.refused = Some(why);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// An object's key, borrowed from the body unless it has escapes.
#[derive(serde::Deserialize)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A value, as far as routing cares.
enum Scalar<'a> {
    Null,
    Bool(bool),
    Text(Cow<'a, str>),
    Other,
}

struct AnyScalar;

impl<'de> DeserializeSeed<'de> for AnyScalar {
    type Value = Scalar<'de>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Scalar<'de>, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyScalar {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Scalar<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar<'de>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Option<String>, bool), FactsError> {
        facts(body.as_bytes()).map(|facts| (facts.model, facts.stream))
    }

    #[test]
    fn model_and_stream_are_found_wherever_they_stand() {
        let gpt = Some("gpt-4o".to_owned());
        assert_eq!(read(r#"{"model":"gpt-4o","messages":[{"content":"hi"}]}"#), Ok((gpt.clone(), false)));
        assert_eq!(read(r#" {"messages":[{"model":"x"}],"stream":true,"model":"gpt-4o"} "#), Ok((gpt.clone(), true)));
        assert_eq!(read(r#"{"m\u006fdel":"gpt\u002d4o","stream":null}"#), Ok((gpt, false)));
        assert_eq!(read("{}"), Ok((None, false)));
        assert_eq!(read(r#"{"model":null}"#), Ok((None, false)));
    }

    /// B01, B02.
    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        for (body, why) in [
            (r#"{"model":"a","model":"b"}"#, FactsError::Duplicate("model")),
            (r#"{"model":"a","mod\u0065l":"b"}"#, FactsError::Duplicate("model")),
            (r#"{"model":null,"model":"b"}"#, FactsError::Duplicate("model")),
            (r#"{"model":"cheap","MODEL":"gpt-4"}"#, FactsError::Duplicate("model")),
            (r#"{"stream":true,"stream":false}"#, FactsError::Duplicate("stream")),
            (r#"{"Stream":true}"#, FactsError::Duplicate("stream")),
            ("{\"\u{17f}tream\":true}", FactsError::Duplicate("stream")),
        ] {
            assert_eq!(read(body), Err(why), "{body}");
        }
    }

    /// B03, B04.
    #[test]
    fn wrong_types_are_named() {
        for value in ["1", "[]", "{}", "true", "\"\"", "1.5", "-1", r#""a\u0000""#] {
            assert_eq!(read(&format!(r#"{{"model":{value}}}"#)), Err(FactsError::InvalidModel), "{value}");
        }
        assert_eq!(read(&format!(r#"{{"model":"{}"}}"#, "m".repeat(257))), Err(FactsError::InvalidModel));
        for value in ["1", "\"true\"", "[true]"] {
            assert_eq!(read(&format!(r#"{{"stream":{value}}}"#)), Err(FactsError::InvalidStream), "{value}");
        }
    }

    /// B05.
    #[test]
    fn what_is_no_single_object_is_no_json_for_us() {
        for body in ["[]", "\"x\"", "{", "{}{}", "{} x", "\u{feff}{}", "{\"a\":NaN}", "nonsense"] {
            assert_eq!(read(body), Err(FactsError::InvalidJson), "{body}");
        }
    }

    /// B06: also on a stack as small as some runtimes give their threads.
    #[test]
    fn deep_nesting_costs_no_stack() {
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let depth = "[{\"x\":".repeat(200_000);
        let read = small.spawn(move || {
            [format!("{{\"messages\":{depth}"), format!("{{\"model\":{depth}"), depth].map(|body| read(&body).is_err())
        });
        assert_eq!(read.map(std::thread::JoinHandle::join).expect("a thread").expect("no overflow"), [true; 3]);
    }

    /// B06.
    #[test]
    fn deep_nesting_outside_our_fields_passes_unread() {
        let depth = 200_000;
        let body = format!(r#"{{"messages":{}{},"model":"m"}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(read(&body), Ok((Some("m".to_owned()), false)));
        let nested_model = format!(r#"{{"model":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(read(&nested_model), Err(FactsError::InvalidModel));
    }

    /// B07.
    #[test]
    fn invalid_utf8_outside_our_fields_passes_unread() {
        let facts = facts(b"{\"messages\":\"\xff\xfe\",\"model\":\"m\"}");
        assert_eq!(facts.map(|facts| facts.model), Ok(Some("m".to_owned())));
    }
}
