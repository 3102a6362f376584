//! One connection of HTTP/1.1, on which one request follows the other. It has no task of its own: whoever waits for an
//! answer, or reads one, moves its bytes, and whoever lets go of either ends it.

use super::framing::{Found, Framing};
use super::head::{self, Head, NoHead};
use super::kept::Kept;
use super::link::Unanswered;
use super::wire::Wire;
use crate::{BodyError, Duplex, Fault, ResponseBody, UpstreamError};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// A connection on which no request is, or one.
pub(super) struct Line {
    wire: Wire,
    /// Whether it has answered before: only then can it have been closed for being idle.
    has_answered: bool,
}

impl Line {
    /// HTTP on a connection that has just been made.
    pub(super) fn open(stream: impl Duplex) -> Self {
        Self { wire: Wire::new(stream), has_answered: false }
    }

    /// Sends a request and waits for the head of its answer. When the answer has been read the connection goes to `kept`,
    /// if it can take another request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub(super) async fn ask(
        mut self,
        request: Request<Bytes>,
        kept: Kept,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        self.wire.begin(head::of_request(&request), request.body().clone());
        let begun = poll_fn(|cx| self.wire.poll_begin(cx)).await;
        if begun.is_err() && self.has_answered && !self.wire.has_sent() {
            return Err(Unanswered::Unsent(Box::new(request)));
        }
        let method = request.into_parts().0.method;
        let Head { status, headers, framing, stays_open } = match poll_fn(|cx| self.poll_head(cx, &method)).await {
            Ok(head) => head,
            Err(error) => return Err(self.failed(error).into()),
        };
        self.has_answered = true;
        let body = if status == StatusCode::SWITCHING_PROTOCOLS {
            self.into_tunnel().await?
        } else {
            ResponseBody::stream(Answer::new(self, framing, stays_open.then_some(kept)))
        };
        let mut response = Response::new(body);
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }

    /// Whether it can take another request, as far as anybody has heard: bytes that nobody asked for are no good either.
    pub(super) fn is_open(&mut self) -> bool {
        self.wire.poll_receive(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Sends what is to be sent, until a head comes. Who will not read all of a request may have answered it.
    fn poll_head(&mut self, cx: &mut Context<'_>, method: &Method) -> Poll<Result<Head, NoHead>> {
        let sent = self.wire.poll_send(cx);
        match (self.poll_received_head(cx, method), sent) {
            (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(error.into())),
            (polled, _) => polled,
        }
    }

    fn poll_received_head(&mut self, cx: &mut Context<'_>, method: &Method) -> Poll<Result<Head, NoHead>> {
        loop {
            if ready!(self.wire.poll_receive(cx))? == 0 {
                return Poll::Ready(Err(NoHead::Closed));
            }
            if let Some(head) = self.wire.take(|received| Head::take(received, method))? {
                return Poll::Ready(Ok(head));
            }
        }
    }

    /// The connection for another protocol, which begins behind the whole request (RFC 9110, section 7.8).
    async fn into_tunnel(mut self) -> Result<ResponseBody, UpstreamError> {
        match poll_fn(|cx| self.wire.poll_send(cx)).await {
            Ok(()) => Ok(ResponseBody::Tunnel(Box::new(self.wire.into_tunnel()))),
            Err(error) => Err(self.failed(error.into())),
        }
    }

    /// What a request came to that got no answer.
    fn failed(&self, error: NoHead) -> UpstreamError {
        let fault = error.fault();
        let is_stale = fault == Fault::Reset && self.has_answered && !self.wire.has_heard();
        UpstreamError::caused_by(if is_stale { Fault::StaleConnection } else { fault }, error)
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, framing: &mut Framing) -> Poll<io::Result<Option<Frame<Bytes>>>> {
        // A request that could not be sent to its end may be answered all the same, and this is its answer.
        let _ = self.wire.poll_send(cx);
        loop {
            match self.wire.take(|received| framing.next(received))? {
                Found::Data(data) => return Poll::Ready(Ok(Some(Frame::data(data)))),
                Found::Trailers(trailers) => return Poll::Ready(Ok(Some(Frame::trailers(trailers)))),
                Found::End => return Poll::Ready(Ok(None)),
                Found::TooLittle if ready!(self.wire.poll_receive(cx))? == 0 => framing.closed()?,
                Found::TooLittle => {}
            }
        }
    }
}

/// An answer's body, and the connection that it comes on.
struct Answer {
    framing: Framing,
    /// `None` when the body is over.
    line: Option<Line>,
    /// Where the connection is kept afterwards, if it can be.
    kept: Option<Kept>,
}

/// Why an answer's body ended early.
#[derive(Debug, thiserror::Error)]
#[error("error reading a body from connection")]
struct BrokenBody(#[source] io::Error);

impl Answer {
    fn new(line: Line, framing: Framing, kept: Option<Kept>) -> Self {
        let mut answer = Self { framing, line: Some(line), kept };
        answer.keep_if_over();
        answer
    }

    /// The answer is complete: the connection waits for another request, unless half of this one is still on it, or more
    /// than its answer.
    fn keep_if_over(&mut self) {
        if self.framing == Framing::OVER
            && let Some((line, kept)) = self.line.take().zip(self.kept.take())
            && line.wire.is_quiet()
        {
            kept.keep(line);
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { line: Some(line), framing, .. } = &mut *self else { return Poll::Ready(None) };
        let polled = ready!(line.poll_body(cx, framing));
        match &polled {
            Ok(_) => self.keep_if_over(),
            Err(_) => self.line = None,
        }
        Poll::Ready(polled.map_err(|error| BrokenBody(error).into()).transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.framing == Framing::OVER
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::Length(left) => SizeHint::with_exact(left),
            Framing::Chunked(_) | Framing::UntilClosed => SizeHint::default(),
        }
    }
}
