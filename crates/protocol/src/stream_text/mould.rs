//! The form of an event, to know its like by.
//!
//! Nearly every event of a stream is the one before it with another text. Taking it apart for that text costs ten times
//! what it costs to see that all the rest is the same.

use super::Slot;
use super::event::{Added, NAMES, Piece};
use super::{Field, event};
use crate::scan::{Malformed, Scan};
use memchr::memmem;
use std::ops::Range;

/// An event that is longer is no mould: what is held for each stream must be little.
const CAP_BYTES: usize = 4 * 1024;

/// An event of which all is known but one text, and perhaps the values that make no difference.
pub(super) struct Mould {
    event: Vec<u8>,
    /// Where the text stands, and what it continues.
    text: Hole,
    slot: Slot,
    /// Where all of those values stand, and the text among them, in their order.
    holes: Vec<Hole>,
}

#[derive(Clone)]
struct Hole {
    place: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// The text: any JSON string.
    Text,
    /// Any value at all: an id, a number that counts events, padding.
    Any,
}

impl Mould {
    /// From an event that added one piece of text and nothing else.
    pub(super) fn of(event: &[u8], added: &Added<'_>) -> Option<Self> {
        let ([Piece { slot, field: Field::Text, json }], None) = (added.pieces.as_slice(), &added.error) else {
            return None;
        };
        if event.len() > CAP_BYTES || !added.is_known {
            return None;
        }
        let mut holes = holes(event).ok()?;
        let text = Hole { place: the_only(event, json)?, kind: Kind::Text };
        let at = holes.partition_point(|hole| hole.place.start < text.place.start);
        holes.insert(at, text.clone());
        Some(Self { event: event.to_owned(), text, slot: *slot, holes })
    }

    /// The text of an event of the same form: nothing else is different, or nothing else that counts.
    pub(super) fn piece_of<'a>(&self, event: &'a [u8]) -> Option<Piece<'a>> {
        let json =
            self.text_of(event, std::slice::from_ref(&self.text)).or_else(|| self.text_of(event, &self.holes))?;
        Some(Piece { slot: self.slot, field: Field::Text, json })
    }

    /// The text of an event that differs in these places alone.
    fn text_of<'a>(&self, event: &'a [u8], places: &[Hole]) -> Option<&'a [u8]> {
        let (mut rest, mut from, mut text) = (event, 0, None);
        for Hole { place, kind } in places {
            let mut value = Scan::new(rest.strip_prefix(self.event.get(from..place.start)?)?);
            let json = value.raw().ok()?;
            match kind {
                Kind::Text if !event::is_text(&json) => return None,
                Kind::Text => text = Some(json),
                Kind::Any => {}
            }
            (rest, from) = (value.rest(), place.end);
        }
        text.filter(|_| self.event.get(from..) == Some(rest))
    }
}

/// The values of those members that nobody looks into. What is no text and no number stays what it is.
fn holes(event: &[u8]) -> Result<Vec<Hole>, Malformed> {
    let mut holes = Vec::new();
    Scan::new(event).object(|value, name| {
        let json = value.raw()?;
        let is_looked_into = NAMES.iter().any(|known| name.is(known));
        if !is_looked_into && matches!(json.first(), Some(b'"' | b'0'..=b'9')) {
            let end = event.len() - value.rest().len();
            holes.push(Hole { place: end - json.len()..end, kind: Kind::Any });
        }
        Ok(())
    })?;
    Ok(holes)
}

/// Where this stands, if it stands there once.
fn the_only(event: &[u8], json: &[u8]) -> Option<Range<usize>> {
    let start = memmem::find(event, json).filter(|&first| memmem::rfind(event, json) == Some(first))?;
    Some(start..start + json.len())
}
