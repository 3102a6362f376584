//! Server-sent events, as the HTML standard defines them:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>.
//!
//! The gateway relays a stream's bytes as they come and reads a copy; this is the reader of that copy.

use crate::ErrorBody;
use bytes::Bytes;
use memchr::memmem::Finder;
use memchr::{memchr, memchr2};
use std::sync::LazyLock;

/// An event whose lines are longer than this in all is not kept: its rest is skipped up to the next blank line.
pub const EVENT_CAP_BYTES: usize = 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The `event` field.
    pub name: Option<String>,
    /// The `data` lines, joined by newlines.
    pub data: String,
    /// The `id` field.
    pub id: Option<String>,
}

impl Event {
    /// Whether this event says that the upstream failed, in any of the ways that are known: an `error` object where a
    /// chunk should be (vLLM, llama.cpp, Azure), or an event of that name or type (responses, messages).
    pub fn is_error(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Data<'a> {
            #[serde(borrow, default)]
            error: Option<&'a serde_json::value::RawValue>,
            #[serde(borrow, rename = "type", default)]
            kind: Option<std::borrow::Cow<'a, str>>,
        }
        let failed = |kind: &str| matches!(kind, "error" | "response.failed");
        let named = self.name.as_deref().is_some_and(failed);
        named
            || serde_json::from_str(&self.data).is_ok_and(|data: Data<'_>| {
                data.error.is_some_and(|error| error.get() != "null") || data.kind.as_deref().is_some_and(failed)
            })
    }
}

/// An event in which the gateway tells a client that its stream broke off: OpenAI's libraries raise an error on it.
pub fn error_event(error: &ErrorBody) -> Bytes {
    let mut event = b"data: ".to_vec();
    event.extend(error.to_json(None));
    event.extend(b"\n\n");
    event.into()
}

/// Whether the last of some whole events says that the upstream failed.
pub fn ends_with_error(events: &[u8]) -> bool {
    static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("error"));
    if ERROR.find(events).is_none() {
        return false;
    }
    let mut splitter = Splitter::new();
    splitter.push(events);
    std::iter::from_fn(|| splitter.next_event()).last().is_some_and(|event| event.is_error())
}

/// Splits a stream of bytes, cut anywhere, into events.
///
/// Bytes that are not UTF-8 become replacement characters, as the standard has it; a character cut in two by the
/// transport is put together again. Comments yield nothing.
///
/// ```
/// use oar_protocol::sse::Splitter;
///
/// let mut splitter = Splitter::new();
/// splitter.push(b": comment\n\ndata: {\"a\"");
/// assert_eq!(splitter.next_event(), None);
/// splitter.push(b": 1}\n\n");
/// assert_eq!(splitter.next_event().map(|event| event.data).as_deref(), Some("{\"a\": 1}"));
/// ```
#[derive(Debug, Default)]
pub struct Splitter {
    lines: Lines,
    fields: Fields,
}

impl Splitter {
    /// A splitter at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.lines.push(bytes) == Line::Endless {
            self.fields.begin_if_complete();
            self.fields.bytes = EVENT_CAP_BYTES + 1;
        }
    }

    /// The next event that is complete, if any. An event is complete at its blank line; one that the end of the stream
    /// cuts off never is.
    pub fn next_event(&mut self) -> Option<Event> {
        self.complete()?;
        let Fields { name, data, id, .. } = std::mem::take(&mut self.fields);
        Some(Event { name: name.map(text), data: text(data), id: id.map(text) })
    }

    /// The data of the next event that is complete, as it came, for those who need nothing else of it.
    pub(crate) fn next_data(&mut self) -> Option<&[u8]> {
        self.complete()?;
        Some(&self.fields.data)
    }

    /// Reads until the fields are those of a whole event, which they stay until more is read.
    fn complete(&mut self) -> Option<()> {
        self.fields.begin_if_complete();
        loop {
            let line = self.lines.next()?;
            if self.fields.take(line) == Place::BehindAnEvent {
                return Some(());
            }
        }
    }
}

