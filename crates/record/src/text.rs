//! What of a body is kept: text as text, a stream put together, anything else as a note on what it was.

use bytes::Bytes;
use oar_exchange::Answer;
use oar_protocol::StreamText;
use std::borrow::Cow;

/// The most bytes of a body's field by default; what goes beyond is cut off and the row marked as truncated.
pub const FIELD_CAP_BYTES: usize = 1024 * 1024;

/// The most bytes of the headers' JSON; headers that do not fit are left out and the row marked as truncated.
pub const HEADERS_CAP_BYTES: usize = 64 * 1024;

/// The most bytes of any other field that a client fills (method, path, model, user agent, ids); cut and marked like a body.
pub const SHORT_FIELD_CAP_BYTES: usize = 8 * 1024;

/// A media type in a note is cut here: it is the other side's word.
const MEDIA_TYPE_CAP_CHARS: usize = 100;

/// The text of a column, and whether there was more.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) text: String,
    pub(crate) truncated: bool,
}

/// The request's body as the record keeps it, in no more than `cap` bytes: of `bytes` that the client sent, the gateway
/// kept `body`.
pub(crate) fn request(media_type: Option<&str>, body: &Bytes, bytes: u64, cap: usize) -> Field {
    let was_kept = !body.is_empty() || bytes == 0;
    match Form::of(media_type, body) {
        Form::Text | Form::EventStream if was_kept => {
            let field = capped(body, cap);
            Field { truncated: field.truncated || (body.len() as u64) < bytes, ..field }
        }
        Form::Multipart => outlined(media_type, body, bytes, cap),
        Form::Text | Form::EventStream | Form::Binary => note(media_type, bytes),
    }
}

/// A form, of which the gateway keeps an outline. One that is here as it was sent may hold files, and is not kept.
fn outlined(media_type: Option<&str>, outline: &Bytes, bytes: u64, cap: usize) -> Field {
    let note = note(media_type, bytes);
    if outline.is_empty() || outline.len() as u64 == bytes {
        return note;
    }
    let Field { text, truncated } = capped(outline, cap);
    Field { text: format!("{}\n{text}", note.text), truncated }
}

/// The answer's body as the record keeps it, in no more than `cap` bytes.
pub(crate) fn answer(answer: &Answer, cap: usize) -> Field {
    let media_type = answer.content_type.as_deref();
    let body = answer.body.as_bytes();
    if body.is_empty() && answer.bytes > 0 {
        return note(media_type, answer.bytes);
    }
    let mut field = match Form::of(media_type, body) {
        _ if answer.body.is_assembled() => capped(body, cap),
        Form::Text => capped(body, cap),
        Form::EventStream => stream(body, answer.bytes, cap),
        Form::Multipart | Form::Binary => return note(media_type, answer.bytes),
    };
    field.truncated |= answer.body.is_truncated();
    field
}

/// The text that a stream carried; the stream itself when it is none that is known here.
fn stream(body: &[u8], bytes: u64, cap: usize) -> Field {
    let mut carried = StreamText::new(cap);
    carried.push(body);
    if !carried.is_known() {
        return capped(body, cap);
    }
    match carried.text() {
        text if text.is_empty() => note(Some("text/event-stream"), bytes),
        text => {
            let field = capped(text.as_bytes(), cap);
            Field { truncated: field.truncated || carried.is_truncated(), ..field }
        }
    }
}

/// What stands for a body that is not kept.
pub(crate) fn note(media_type: Option<&str>, bytes: u64) -> Field {
    let media_type: String =
        essence(media_type).chars().filter(char::is_ascii_graphic).take(MEDIA_TYPE_CAP_CHARS).collect();
    let of = if media_type.is_empty() { String::new() } else { format!(" of {media_type}") };
    Field { text: format!("[{bytes} bytes{of}]"), truncated: false }
}

/// A text that a client chose the length of.
pub(crate) fn short(text: &str) -> Field {
    capped(text.as_bytes(), SHORT_FIELD_CAP_BYTES)
}

/// A column's text of a text that is short by nature.
pub(crate) fn clean(text: &str) -> String {
    without_nul(text).into_owned()
}

/// What is no UTF-8 becomes replacement characters, and so does NUL.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    // Checking a text takes a small part of the time in which it is read for what is no text.
    match std::str::from_utf8(bytes) {
        Ok(text) => without_nul(text),
        Err(_) => Cow::Owned(clean(&String::from_utf8_lossy(bytes))),
    }
}

/// Without NUL, which PostgreSQL's TEXT cannot hold.
fn without_nul(text: &str) -> Cow<'_, str> {
    // Looked for first: hardly any text has one, and replacing takes much longer than copying.
    match memchr::memchr(0, text.as_bytes()) {
        Some(_) => Cow::Owned(text.replace('\0', "\u{fffd}")),
        None => Cow::Borrowed(text),
    }
}

/// The form a body has as far as keeping it goes.
enum Form {
    Text,
    EventStream,
    Multipart,
    Binary,
}

impl Form {
    fn of(media_type: Option<&str>, body: &[u8]) -> Self {
        if is_compressed(body) {
            return Self::Binary;
        }
        let essence = lower_case(essence(media_type));
        match &*essence {
            "text/event-stream" => Self::EventStream,
            "" => Self::guess(body),
            "application/json"
            | "application/xml"
            | "application/x-ndjson"
            | "application/jsonl"
            | "application/x-www-form-urlencoded" => Self::Text,
            _ if essence.starts_with("text/") || essence.ends_with("+json") || essence.ends_with("+xml") => Self::Text,
            _ if essence.starts_with("multipart/") => Self::Multipart,
            _ => Self::Binary,
        }
    }

    /// Without a media type, what can be read is text.
    fn guess(body: &[u8]) -> Self {
        let readable = match std::str::from_utf8(body) {
            Ok(text) => !text.contains('\0'),
            // A character that the end of the copy cut in two.
            Err(error) => error.error_len().is_none() && !body.contains(&0),
        };
        if readable { Self::Text } else { Self::Binary }
    }
}

/// The media type without its parameters.
fn essence(media_type: Option<&str>) -> &str {
    media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}

/// Whether this is gzip or zstd, whatever the media type says: neither begins as text can.
fn is_compressed(body: &[u8]) -> bool {
    body.starts_with(b"\x1f\x8b") || body.starts_with(b"\x28\xb5\x2f\xfd")
}

/// At most `cap` bytes of text; what is no UTF-8 becomes replacement characters.
fn capped(bytes: &[u8], cap: usize) -> Field {
    let kept = bytes.get(..cap).map_or(bytes, without_half_character);
    let mut text = lossy(kept).into_owned();
    // Replacement characters are longer than what they replace.
    let fits = text.floor_char_boundary(cap);
    let truncated = kept.len() < bytes.len() || fits < text.len();
    text.truncate(fits);
    Field { text, truncated }
}

/// Without the beginning of a character that the cut took the end of.
fn without_half_character(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => bytes.get(..error.valid_up_to()).unwrap_or(bytes),
        Ok(_) | Err(_) => bytes,
    }
}

#[cfg(test)]
mod tests;
