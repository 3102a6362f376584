//! `model` and `stream` in URL-encoded text: <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>.

use crate::facts::{Facts, FactsError, Form, checked_model, is_variant_of};
use crate::multipart::truth;
use crate::path::percent_decode;
use std::borrow::Cow;

/// The model that a query names, as a WebSocket's does: `model=gpt-realtime&x=1`.
///
/// # Errors
///
/// [`FactsError::Duplicate`] when it is named twice, or so that not everybody recognises it: in another case, with an
/// encoded name (`mod%65l`), behind a semicolon. [`FactsError::InvalidModel`] when its name cannot be one, or has a `+`,
/// which is a space to some.
///
/// ```
/// use oar_protocol::query_model;
///
/// assert_eq!(query_model("model=gpt-realtime&x=1")?.as_deref(), Some("gpt-realtime"));
/// assert!(query_model("model=cheap&mod%65l=dear").is_err());
/// # Ok::<(), oar_protocol::FactsError>(())
/// ```
pub fn query_model(query: &str) -> Result<Option<String>, FactsError> {
    field(query.as_bytes(), "model")?.map(model).transpose()
}

/// The facts of a form.
pub(crate) fn facts(body: &[u8]) -> Result<Facts, FactsError> {
    let model = field(body, "model")?.map(model).transpose()?;
    let stream = field(body, "stream")?.map(|value| truth(&text(value).ok_or(FactsError::InvalidStream)?));
    Ok(Facts { model, stream: stream.transpose()?.unwrap_or_default(), form: Form::UrlEncoded, ..Facts::default() })
}

/// Makes sure that text which is read as something else says nothing to those who take it for a form.
pub(crate) fn without_facts(body: &[u8]) -> Result<(), FactsError> {
    for name in ["model", "stream"] {
        if field(body, name)?.is_some() {
            return Err(FactsError::Duplicate(name));
        }
    }
    Ok(())
}

fn model(value: &[u8]) -> Result<String, FactsError> {
    let is_clear = !value.contains(&b'+');
    checked_model(&text(value).filter(|_| is_clear).ok_or(FactsError::InvalidModel)?)
}

fn text(value: &[u8]) -> Option<String> {
    String::from_utf8(percent_decode(value).into_owned()).ok()
}

/// The value of the one field of this name, still encoded.
fn field<'a>(encoded: &'a [u8], wanted: &'static str) -> Result<Option<&'a [u8]>, FactsError> {
    let mut found = None;
    for piece in encoded.split(|&byte| byte == b'&') {
        // Older servers split at semicolons, too.
        let is_named = piece.split(|&byte| byte == b';').any(|pair| is_read_as(wanted, name_of(pair)));
        let value = plain_value(piece, wanted);
        if is_named && (value.is_none() || found.is_some()) {
            return Err(FactsError::Duplicate(wanted));
        }
        found = found.or(value);
    }
    Ok(found)
}

fn plain_value<'a>(piece: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let value = piece.strip_prefix(wanted.as_bytes())?.strip_prefix(b"=")?;
    (!value.contains(&b';')).then_some(value)
}

fn name_of(pair: &[u8]) -> &[u8] {
    pair.split(|&byte| byte == b'=').next().unwrap_or_default()
}

/// Whether any server would take this encoded name for that field.
fn is_read_as(field: &str, name: &[u8]) -> bool {
    // However it is written, that takes no less than a byte for each letter. A body may be made of millions of names.
    if name.len() < field.len() {
        return false;
    }
    let spaced = match memchr::memchr(b'+', name) {
        None => Cow::Borrowed(name),
        Some(_) => name.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect(),
    };
    is_variant_of(field, String::from_utf8_lossy(&percent_decode(&spaced)).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_one_model() {
        for (query, model) in [
            ("model=gpt-realtime", Some("gpt-realtime")),
            ("x=1&model=org%2Fmodel%3A1&y", Some("org/model:1")),
            ("x=model&remodel=1&models=2&", None),
            ("model=a%2Bb", Some("a+b")),
            ("", None),
        ] {
            assert_eq!(query_model(query), Ok(model.map(ToOwned::to_owned)), "{query}");
        }
    }

    /// B01.
    #[test]
    fn a_query_that_two_servers_could_read_differently_is_refused() {
        for query in [
            "model=a&model=a",
            "mod%65l=a",
            "model=a&mod%65l=b",
            "%6d%6F%64%65%6C=a",
            "model=a&MODEL=b",
            "Model=a",
            "+model=a",
            "model%20=a",
            "x=1;model=a",
            "model=a;b",
            "model=a;model=b",
            "model",
        ] {
            assert_eq!(query_model(query), Err(FactsError::Duplicate("model")), "{query}");
        }
        for query in ["model=", "model=a+b", "model=%ff", "model=%00", &format!("model={}", "m".repeat(257))] {
            assert_eq!(query_model(query), Err(FactsError::InvalidModel), "{query}");
        }
    }

    #[test]
    fn a_form_has_the_same_facts_as_json() {
        let facts = |body: &str| facts(body.as_bytes()).map(|facts| (facts.model, facts.stream));
        assert_eq!(facts("model=m&stream=true"), Ok((Some("m".into()), true)));
        assert_eq!(facts("prompt=stream"), Ok((None, false)));
        assert_eq!(facts("stream=maybe"), Err(FactsError::InvalidStream));
        assert_eq!(facts("stream=1&Stream=0"), Err(FactsError::Duplicate("stream")));
    }

    /// B01.
    #[test]
    fn json_that_is_labelled_as_a_form_must_not_be_one_as_well() {
        let read = |body: &str| Facts::read(Some("application/x-www-form-urlencoded"), body.as_bytes());
        let facts = read(r#"{"model":"m","prompt":"a&b=c"}"#).map(|facts| (facts.model, facts.form));
        assert_eq!(facts, Ok((Some("m".into()), Form::Json)));
        assert_eq!(read(r#"{"model":"cheap","x":"&model=gpt-4&"}"#), Err(FactsError::Duplicate("model")));
    }
}
