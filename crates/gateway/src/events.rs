//! Event streams on their way to the client: in whole events, and known for complete or not.

use bytes::Bytes;
use oar_protocol::{Aligner, StreamEnd, sse};

/// Watches the events of one answer go by.
pub(crate) struct Events {
    aligner: Aligner,
    end: StreamEnd,
    said_end: bool,
    /// Whether the last event was an error.
    said_error: bool,
}

impl Events {
    /// Of an answer that must have said `end` to be complete.
    pub(crate) fn new(end: StreamEnd) -> Self {
        Self { aligner: Aligner::new(), end, said_end: false, said_error: false }
    }

    /// Takes the next piece and yields the whole events that can go out now.
    pub(crate) fn push(&mut self, piece: Bytes) -> Option<Bytes> {
        let events = self.aligner.push(piece)?;
        self.said_end = self.said_end || self.end.is_said_in(&events);
        self.said_error = sse::ends_with_error(&events);
        Some(events)
    }

    /// The upstream's stream ended: what is left of it, and whether it is complete.
    pub(crate) fn finish(&mut self) -> (Option<Bytes>, Completeness) {
        let rest = self.aligner.take_rest();
        self.said_end = self.said_end || self.end.is_said_in(rest.as_deref().unwrap_or_default());
        (rest, if self.said_end { Completeness::Complete } else { Completeness::JustStopped })
    }

    /// Whether it has said that it was done, in words: where none are known, only its framing can say so.
    pub(crate) fn has_said_end(&self) -> bool {
        self.said_end && self.end != StreamEnd::Any
    }

    /// Whether the client has been told already that there will be no end: once is enough.
    pub(crate) const fn has_said_error(&self) -> bool {
        self.said_error
    }

    /// Whether the client has got whole events only, so that one more can follow.
    pub(crate) fn can_add_one(&self) -> bool {
        self.aligner.is_between_events()
    }
}

/// Whether a stream that ended is all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    Complete,
    /// It did not say that it was done, as streams of its kind do.
    JustStopped,
}