/// What is no UTF-8 becomes replacement characters.
fn text(bytes: Vec<u8>) -> String {
    // Checking a text takes a small part of the time in which it is read for what is no text.
    String::from_utf8(bytes).unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned())
}

/// The most room that is kept from one event for the next.
const KEPT_ROOM_BYTES: usize = 16 * 1024;

/// What the lines of one event have said so far.
#[derive(Debug, Default)]
struct Fields {
    name: Option<Vec<u8>>,
    data: Vec<u8>,
    id: Option<Vec<u8>>,
    has_data: bool,
    bytes: usize,
    place: Place,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    WithinAnEvent,
    BehindAnEvent,
}

impl Fields {
    fn begin_if_complete(&mut self) {
        if self.place == Place::BehindAnEvent {
            self.forget();
        }
    }

    /// The room that an event's data took is used for the next, unless it is much.
    fn forget(&mut self) {
        let mut data = std::mem::take(&mut self.data);
        data.clear();
        data.shrink_to(KEPT_ROOM_BYTES);
        *self = Self { data, ..Self::default() };
    }

    /// Takes a line. Behind the blank line after it, an event is complete, if it has data and is not too long.
    fn take(&mut self, line: &[u8]) -> Place {
        self.bytes += line.len();
        match line {
            [] if self.has_data && self.bytes <= EVENT_CAP_BYTES => self.place = Place::BehindAnEvent,
            [] => self.forget(),
            _ if self.bytes > EVENT_CAP_BYTES => *self = Self { bytes: self.bytes, ..Self::default() },
            line => self.take_field(line),
        }
        self.place
    }

