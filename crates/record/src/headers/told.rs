//! The kept headers as their column tells them.

use super::KeepHeaders;
use crate::text::{self, Field};
use http::{HeaderMap, HeaderName};
use std::ops::Range;

/// What JSON puts around all headers (`{}`), and around the name and the value of one (`"":[],`).
const BRACES: usize = 2;
const PUNCTUATION: usize = 6;

/// Those that are kept as JSON: an object of lists, its names in the order of their bytes. One that does not fit is left
/// out, so that what is kept can still be read.
pub(crate) fn told(headers: &HeaderMap, keep: &KeepHeaders) -> Field {
    let mut room = text::HEADERS_CAP_BYTES.saturating_sub(BRACES);
    let mut truncated = false;
    let mut kept = Kept::with_room_for(headers.len());
    for (name, value) in keep.of(headers) {
        let before = kept.texts.len();
        kept.push(name, &text::lossy(value.as_bytes()));
        let cost = kept.texts.len() - before + PUNCTUATION;
        if let Some(left) = room.checked_sub(cost) {
            room = left;
        } else {
            truncated = true;
            kept.take_back(before);
        }
    }
    Field { text: kept.json(), truncated }
}

/// Names as they are spelled and values as JSON, one after the other, and where each is: a text of its own for each would
/// cost more than all that is done with them.
struct Kept {
    texts: Vec<u8>,
    places: Vec<(Range<usize>, Range<usize>)>,
}

/// A header of the usual length, value and all.
const USUAL_BYTES: usize = 40;

impl Kept {
    fn with_room_for(headers: usize) -> Self {
        Self { texts: Vec::with_capacity(headers * USUAL_BYTES), places: Vec::with_capacity(headers) }
    }

    fn push(&mut self, name: &HeaderName, value: &str) {
        let start = self.texts.len();
        push_go_spelling(name, &mut self.texts);
        let middle = self.texts.len();
        push_json(value, &mut self.texts);
        self.places.push((start..middle, middle..self.texts.len()));
    }

    /// Takes back the last to be pushed, before which there were so many bytes.
    fn take_back(&mut self, bytes: usize) {
        self.texts.truncate(bytes);
        self.places.pop();
    }

    fn json(&self) -> String {
        let text = |place: &Range<usize>| self.texts.get(place.clone()).unwrap_or_default();
        let mut headers: Vec<_> = self.places.iter().map(|(name, value)| (text(name), text(value))).collect();
        // Values of one name stay in the order in which they came.
        headers.sort_by_key(|(name, _)| *name);
        let mut json = Vec::with_capacity(self.texts.len() + headers.len() * PUNCTUATION + BRACES);
        for list in headers.chunk_by(|(one, _), (other, _)| one == other) {
            json.push(if json.is_empty() { b'{' } else { b',' });
            push_list(list, &mut json);
        }
        json.extend_from_slice(if json.is_empty() { b"{}" } else { b"}" });
        String::from_utf8(json).unwrap_or_default()
    }
}

/// `"Name":["value","value"]`
fn push_list(headers: &[(&[u8], &[u8])], json: &mut Vec<u8>) {
    for (number, (name, value)) in headers.iter().enumerate() {
        if number == 0 {
            json.push(b'"');
            json.extend_from_slice(name);
            json.extend_from_slice(b"\":[");
        } else {
            json.push(b',');
        }
        json.extend_from_slice(value);
    }
    json.push(b']');
}

/// `user-agent` → `User-Agent`, as Go's `net/http` spells names, so that old queries find them.
fn push_go_spelling(name: &HeaderName, texts: &mut Vec<u8>) {
    let start = texts.len();
    texts.extend_from_slice(name.as_ref());
    let mut before = b'-';
    for byte in texts.iter_mut().skip(start) {
        if before == b'-' {
            byte.make_ascii_uppercase();
        }
        before = *byte;
    }
}

fn push_json(value: &str, texts: &mut Vec<u8>) {
    let is_escaped = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    if value.as_bytes().iter().any(is_escaped) {
        texts.extend_from_slice(serde_json::to_string(value).unwrap_or_default().as_bytes());
    } else {
        texts.push(b'"');
        texts.extend_from_slice(value.as_bytes());
        texts.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use serde_json::json;

    #[test]
    fn headers_are_told_as_json_whatever_is_in_them() {
        let sent: [(&str, &[u8]); 7] = [
            ("x-b", b"2"),
            ("user-agent", b"\"one\\two\"\tthree"),
            ("x-b-c", b"\xff"),
            ("x-b", b""),
            ("dnt", "中".as_bytes()),
            ("x--d", b"{}"),
            ("te", b"trailers, deflate;q=0.5"),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a value"));
        }
        let Field { text, truncated } = told(&headers, &KeepHeaders::All);
        let expected = json!({
            "Dnt": ["中"],
            "Te": ["trailers, deflate;q=0.5"],
            "User-Agent": ["\"one\\two\"\tthree"],
            "X--D": ["{}"],
            "X-B": ["2", ""],
            "X-B-C": ["\u{fffd}"],
        });
        assert_eq!((text, truncated), (expected.to_string(), false));
        assert_eq!(told(&HeaderMap::new(), &KeepHeaders::All).text, "{}");
    }
}
