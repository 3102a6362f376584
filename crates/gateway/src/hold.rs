//! Holds an answer's head back until its first event: until then another upstream can still do better.

use crate::kind::Kind;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use oar_protocol::sse::Splitter;
use oar_upstream::{BodyError, ResponseBody, UpstreamResponse};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::{Instant, timeout_at};

/// No more than this is held back: a stream that begins with so much and no event is passed on as it is.
const HELD_CAP_BYTES: usize = 64 * 1024;

type Streaming = UnsyncBoxBody<Bytes, BodyError>;
type Frames = VecDeque<Frame<Bytes>>;

/// Why a stream that had begun is not passed on.
pub(crate) enum Held {
    /// No event came in time; comments and empty keep-alives are none.
    Silent,
    /// It ended before its first event.
    Ended(Option<BodyError>),
    /// Its first event says that the upstream failed.
    Error,
}

/// Until when a stream is held back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    /// Then it is given up.
    pub(crate) deadline: Instant,
    /// Then it is passed on as it is, since its client must hear something.
    pub(crate) heartbeat: Option<Instant>,
}

/// Resolves as soon as the first event of a stream is there, with nothing of it lost; at once for any other answer.
pub(crate) async fn until_first_event(
    response: &mut UpstreamResponse,
    asked: &Method,
    until: impl FnOnce() -> Until,
) -> Result<(), Held> {
    let UpstreamResponse { status, headers, body: ResponseBody::Body(body) } = response else { return Ok(()) };
    let has_events = status.is_success() && Kind::of(headers) == Kind::Events;
    if !has_events || asked == Method::HEAD || *status == StatusCode::NO_CONTENT {
        return Ok(());
    }
    // Such a body may not be asked for more.
    if body.is_end_stream() {
        return Err(Held::Ended(None));
    }
    let frames = hold(body, until()).await?;
    let nothing = UnsyncBoxBody::new(Empty::new().map_err(|never| match never {}));
    response.body = ResponseBody::stream(First { frames, rest: std::mem::replace(body, nothing) });
    Ok(())
}

/// What came up to the first event.
async fn hold(body: &mut Streaming, Until { deadline, heartbeat }: Until) -> Result<Frames, Held> {
    let mut frames = Frames::new();
    let first = timeout_at(heartbeat.map_or(deadline, |beat| beat.min(deadline)), read(body, &mut frames)).await;
    match first {
        Ok(read) => read.map(|()| frames),
        Err(_) if heartbeat.is_some_and(|beat| beat < deadline) => Ok(frames),
        Err(_) => Err(Held::Silent),
    }
}

/// Reads until there is an event. Cancel safe: what was read is in `frames`.
async fn read(body: &mut Streaming, frames: &mut Frames) -> Result<(), Held> {
    let mut splitter = Splitter::new();
    let mut held = 0;
    while held <= HELD_CAP_BYTES {
        let frame = match body.frame().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(Held::Ended(Some(error))),
            None => return Err(Held::Ended(None)),
        };
        if let Some(piece) = frame.data_ref() {
            held += piece.len();
            splitter.push(piece);
        }
        frames.push_back(frame);
        match splitter.next_event() {
            Some(event) if event.is_error() => return Err(Held::Error),
            Some(_) => break,
            None => {}
        }
    }
    Ok(())
}

/// A body whose beginning has been read already.
struct First {
    frames: Frames,
    rest: Streaming,
}

impl Body for First {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(frame) = self.frames.pop_front() else { return Pin::new(&mut self.rest).poll_frame(cx) };
        if self.frames.is_empty() {
            // The stream may go on for long, and needs no room for a beginning any more.
            self.frames = Frames::new();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
