//! Cuts a stream of server-sent events between events.
//!
//! The gateway may have to add an event of its own when an upstream breaks off. That is only possible between two events,
//! so a relayed stream is handed on in whole events; its bytes stay what they were.

use bytes::{Bytes, BytesMut};
use memchr::memrchr2;

/// An event that grows beyond this is handed on in pieces: what is held back must not grow without end.
///
/// ```
/// use oar_protocol::{Aligner, HELD_CAP_BYTES};
///
/// let mut aligner = Aligner::new();
/// assert!(aligner.push(vec![b'x'; HELD_CAP_BYTES].into()).is_none());
/// assert!(aligner.push("x".into()).is_some_and(|piece| piece.len() > HELD_CAP_BYTES));
/// ```
pub const HELD_CAP_BYTES: usize = 1024 * 1024;

/// Holds an incomplete event back until its rest has come.
///
/// ```
/// use oar_protocol::Aligner;
///
/// let mut aligner = Aligner::new();
/// assert_eq!(aligner.push("data: a\n\nda".into()).as_deref(), Some(&b"data: a\n\n"[..]));
/// assert_eq!(aligner.push("ta: b\n\n".into()).as_deref(), Some(&b"data: b\n\n"[..]));
/// ```
#[derive(Debug, Default)]
pub struct Aligner {
    held: BytesMut,
    place: Place,
}

/// Where in the stream the bytes that were handed on end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    BetweenEvents,
    WithinAnEvent,
}

impl Aligner {
    /// An aligner at the start of a stream.
    ///
    /// ```
    /// assert!(oar_protocol::Aligner::new().is_between_events());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece and yields all that can be handed on now: whole events, without a copy when the piece ends
    /// where an event ends.
    ///
    /// ```
    /// # use oar_protocol::Aligner;
    /// assert_eq!(Aligner::new().push("data: not all of it".into()), None);
    /// ```
    pub fn push(&mut self, mut piece: Bytes) -> Option<Bytes> {
        if !self.held.is_empty() {
            piece = self.piece_behind_held(&piece)?;
        }
        match end_of_last_event(&piece) {
            Some(end) => {
                self.place = Place::BetweenEvents;
                let whole = piece.split_to(end);
                self.held.extend_from_slice(&piece);
                Some(whole)
            }
            None if self.place == Place::WithinAnEvent || piece.len() > HELD_CAP_BYTES => {
                self.place = Place::WithinAnEvent;
                Some(piece)
            }
            None => {
                self.held.extend_from_slice(&piece);
                None
            }
        }
    }

    /// All that is held, and this behind it, unless that is to be held as well. An event may come in a million pieces: what
    /// came before is neither copied nor searched for each of them.
    fn piece_behind_held(&mut self, piece: &[u8]) -> Option<Bytes> {
        let searched = self.held.len().saturating_sub(BLANK_LINE_CAP_BYTES);
        self.held.extend_from_slice(piece);
        let has_end = self.held.get(searched..).and_then(end_of_last_event).is_some();
        (has_end || self.held.len() > HELD_CAP_BYTES).then(|| std::mem::take(&mut self.held).freeze())
    }

    /// What is held back: at the end of a complete stream it belongs to the client, whatever it is.
    ///
    /// ```
    /// # use oar_protocol::Aligner;
    /// let mut aligner = Aligner::new();
    /// aligner.push("data: cut o".into());
    /// assert_eq!(aligner.take_rest().as_deref(), Some(&b"data: cut o"[..]));
    /// assert_eq!(aligner.take_rest(), None);
    /// ```
    pub fn take_rest(&mut self) -> Option<Bytes> {
        (!self.held.is_empty()).then(|| std::mem::take(&mut self.held).freeze())
    }

    /// Whether what was handed on ends between two events, so that another one can follow.
    ///
    /// ```
    /// # use oar_protocol::{Aligner, HELD_CAP_BYTES};
    /// let mut aligner = Aligner::new();
    /// aligner.push("data: a\n\nda".into());
    /// assert!(aligner.is_between_events(), "what is held back was not handed on");
    /// aligner.push(vec![b'x'; HELD_CAP_BYTES].into());
    /// assert!(!aligner.is_between_events(), "it grew too long to be held back");
    /// ```
    pub fn is_between_events(&self) -> bool {
        self.place == Place::BetweenEvents
    }
}

