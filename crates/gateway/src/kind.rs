//! What an answer's body is, as its head says.

use http::{HeaderMap, header};
use oar_protocol::headers::is_of_type;

/// What can be done with an answer's body besides passing it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Its events can be told apart.
    Events,
    /// It can be read.
    Text,
    /// It is binary or compressed, or nobody says what it is.
    Opaque,
}

impl Kind {
    /// Of an answer with these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_events = is_of_type(content_type, "text/event-stream");
        if !(is_events || is_text(content_type)) || headers.contains_key(header::CONTENT_ENCODING) {
            Self::Opaque
        } else if is_events {
            Self::Events
        } else {
            Self::Text
        }
    }
}

fn is_text(content_type: &str) -> bool {
    is_of_type(content_type, "application/json") || {
        let content_type = content_type.to_ascii_lowercase();
        content_type.starts_with("text/") || content_type.contains("json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn kind(content_type: &'static str, encoding: Option<&'static str>) -> Kind {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.extend(encoding.map(|encoding| (header::CONTENT_ENCODING, HeaderValue::from_static(encoding))));
        Kind::of(&headers)
    }

    #[test]
    fn a_body_is_known_by_its_type_unless_it_is_encoded() {
        for (content_type, expected) in [
            ("text/event-stream; charset=utf-8", Kind::Events),
            ("Text/Event-Stream", Kind::Events),
            ("text/event-streams", Kind::Text),
            ("application/json", Kind::Text),
            ("application/problem+JSON", Kind::Text),
            ("TEXT/html", Kind::Text),
            ("audio/mpeg", Kind::Opaque),
            ("", Kind::Opaque),
        ] {
            assert_eq!(kind(content_type, None), expected, "{content_type}");
            assert_eq!(kind(content_type, Some("gzip")), Kind::Opaque, "{content_type}");
        }
        assert_eq!(Kind::of(&HeaderMap::new()), Kind::Opaque);
    }
}
