//! One function for each reader of strangers' bytes: it must not panic, and what it says must hold.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version};
use oar_protocol::sse::{Event, Splitter};
use oar_protocol::{Aligner, ApiPath, Facts, Form, HELD_CAP_BYTES, MODEL_CAP_BYTES, query_model, unambiguous};

/// The first byte says how long the pieces are in which the rest comes.
fn cut(bytes: &[u8]) -> (&[u8], std::slice::Chunks<'_, u8>) {
    let (&size, stream) = bytes.split_first().unwrap_or((&0, &[]));
    (stream, stream.chunks(usize::from(size % 32) + 1))
}

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut splitter = Splitter::new();
    let mut events = Vec::new();
    for piece in pieces {
        splitter.push(piece);
        events.extend(std::iter::from_fn(|| splitter.next_event()));
    }
    events
}

/// The splitter of server-sent events: the same events however the stream is cut.
pub fn sse(bytes: &[u8]) {
    let (stream, pieces) = cut(bytes);
    let whole = events([stream].into_iter());
    assert_eq!(whole, events(pieces));
    let _ = whole.iter().any(Event::is_error);
}

/// The aligner: no byte is lost or changed, and every piece but those of an event without end is whole events.
pub fn align(bytes: &[u8]) {
    let (stream, pieces) = cut(bytes);
    let mut aligner = Aligner::new();
    let mut handed_on = Vec::new();
    for piece in pieces {
        handed_on.extend(aligner.push(Bytes::copy_from_slice(piece)).unwrap_or_default());
        let is_whole = handed_on.is_empty() || handed_on.ends_with(b"\n") || handed_on.ends_with(b"\r");
        assert!(is_whole || stream.len() > HELD_CAP_BYTES, "only whole events are handed on");
    }
    handed_on.extend(aligner.take_rest().unwrap_or_default());
    assert_eq!(handed_on, stream);
}

/// The path check: what it accepts, nobody can resolve to a place outside `/v1/`, however often they decode it.
pub fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(path) = ApiPath::parse(&text) else { return };
    assert_eq!(format!("/v1{}", path.suffix()), path.as_str());
    let mut form = path.as_str().to_owned();
    for _ in 0..3 {
        assert!(resolve(&form).starts_with("/v1/"), "{form}");
        form = decode(&form);
    }
}

/// Removes dot segments, RFC 3986 section 5.2.4, taking backslashes for slashes and no notice of parameters, as some do.
fn resolve(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split(['/', '\\']).skip(1) {
        match segment.split(';').next() {
            Some("..") => _ = kept.pop(),
            Some(".") => {}
            Some(_) | None => kept.push(segment),
        }
    }
    kept.iter().map(|segment| format!("/{segment}")).collect()
}

/// Decodes once; bytes that are no UTF-8 become replacement characters.
fn decode(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let hex = hex.filter(|hex| first == b'%' && hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The reader of forms.
pub fn multipart(bytes: &[u8]) {
    let read = Facts::read(Some("multipart/form-data; boundary=b"), bytes);
    if let Ok(facts) = read {
        holds(&facts);
        let says_model = facts.model.as_ref().is_none_or(|model| contains(bytes, model.as_bytes()));
        assert!(says_model && (facts.form == Form::Multipart || bytes.is_empty()));
    }
}

/// The reader of bodies; the first line is the content type. The text is read as a WebSocket's query, too.
pub fn facts(bytes: &[u8]) {
    let line = bytes.iter().position(|&byte| byte == b'\n').unwrap_or_default();
    let (content_type, body) = bytes.split_at(line);
    let content_type = std::str::from_utf8(content_type).ok();
    if let Ok(facts) = Facts::read(content_type, body) {
        holds(&facts);
        if facts.form == Form::Json {
            agrees_with_another_reader(&facts, body);
        }
    }
    if let Ok(model) = query_model(&String::from_utf8_lossy(body)) {
        holds(&Facts { model, ..Facts::default() });
    }
}

/// A reader that builds the whole value, and knows fewer numbers and less depth, finds the same.
fn agrees_with_another_reader(facts: &Facts, body: &[u8]) {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else { return };
    assert_eq!(value.get("model").and_then(serde_json::Value::as_str), facts.model.as_deref());
    assert_eq!(value.get("stream").and_then(serde_json::Value::as_bool).unwrap_or_default(), facts.stream);
}

fn holds(facts: &Facts) {
    if let Some(model) = &facts.model {
        assert!((1..=MODEL_CAP_BYTES).contains(&model.len()) && !model.contains(char::is_control));
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The check of heads; each line is a header. A clear head of HTTP/1.1 has one host.
pub fn head(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n').take(64) {
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name);
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        let clear = unambiguous(version, &Uri::from_static("/v1/x"), &headers).is_ok();
        let hosts = headers.get_all("host").iter().count();
        assert!(!clear || hosts == 1 || (hosts == 0 && version == Version::HTTP_10));
    }
}
