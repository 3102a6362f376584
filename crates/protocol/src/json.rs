//! Reads `model` and `stream` from a JSON object without building it.

use crate::facts::{Facts, FactsError, Form, checked_model, is_variant_of};
use crate::scan::{Malformed, Scalar, Scan};

pub(crate) fn facts(body: &[u8]) -> Result<Facts, FactsError> {
    let mut found = Found::default();
    let mut json = Scan::new(body);
    json.object(|value, name| found.take(&name.text()?, value))?;
    json.end()?;
    let stream = found.stream.flatten().unwrap_or_default();
    Ok(Facts { model: found.model.flatten(), stream, form: Form::Json, ..Facts::default() })
}

/// What the object has said so far: each field once, and then it may be null.
#[derive(Default)]
struct Found {
    model: Option<Option<String>>,
    stream: Option<Option<bool>>,
}

impl Found {
    fn take(&mut self, name: &str, value: &mut Scan<'_>) -> Result<(), FactsError> {
        match name {
            "model" => once(&mut self.model, model(value.scalar()?), "model"),
            "stream" => once(&mut self.stream, stream(value.scalar()?), "stream"),
            // Servers that match field names ignoring case would take this one for the real one.
            other if is_variant_of("model", other) => Err(FactsError::Duplicate("model")),
            other if is_variant_of("stream", other) => Err(FactsError::Duplicate("stream")),
            _ => Ok(value.skip()?),
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: Result<T, FactsError>, field: &'static str) -> Result<(), FactsError> {
    if slot.is_some() {
        return Err(FactsError::Duplicate(field));
    }
    *slot = Some(value?);
    Ok(())
}

fn model(value: Scalar<'_>) -> Result<Option<String>, FactsError> {
    match value {
        Scalar::Null => Ok(None),
        Scalar::Text(name) => checked_model(&name.text()?).map(Some),
        Scalar::Bool(_) | Scalar::Other => Err(FactsError::InvalidModel),
    }
}

const fn stream(value: Scalar<'_>) -> Result<Option<bool>, FactsError> {
    match value {
        Scalar::Null => Ok(None),
        Scalar::Bool(value) => Ok(Some(value)),
        Scalar::Text(_) | Scalar::Other => Err(FactsError::InvalidStream),
    }
}

impl From<Malformed> for FactsError {
    fn from(_: Malformed) -> Self {
        Self::InvalidJson
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