    fn take_field(&mut self, line: &[u8]) {
        let colon = memchr(b':', line).unwrap_or(line.len());
        let (field, value) = line.split_at_checked(colon).unwrap_or((line, b""));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            b"event" => self.name = Some(value.to_owned()),
            b"id" => self.id = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// Splits bytes, cut anywhere, into lines.
#[derive(Debug, Default)]
struct Lines {
    buffer: Vec<u8>,
    read: usize,
    /// Up to here the buffer has no line end that was not read: a long line that comes in pieces is searched once.
    searched: usize,
    last_ended_with_cr: bool,
    bom_looked_for: bool,
}

/// What has come of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Its end may be there, or come.
    Open,
    /// More than an event may have, and no end: it has been forgotten.
    Endless,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Line {
        self.buffer.drain(..self.read);
        self.searched = self.searched.saturating_sub(self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() <= EVENT_CAP_BYTES || self.end().is_some() {
            return Line::Open;
        }
        self.buffer.clear();
        self.searched = 0;
        Line::Endless
    }

    /// Where the next line ends.
    fn end(&mut self) -> Option<usize> {
        let from = self.searched.max(self.read);
        let found = memchr2(b'\n', b'\r', self.buffer.get(from..)?);
        self.searched = found.map_or(self.buffer.len(), |at| from + at);
        found.map(|at| from + at)
    }

    /// The next line without its end, which may be LF, CR or CRLF, even with the CR and the LF in different pieces.
    fn next(&mut self) -> Option<&[u8]> {
        self.skip_bom()?;
        if self.last_ended_with_cr {
            let next = self.buffer.get(self.read)?;
            self.read += usize::from(*next == b'\n');
            self.last_ended_with_cr = false;
        }
        let (start, end) = (self.read, self.end()?);
        self.last_ended_with_cr = self.buffer.get(end) == Some(&b'\r');
        self.read = end + 1;
        self.buffer.get(start..end)
    }

    /// Skips a byte order mark at the very start; `None` as long as it cannot be told from text.
    fn skip_bom(&mut self) -> Option<()> {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        if self.bom_looked_for {
            return Some(());
        }
        if self.buffer.starts_with(BOM) {
            self.read = BOM.len();
        } else if BOM.starts_with(&self.buffer) {
            return None;
        }
        self.bom_looked_for = true;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(pieces: &[&[u8]]) -> Vec<Event> {
        let mut splitter = Splitter::new();
        let mut events = Vec::new();
        for piece in pieces {
            splitter.push(piece);
            while let Some(event) = splitter.next_event() {
                events.push(event);
            }
        }
        events
    }

    fn data(text: &str) -> Event {
        Event { data: text.to_owned(), ..Event::default() }
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        let stream = b": comment\n\nevent: delta\nid: 7\ndata:  two spaces\ndata\ndata:x\nretry: 1\n\ndata: cut off";
        let expected = Event { name: Some("delta".into()), data: " two spaces\n\nx".into(), id: Some("7".into()) };
        assert_eq!(split(&[stream]), [expected]);
    }

    #[test]
    fn only_the_last_event_can_be_an_error_at_the_end() {
        for (events, expected) in [
            ("data: {\"error\":{}}\n\n", true),
            ("data: 1\n\ndata: {\"error\":{}}\n\n", true),
            ("event: error\ndata: x\n\n: comment\n\n", true),
            ("data: {\"error\":{}}\n\ndata: 1\n\n", false),
            ("data: {\"text\":\"error\"}\n\n", false),
            ("data: 1\n\n", false),
        ] {
            assert_eq!(ends_with_error(events.as_bytes()), expected, "{events}");
        }
    }

    #[test]
    fn an_error_is_told_from_a_chunk() {
        let is_error = |stream: &str| split(&[stream.as_bytes()]).first().is_some_and(Event::is_error);
        for error in [
            "data: {\"error\":{\"message\":\"overloaded\"}}\n\n",
            "event: error\ndata: {\"type\":\"error\"}\n\n",
            "data: {\"type\":\"response.failed\",\"response\":{}}\n\n",
            "event: error\ndata: out of memory\n\n",
        ] {
            assert!(is_error(error), "{error}");
        }
        for chunk in [
            "data: {\"choices\":[],\"error\":null}\n\n",
            "data: [DONE]\n\n",
            "data: {\"type\":\"response.created\"}\n\n",
        ] {
            assert!(!is_error(chunk), "{chunk}");
        }
    }

    #[test]
    fn line_ends_may_be_mixed_and_cut_in_two() {
        assert_eq!(split(&[b"data: a\r\n\r\ndata: b\r\rdata: c\n\n"]), [data("a"), data("b"), data("c")]);
        assert_eq!(split(&[b"data: a\r", b"\n\r", b"\ndata: b\n\n"]), [data("a"), data("b")]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once() {
        assert_eq!(split(&[b"\xef\xbb", b"\xbfdata: a\n\n"]), [data("a")]);
    }

    #[test]
    fn characters_cut_in_two_are_put_together() {
        let text = "data: 你好 🎉\n\n".as_bytes();
        let pieces: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(split(&pieces), [data("你好 🎉")]);
    }

    #[test]
    fn an_endless_line_is_skipped_and_the_next_event_found() {
        let mut splitter = Splitter::new();
        for _ in 0..64 {
            splitter.push(&[b'x'; 64 * 1024]);
            assert_eq!(splitter.next_event(), None);
            assert!(splitter.lines.buffer.len() <= EVENT_CAP_BYTES + 64 * 1024);
        }
        splitter.push(b"\n\ndata: after\n\n");
        assert_eq!(splitter.next_event(), Some(data("after")));
    }

    #[test]
    fn the_end_of_an_endless_line_is_no_event() {
        let mut splitter = Splitter::new();
        splitter.push(b"data: a\n\n");
        assert_eq!(splitter.next_data(), Some(&b"a"[..]));
        splitter.push(&[b'x'; EVENT_CAP_BYTES + 1]);
        splitter.push(b"data: rest\n\ndata: b\n\n");
        assert_eq!(splitter.next_data(), Some(&b"b"[..]));
        assert_eq!(splitter.next_data(), None);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_makes_no_difference(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..200),
            cut in 0..200_usize,
        ) {
            let text = [b"data: a\r\n".as_slice(), &stream, b"\n\n"].concat();
            let cut = cut.min(text.len());
            let (left, right) = text.split_at(cut);
            prop_assert_eq!(split(&[&text]), split(&[left, right]));
        }
    }
}
