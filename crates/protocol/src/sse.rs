//! Server-sent events, as the HTML standard defines them:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>.
//!
//! The gateway relays a stream's bytes as they come and reads a copy; this is the reader of that copy.

mod fields;
mod lines;

use crate::ErrorBody;
use crate::members::members;
use bytes::Bytes;
use fields::{Fields, Place};
use lines::{Line, Lines};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// An event whose lines are longer than this in all is not kept: its rest is skipped up to the next blank line.
///
/// ```
/// use oar_protocol::sse::{EVENT_CAP_BYTES, Splitter};
///
/// let mut splitter = Splitter::new();
/// splitter.push(&[b"data: ".as_slice(), &[b'x'; EVENT_CAP_BYTES], b"\n\ndata: next\n\n"].concat());
/// assert_eq!(splitter.next_event().map(|event| event.data).as_deref(), Some("next"));
/// ```
pub const EVENT_CAP_BYTES: usize = 1024 * 1024;

/// One event.
///
/// ```
/// use oar_protocol::sse::{Event, Splitter};
///
/// let mut splitter = Splitter::new();
/// splitter.push(b"event: delta\nid: 7\ndata: one\ndata: two\n\n");
/// let event = Event { name: Some("delta".into()), data: "one\ntwo".into(), id: Some("7".into()) };
/// assert_eq!(splitter.next_event(), Some(event));
/// ```
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
    ///
    /// ```
    /// use oar_protocol::sse::Event;
    ///
    /// let of = |data: &str| Event { data: data.into(), ..Event::default() };
    /// assert!(of(r#"{"error": {"message": "overloaded"}}"#).is_error());
    /// assert!(!of(r#"{"choices": [], "error": null}"#).is_error());
    /// ```
    pub fn is_error(&self) -> bool {
        let is_named_so = matches!(self.name.as_deref(), Some("error" | "response.failed"));
        is_named_so
            || members(self.data.as_bytes(), ["error", "type"]).is_some_and(|[error, kind]| {
                error.is_some() || matches!(kind, Some(b"\"error\"" | b"\"response.failed\""))
            })
    }
}

/// An event in which the gateway tells a client that its stream broke off: OpenAI's libraries raise an error on it.
///
/// ```
/// use oar_protocol::sse::{ends_with_error, error_event};
/// use oar_protocol::{ErrorBody, ErrorKind};
///
/// let event = error_event(&ErrorBody::new(ErrorKind::UpstreamError, "stream_interrupted", "it broke off"));
/// assert!(event.starts_with(b"data: {\"error\":") && event.ends_with(b"}\n\n"));
/// assert!(ends_with_error(&event));
/// ```
pub fn error_event(error: &ErrorBody) -> Bytes {
    let mut event = b"data: ".to_vec();
    event.extend(error.to_json(None));
    event.extend(b"\n\n");
    event.into()
}

/// Whether the last of some whole events says that the upstream failed.
///
/// ```
/// use oar_protocol::sse::ends_with_error;
///
/// assert!(ends_with_error(b"data: {}\n\nevent: error\ndata: out of memory\n\n"));
/// assert!(!ends_with_error(b"event: error\ndata: out of memory\n\ndata: {}\n\n"));
/// ```
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
    ///
    /// ```
    /// assert_eq!(oar_protocol::sse::Splitter::new().next_event(), None);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream.
    ///
    /// ```
    /// # use oar_protocol::sse::Splitter;
    /// let mut splitter = Splitter::new();
    /// for piece in ["da", "ta: a\r", "\n\r", "\n"] {
    ///     splitter.push(piece.as_bytes());
    /// }
    /// assert_eq!(splitter.next_event().map(|event| event.data).as_deref(), Some("a"));
    /// ```
    pub fn push(&mut self, bytes: &[u8]) {
        if self.lines.push(bytes) == Line::Endless {
            self.fields.skip_to_blank_line();
        }
    }

    /// The next event that is complete, if any. An event is complete at its blank line; one that the end of the stream
    /// cuts off never is.
    ///
    /// ```
    /// # use oar_protocol::sse::Splitter;
    /// let mut splitter = Splitter::new();
    /// splitter.push(b"data: a\n\ndata: b\n\ndata: cut o");
    /// let events = std::iter::from_fn(|| splitter.next_event());
    /// assert_eq!(events.map(|event| event.data).collect::<Vec<_>>(), ["a", "b"]);
    /// ```
    pub fn next_event(&mut self) -> Option<Event> {
        self.complete()?;
        Some(std::mem::take(&mut self.fields).into_event())
    }

    /// The data of the next event that is complete, as it came, for those who need nothing else of it.
    pub(crate) fn next_data(&mut self) -> Option<&[u8]> {
        self.complete()?;
        Some(self.fields.data())
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
            "data: [\"a list, whose first item is no error\"]\n\n",
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
    fn a_large_event_leaves_no_room_behind() {
        let mut splitter = Splitter::new();
        let large = [b"data: ".as_slice(), &vec![b'x'; EVENT_CAP_BYTES / 2], b"\n\n"].concat();
        splitter.push(&large);
        assert!(splitter.next_event().is_some());
        splitter.push(b"data: a\n\n");
        assert!(splitter.next_event().is_some());
        splitter.push(b"");
        assert!(splitter.lines.buffer.capacity() < EVENT_CAP_BYTES / 4, "{}", splitter.lines.buffer.capacity());
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
