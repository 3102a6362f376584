//! One connection of HTTP/2, on which many requests are at a time.

use super::link::Unanswered;
use crate::{BodyError, ResponseBody, UpstreamError, fault};
use bytes::Bytes;
use h2::Reason;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connection that all requests to a host share must not be dead for long without anybody noticing.
const PING_INTERVAL: Duration = Duration::from_secs(15);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// More requests at a time get another connection: what is lost on the way holds up all that share one, and servers are told
/// to allow no fewer (RFC 9113, section 6.5.2).
const STREAMS_CAP: usize = 100;

/// A shared connection. It ends when nobody holds it, and no answer that comes on it.
#[derive(Clone)]
pub(super) struct Multiplexed {
    sender: SendRequest<Full<Bytes>>,
    /// One is held here, and one by each request that runs.
    places: Arc<()>,
}

impl Multiplexed {
    /// HTTP on a connection that has just been made.
    pub(super) async fn open(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Self, UpstreamError> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .adaptive_window(true)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT);
        let handshake = builder.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(failed)?;
        // Its owners are those who use it: with the last of them it ends.
        TokioExecutor::new().execute(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to an upstream ended with an error");
            }
        });
        Ok(Self { sender, places: Arc::default() })
    }

    /// Whether it can take one more request.
    pub(super) fn has_room(&self) -> bool {
        self.is_open() && self.running() < STREAMS_CAP
    }

    /// Whether it is there, as far as anybody has heard.
    pub(super) fn is_open(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed()
    }

    /// How many requests run on it.
    pub(super) fn running(&self) -> usize {
        Arc::strong_count(&self.places) - 1
    }

    /// A place for one request.
    pub(super) fn place(&self) -> Place {
        Place { sender: self.sender.clone(), place: Arc::clone(&self.places) }
    }
}

/// A place on a shared connection.
pub(super) struct Place {
    sender: SendRequest<Full<Bytes>>,
    place: Arc<()>,
}

impl Place {
    /// Sends a request and waits for the head of its answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the request, and no other.
    pub(super) async fn ask(mut self, request: Request<Bytes>) -> Result<Response<ResponseBody>, Unanswered> {
        let body = request.body().clone();
        match self.sender.try_send_request(request.map(Full::new)).await {
            Ok(response) => Ok(response.map(|body| ResponseBody::stream(Answer { body, _place: self.place }))),
            Err(mut error) => Err(match error.take_message() {
                Some(unsent) => Unanswered::Unsent(Box::new(unsent.map(|_| body))),
                None => unanswered(error.into_error()),
            }),
        }
    }
}

fn failed(error: hyper::Error) -> UpstreamError {
    UpstreamError::caused_by(fault::of_request(&error), error)
}

fn unanswered(error: hyper::Error) -> Unanswered {
    let cause = error.source().and_then(<dyn Error>::downcast_ref);
    if cause.is_some_and(is_unprocessed) { Unanswered::Refused(error) } else { failed(error).into() }
}

/// Whether the other side says that it has not processed the request, and will not (RFC 9113, section 8.7). A connection that
/// goes away ends the streams above the last one that it names like this, and no others.
fn is_unprocessed(error: &h2::Error) -> bool {
    let is_going = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    error.is_remote() && (is_going || is_refused)
}

/// An answer's body, and its place.
struct Answer {
    body: Incoming,
    _place: Arc<()>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
