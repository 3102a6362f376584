//! Bodies that say how far they got.

use crate::serve::conversation::{Conversation, Running};
use crate::serve::streams::Appetite;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use oar_gateway::AnswerBody;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A request's body.
pub(crate) struct Upload {
    body: Incoming,
    is_over: bool,
    conversation: Arc<Conversation>,
}

impl Upload {
    pub(crate) const fn new(body: Incoming, conversation: Arc<Conversation>) -> Self {
        Self { body, is_over: false, conversation }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_over && !self.body.is_end_stream() {
            self.conversation.leaves_upload_unread();
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.is_over |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body: its request runs as long as there is one.
pub(crate) struct Download {
    body: AnswerBody,
    appetite: Option<Arc<Appetite>>,
    _running: Running,
}

impl Download {
    /// To be made in the task that sends it.
    pub(crate) fn new(body: AnswerBody, running: Running) -> Self {
        Self { body, appetite: Appetite::of_this_task(), _running: running }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = <AnswerBody as Body>::Error;

    /// hyper asks for a piece when it has room for one.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, <AnswerBody as Body>::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &self.appetite {
            Some(appetite) if polled.is_ready() => appetite.offered(),
            Some(appetite) => appetite.wants_more(),
            None => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