/// The longest blank line with the line end before it: `\r\n\r\n`.
const BLANK_LINE_CAP_BYTES: usize = 4;

/// Just behind the last blank line: a line end that follows a line end.
fn end_of_last_event(bytes: &[u8]) -> Option<usize> {
    let mut end = bytes.len();
    while let Some(at) = memrchr2(b'\n', b'\r', bytes.get(..end)?) {
        let line_end = bytes.get(..=at)?;
        let before = line_end.strip_suffix(b"\r\n").or_else(|| line_end.split_last().map(|(_, before)| before))?;
        if matches!(before.last(), Some(b'\n' | b'\r')) {
            return Some(at + 1);
        }
        end = at;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn align(pieces: &[&'static str]) -> (Vec<String>, String) {
        let mut aligner = Aligner::new();
        let whole = pieces.iter().filter_map(|piece| aligner.push(Bytes::from_static(piece.as_bytes())));
        let whole = whole.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
        let rest = aligner.take_rest().unwrap_or_default();
        (whole, String::from_utf8_lossy(&rest).into_owned())
    }

    #[test]
    fn only_whole_events_are_handed_on() {
        let (whole, rest) = align(&["data: a\n\nda", "ta: b\n", "\n", "data: c\r\n\r\n: ping\r\n\r\ndata: d", "\r\n"]);
        assert_eq!(whole, ["data: a\n\n", "data: b\n\n", "data: c\r\n\r\n: ping\r\n\r\n"]);
        assert_eq!(rest, "data: d\r\n");
    }

    #[test]
    fn line_ends_of_every_kind_make_a_blank_line() {
        for stream in ["data: a\n\n", "data: a\r\r", "data: a\r\n\r\n", "data: a\n\r\n", "data: a\r\n\n"] {
            assert_eq!(align(&[stream]), (vec![stream.to_owned()], String::new()), "{stream:?}");
        }
        assert_eq!(align(&["data: a\r\n"]), (vec![], "data: a\r\n".to_owned()));
    }

    #[test]
    fn a_piece_that_ends_with_an_event_is_not_copied() {
        let piece = Bytes::from_static(b"data: a\n\ndata: b\n\n");
        assert_eq!(Aligner::new().push(piece.clone()).map(|whole| whole.as_ptr()), Some(piece.as_ptr()));
    }

    #[test]
    fn what_is_held_back_is_not_copied_for_every_piece_that_follows() {
        let mut aligner = Aligner::new();
        aligner.held.reserve(4096);
        let held_at = aligner.held.as_ptr();
        for _ in 0..4096 {
            assert_eq!(aligner.push(Bytes::from_static(b"x")), None);
        }
        assert_eq!(aligner.held.as_ptr(), held_at);
        assert_eq!(aligner.push(Bytes::from_static(b"\n\n")).map(|event| event.len()), Some(4098));
    }

    #[test]
    fn an_endless_event_is_handed_on_in_pieces_until_it_ends() {
        let mut aligner = Aligner::new();
        let piece = Bytes::from(vec![b'x'; 700 * 1024]);
        assert_eq!(aligner.push(piece.clone()), None);
        assert_eq!(aligner.push(piece.clone()).map(|handed| handed.len()), Some(1400 * 1024));
        assert!(!aligner.is_between_events());
        assert_eq!(aligner.push(piece.clone()), Some(piece));
        assert_eq!(aligner.push(Bytes::from_static(b"\n\ndata: b")), Some(Bytes::from_static(b"\n\n")));
        assert!(aligner.is_between_events());
        assert_eq!(aligner.take_rest(), Some(Bytes::from_static(b"data: b")));
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_or_changed(stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..300), cuts in proptest::collection::vec(0..300_usize, 0..6)) {
            let mut aligner = Aligner::new();
            let mut out = Vec::new();
            let mut rest = stream.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                rest = after;
                out.extend(aligner.push(Bytes::copy_from_slice(piece)).unwrap_or_default());
            }
            out.extend(aligner.push(Bytes::copy_from_slice(rest)).unwrap_or_default());
            out.extend(aligner.take_rest().unwrap_or_default());
            prop_assert_eq!(out, stream);
        }
    }
}
