//! The fields of an event.

use super::{EVENT_CAP_BYTES, Event};
use memchr::memchr;

/// The most room that is kept from one event for the next.
const KEPT_ROOM_BYTES: usize = 16 * 1024;

/// What the lines of one event have said so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    name: Option<Vec<u8>>,
    data: Vec<u8>,
    id: Option<Vec<u8>>,
    has_data: bool,
    bytes: usize,
    place: Place,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    WithinAnEvent,
    BehindAnEvent,
}

impl Fields {
    /// Behind an event, the next one begins.
    pub(super) fn begin_if_complete(&mut self) {
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
    pub(super) fn take(&mut self, line: &[u8]) -> Place {
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

    /// The data so far, as it came.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    pub(super) fn into_event(self) -> Event {
        Event { name: self.name.map(text), data: text(self.data), id: self.id.map(text) }
    }

    /// Forgets the event, which is too long.
    pub(super) fn skip_to_blank_line(&mut self) {
        *self = Self { bytes: EVENT_CAP_BYTES + 1, ..Self::default() };
    }
}

/// What is no UTF-8 becomes replacement characters.
fn text(bytes: Vec<u8>) -> String {
    // Checking a text takes a small part of the time in which it is read for what is no text.
    String::from_utf8(bytes).unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned())
}
