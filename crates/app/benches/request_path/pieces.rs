//! A body that comes in pieces.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How the pieces come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// All are there, and it is known how long they are.
    Whole,
    /// All are there.
    AtOnce,
    /// Whoever reads is told to wait before each, and woken again.
    OneByOne,
}

/// Some pieces, and then the end.
pub(crate) struct Pieces {
    left: std::vec::IntoIter<Bytes>,
    pace: Pace,
    has_waited: bool,
}

impl Pieces {
    pub(crate) fn new(pieces: Vec<Bytes>, pace: Pace) -> Self {
        Self { left: pieces.into_iter(), pace, has_waited: false }
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, Infallible>>>;

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        if self.pace == Pace::OneByOne && !std::mem::replace(&mut self.has_waited, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.has_waited = false;
        Poll::Ready(self.left.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pace == Pace::Whole && self.left.as_slice().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.pace {
            Pace::Whole => SizeHint::with_exact(self.left.as_slice().iter().map(|piece| piece.len() as u64).sum()),
            Pace::AtOnce | Pace::OneByOne => SizeHint::default(),
        }
    }
}
