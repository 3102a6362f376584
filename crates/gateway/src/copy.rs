//! What is kept of an answer while it goes by: its text, how many tokens it says it took, and what is odd about it.

use crate::error_answer::is_page_type;
use crate::kind::Kind;
use bytes::Bytes;
use http::Method;
use oar_exchange::{Exchange, Outcome, Transcript, Usage, Whole};
use oar_protocol::{StreamText, usage};

/// How much of the beginning of an answer is held until its end, whatever is kept: what is odd about it shows there.
const BEGINNING_BYTES: usize = 16 * 1024;

/// A copy of one answer.
#[derive(Default)]
pub(crate) struct Copied {
    text: Text,
    /// The most bytes of text that are kept.
    cap: usize,
    usage: Option<usage::Usage>,
    tail: Tail,
}

/// What the answer is, as far as keeping it goes.
#[derive(Default)]
enum Text {
    /// Nothing that could be read: binary, or compressed.
    #[default]
    None,
    /// Text, or JSON.
    Plain(Transcript),
    /// Events. They are held as they came until one is of a kind that is known.
    Events { came: Transcript, carried: Box<StreamText> },
}

impl Copied {
    /// Of an answer of this kind, of which no more than `cap` bytes are kept.
    pub(crate) fn of(kind: Kind, cap: usize) -> Self {
        let text = match kind {
            Kind::Opaque => Text::None,
            Kind::Text => Text::Plain(Transcript::default()),
            Kind::Events => Text::Events { came: Transcript::default(), carried: Box::new(StreamText::new(cap)) },
        };
        Self { text, cap, ..Self::default() }
    }

    pub(crate) fn push(&mut self, piece: &Bytes) {
        match &mut self.text {
            Text::None => {}
            Text::Plain(transcript) => {
                let cap = self.cap.max(BEGINNING_BYTES);
                if transcript.len() + piece.len() > cap {
                    self.tail.begin_with(transcript);
                    self.tail.push(piece);
                }
                transcript.keep(piece, cap);
            }
            Text::Events { came, carried } => {
                // Pieces of a stream are whole events, so a count is never cut in two.
                self.usage = usage::find(piece).or(self.usage);
                if self.cap > 0 {
                    carried.push(piece);
                }
                if carried.is_known() {
                    *came = Transcript::default();
                } else {
                    came.keep(piece, self.cap);
                }
            }
        }
    }

    /// What the operator should know of an upstream's answer with 200 that had a body to come, if anything: bytes are
    /// promised, not their meaning, but the record should not look as if all were well.
    pub(crate) fn oddity(&self, story: &Exchange) -> Option<&'static str> {
        let answer = &story.answer;
        let is_success = story.outcome == Outcome::Ok && answer.status == 200 && story.served_by().is_some();
        if !is_success || story.request.method == Method::HEAD {
            None
        } else if answer.bytes == 0 {
            Some("the answer is empty")
        } else if answer.content_type.as_deref().is_some_and(is_page_type) {
            Some("the answer is an HTML page")
        } else {
            self.is_error_answer().then_some("the answer is an error object")
        }
    }

    fn is_error_answer(&self) -> bool {
        match &self.text {
            Text::None | Text::Events { .. } => false,
            Text::Plain(beginning) => oar_protocol::is_error_answer(beginning.as_bytes()),
        }
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        let found = match &self.text {
            Text::None | Text::Events { .. } => self.usage,
            Text::Plain(whole) if !whole.is_truncated() => usage::find(last(whole.as_bytes())),
            Text::Plain(_) => usage::find(&self.tail.0),
        };
        found.map(|usage| Usage { prompt: usage.prompt_tokens, completion: usage.completion_tokens })
    }

    /// What is kept.
    pub(crate) fn into_transcript(self) -> Transcript {
        match self.text {
            Text::None => Transcript::default(),
            Text::Plain(_) if self.cap == 0 => Transcript::default(),
            Text::Plain(transcript) => transcript.cut(self.cap),
            Text::Events { carried, .. } if carried.is_known() => {
                let whole = if carried.is_truncated() { Whole::Cut } else { Whole::All };
                Transcript::assembled(carried.text(), whole)
            }
            Text::Events { .. } if self.cap == 0 => Transcript::default(),
            Text::Events { came, .. } => came,
        }
    }
}

/// The end of an answer that is longer than what is held of its beginning: providers tell usage last.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// What stands across the place where the copy ends is in neither part alone.
    fn begin_with(&mut self, transcript: &Transcript) {
        if self.0.is_empty() {
            self.push(transcript.as_bytes());
        }
    }

    fn push(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(last(piece));
        if self.0.len() > 2 * usage::TAIL_CAP_BYTES {
            self.0.drain(..self.0.len() - usage::TAIL_CAP_BYTES);
        }
    }
}

fn last(bytes: &[u8]) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(usage::TAIL_CAP_BYTES)..).unwrap_or_default()
}
