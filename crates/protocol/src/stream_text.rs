//! The text that a stream of server-sent events carries, as a person would read it.
//!
//! Known are chat completions (<https://platform.openai.com/docs/api-reference/chat-streaming>), the older completions,
//! responses (<https://platform.openai.com/docs/api-reference/responses-streaming>), transcriptions, and messages
//! (<https://docs.anthropic.com/en/docs/build-with-claude/streaming>). Where a stream has more than one thing to tell
//! (choices, tool calls, reasoning, an error at the end), each is on lines of its own, in the order in which it began.

mod event;
mod mould;

use crate::sse::Splitter;
use event::{Added, Event, Piece};
use mould::Mould;
use std::fmt;

/// The most things that one stream tells side by side: no answer has so many choices and tool calls.
const PARTS_CAP: usize = 256;

/// Puts the text of a stream together while it passes, in a small part of the room that its events take.
///
/// `Debug` shows none of it.
///
/// ```
/// use oar_protocol::StreamText;
///
/// let mut text = StreamText::new(1024);
/// text.push(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n");
/// text.push(b"data: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n");
/// assert_eq!(text.text(), "Hello");
/// ```
#[derive(Default)]
pub struct StreamText {
    splitter: Splitter,
    /// The last event but its text: the next one is likely to be the same.
    mould: Option<Mould>,
    told: Told,
}

/// What the events have told so far.
#[derive(Default)]
struct Told {
    parts: Vec<(Slot, Part)>,
    held: usize,
    cap: usize,
    is_known: bool,
    is_truncated: bool,
}

/// Which part of the answer a piece of text continues.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Reasoning { of: u64 },
    Text { of: u64 },
    Tool { of: u64, number: u64 },
    Error,
}

/// Which half of a part: all have a text, and a tool's call has a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Text,
}

#[derive(Default)]
struct Part {
    /// A tool's name; empty for everything else.
    name: String,
    text: String,
}

impl StreamText {
    /// Of a stream that is about to begin; of its text, no more than `cap` bytes are held.
    ///
    /// ```
    /// assert_eq!(oar_protocol::StreamText::new(1024).text(), "");
    /// ```
    pub fn new(cap: usize) -> Self {
        Self { told: Told { cap, ..Told::default() }, ..Self::default() }
    }

    /// Takes the next bytes of the stream, cut anywhere.
    ///
    /// ```
    /// # use oar_protocol::StreamText;
    /// let mut text = StreamText::new(1024);
    /// for piece in ["data: {\"choices\":[{\"te", "xt\":\"Hello\"}]}\n\n"] {
    ///     text.push(piece.as_bytes());
    /// }
    /// assert_eq!(text.text(), "Hello");
    /// ```
    pub fn push(&mut self, bytes: &[u8]) {
        self.splitter.push(bytes);
        while let Some(data) = self.splitter.next_data() {
            if let Some(piece) = self.mould.as_ref().and_then(|mould| mould.piece_of(data)) {
                self.told.append(&piece);
            } else if let Some(event) = Event::read(data) {
                let added = event.added();
                self.told.take(&added);
                self.mould = Mould::of(data, &added).or(self.mould.take());
            }
        }
    }

    /// Whether there was an event of a kind that is known here. If not, there is no telling what the stream's text is.
    ///
    /// ```
    /// # use oar_protocol::StreamText;
    /// let mut text = StreamText::new(1024);
    /// text.push(b"data: {\"candidates\":[]}\n\n");
    /// assert!(!text.is_known());
    /// ```
    pub const fn is_known(&self) -> bool {
        self.told.is_known
    }

    /// Whether there was more text than is held.
    ///
    /// ```
    /// # use oar_protocol::StreamText;
    /// let mut text = StreamText::new(4);
    /// text.push(b"data: {\"choices\":[{\"text\":\"Hello\"}]}\n\n");
    /// assert_eq!((text.is_truncated(), text.text()), (true, "Hell".into()));
    /// ```
    pub const fn is_truncated(&self) -> bool {
        self.told.is_truncated
    }

    /// The text so far. Empty for a stream that carries none, such as one of sound.
    ///
    /// ```
    /// # use oar_protocol::StreamText;
    /// let mut text = StreamText::new(1024);
    /// text.push(b"data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm.\"}}]}\n\n");
    /// text.push(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n");
    /// assert_eq!(text.text(), "[reasoning] Hm.\nHello");
    /// ```
    pub fn text(&self) -> String {
        self.told.parts.iter().map(|(slot, part)| part.told(*slot)).collect::<Vec<_>>().join("\n")
    }
}

impl Told {
    fn take(&mut self, added: &Added<'_>) {
        self.is_known |= added.is_known;
        added.pieces.iter().for_each(|piece| self.append(piece));
        if let Some(error) = &added.error {
            self.take_error(error);
        }
    }

    /// The first error is the one that counts.
    fn take_error(&mut self, error: &str) {
        if !self.parts.iter().any(|(slot, _)| *slot == Slot::Error) {
            self.extend(Slot::Error, Field::Text, error);
        }
    }

    fn append(&mut self, piece: &Piece<'_>) {
        self.extend(piece.slot, piece.field, &piece.text());
    }

    /// What does not fit is cut off, and so is everything after it: text with a hole in it is no text.
    fn extend(&mut self, slot: Slot, field: Field, piece: &str) {
        if piece.is_empty() || self.is_truncated {
            return;
        }
        let fits = piece.floor_char_boundary(self.cap.saturating_sub(self.held));
        self.is_truncated = fits < piece.len();
        if let Some(part) = self.part(slot) {
            part.field(field).push_str(piece.get(..fits).unwrap_or_default());
            self.held += fits;
        }
    }

    fn part(&mut self, slot: Slot) -> Option<&mut Part> {
        let known = self.parts.iter().rposition(|(known, _)| *known == slot);
        if known.is_none() && self.parts.len() == PARTS_CAP {
            self.is_truncated = true;
            return None;
        }
        let at = known.unwrap_or_else(|| {
            self.parts.push((slot, Part::default()));
            self.parts.len() - 1
        });
        self.parts.get_mut(at).map(|(_, part)| part)
    }
}

impl Part {
    const fn field(&mut self, field: Field) -> &mut String {
        match field {
            Field::Name => &mut self.name,
            Field::Text => &mut self.text,
        }
    }

    fn told(&self, slot: Slot) -> String {
        let Self { name, text } = self;
        match slot {
            Slot::Text { .. } => text.clone(),
            Slot::Reasoning { .. } => format!("[reasoning] {text}"),
            Slot::Tool { .. } => format!("[tool call] {name}({text})"),
            Slot::Error => format!("[error] {text}"),
        }
    }
}

impl fmt::Debug for StreamText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamText").field("held", &self.told.held).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
