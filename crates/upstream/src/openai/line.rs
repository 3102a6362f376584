//! One connection of HTTP/1.1, on which one request follows the other. It has no task of its own: whoever waits for an
//! answer, or reads one, moves its bytes, and whoever lets go of either ends it.

use super::ear::Ear;
use super::fault;
use super::kept::Kept;
use super::unanswered::Unanswered;
use crate::{BodyError, Fault, ResponseBody, UpstreamError};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite};

/// The largest response head, and the largest piece of a body read at once.
const READ_BUFFER_CAP_BYTES: usize = 48 * 1024;

/// A connection on which no request is, or one.
pub(super) struct Line {
    sender: SendRequest<Full<Bytes>>,
    connection: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
    /// The other side, or an error, has ended it.
    is_over: bool,
    /// Whether it has answered before: only then can it have been closed for being idle.
    has_answered: bool,
    /// Whether anything has come since the last request went out.
    heard: Arc<AtomicBool>,
}

impl Line {
    /// HTTP on a connection that has just been made.
    pub(super) async fn open(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, UpstreamError> {
        let heard = Arc::new(AtomicBool::new(false));
        let io = TokioIo::new(Ear::new(stream, Arc::clone(&heard)));
        let handshake = http1::Builder::new().max_buf_size(READ_BUFFER_CAP_BYTES).handshake(io);
        let (sender, connection) = handshake.await.map_err(|error| fault::of_hyper(error.into()))?;
        let connection = Box::pin(connection.with_upgrades());
        Ok(Self { sender, connection, is_over: false, has_answered: false, heard })
    }

    /// Sends a request and waits for the head of its answer. When the answer has been read the connection goes to `kept`,
    /// if it can take another request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub(super) async fn ask(
        mut self,
        request: Request<Full<Bytes>>,
        kept: Kept,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        self.heard.store(false, Ordering::Relaxed);
        let answer = self.sender.try_send_request(request);
        let mut response = match self.drive(answer).await {
            Ok(response) => response,
            Err(mut error) => match error.take_message() {
                Some(unsent) if self.has_answered => return Err(Unanswered::Unsent(Box::new(unsent))),
                Some(_) | None => return Err(self.failed(error.into_error()).into()),
            },
        };
        self.has_answered = true;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let upgraded = self.drive(hyper::upgrade::on(&mut response)).await;
            let tunnel = TokioIo::new(upgraded.map_err(|error| fault::of_hyper(error.into()))?);
            return Ok(response.map(|_| ResponseBody::Tunnel(Box::new(tunnel))));
        }
        Ok(response.map(|body| Answer::new(self, body, kept).into()))
    }

    /// Whether it can take another request, as far as anybody has heard.
    pub(super) fn is_open(&mut self) -> bool {
        self.poll_connection(&mut Context::from_waker(Waker::noop()));
        !self.is_over && self.sender.is_ready()
    }

    /// What a request came to that got no answer.
    fn failed(&self, error: hyper::Error) -> UpstreamError {
        let failed = fault::of_hyper(error.into());
        let is_stale = failed.fault() == Fault::Reset && self.has_answered && !self.heard.load(Ordering::Relaxed);
        if is_stale { failed.called(Fault::StaleConnection) } else { failed }
    }

    /// Does what the connection is to bring about.
    async fn drive<W: Future>(&mut self, work: W) -> W::Output {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            self.poll_connection(cx);
            work.as_mut().poll(&mut self.context_after(cx))
        })
        .await
    }

    fn poll_connection(&mut self, cx: &mut Context<'_>) {
        if !self.is_over {
            // An error is told to whoever waits for an answer or reads one.
            self.is_over = self.connection.as_mut().poll(cx).is_ready();
        }
    }

    /// Of what the connection brings nobody else need be told: it is looked at right after the connection. Woken a second
    /// time, a task would only find that it has seen it.
    fn context_after<'a>(&self, cx: &'a Context<'_>) -> Context<'a> {
        if self.is_over { Context::from_waker(cx.waker()) } else { Context::from_waker(Waker::noop()) }
    }
}

/// An answer's body, and the connection that it comes on.
struct Answer {
    body: Incoming,
    /// `None` when the body is over.
    line: Option<Line>,
    kept: Kept,
}

impl Answer {
    fn new(line: Line, body: Incoming, kept: Kept) -> Self {
        let mut answer = Self { body, line: Some(line), kept };
        answer.keep_if_over();
        answer
    }

    fn keep_if_over(&mut self) {
        if self.body.is_end_stream() {
            self.keep();
        }
    }

    /// The answer is complete: the connection waits for another request.
    fn keep(&mut self) {
        if let Some(mut line) = self.line.take()
            && line.is_open()
        {
            self.kept.keep(line);
        }
    }

    fn poll_body(&mut self, cx: &Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let mut cx = match &self.line {
            Some(line) => line.context_after(cx),
            None => Context::from_waker(cx.waker()),
        };
        Pin::new(&mut self.body).poll_frame(&mut cx)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut polled = self.poll_body(cx);
        if polled.is_pending()
            && let Some(line) = &mut self.line
        {
            line.poll_connection(cx);
            polled = self.poll_body(cx);
        }
        match &polled {
            Poll::Ready(Some(Ok(_))) => self.keep_if_over(),
            Poll::Ready(Some(Err(_))) => self.line = None,
            Poll::Ready(None) => self.keep(),
            Poll::Pending => {}
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl From<Answer> for ResponseBody {
    fn from(answer: Answer) -> Self {
        Self::stream(answer)
    }
}
