//! An upstream's body on its way to the client, piece by piece, and the end of the story.

use crate::backend::Patience;
use crate::drain::Drains;
use crate::events::{Completeness, Events};
use crate::idle::Idle;
use crate::ledger::Ledger;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use oar_exchange::Outcome;
use oar_protocol::{ErrorBody, ErrorKind, sse};
use oar_upstream::BodyError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// An upstream's body, passed on as it comes: nothing is merged or changed, and only the part of an event that has not
/// come whole is held back.
///
/// It owns the story: told as complete after the last frame, as broken when the upstream's body fails, stops short or
/// falls silent, and, when it is dropped before that, as left by the client. Dropping it drops the upstream's body, which
/// ends the upstream's work, unless its backend wants answers [read to their end](crate::OnClientClose::Drain).
pub struct Relay {
    body: UnsyncBoxBody<Bytes, BodyError>,
    events: Option<Events>,
    idle: Idle,
    /// Rings when the client of a stream has heard nothing for so long that a proxy on the way may take it for dead.
    heartbeat: Option<Idle>,
    /// Resolves when the gateway waits no longer for what still runs. Made when something is waited for.
    stopped: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    ledger: Option<Ledger>,
    outcome: Outcome,
    last_words: LastWords,
    /// Who reads on when the client leaves, if anybody does.
    drains: Option<Drains>,
}

/// What the client of a silent stream hears: a comment, which is no event.
const HEARTBEAT: &[u8] = b": keep-alive\n\n";

/// How long a client has to read what came before an abnormal end.
const FAREWELL: Duration = Duration::from_millis(100);

/// What is still to be said once the upstream's body has ended.
enum LastWords {
    /// It has not ended.
    NotYet,
    /// The rest of a complete stream; then the end.
    Rest(Option<Bytes>),
    /// The news that the stream broke off; then an abnormal end.
    News(Bytes, BodyError),
    /// What there was to say has been handed over, and may not have been read: a server drops what it holds at an
    /// abnormal end, and some clients (Node's) drop what they have received and not read yet.
    Told(Pin<Box<Sleep>>, BodyError),
}

impl LastWords {
    fn told(why: BodyError) -> Self {
        Self::Told(Box::pin(sleep(FAREWELL)), why)
    }
}

/// Why an answer is cut.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("upstream's body ended early: {0}")]
    Failed(BodyError),
    #[error("upstream's stream stopped without saying that it was complete")]
    JustStopped,
    #[error("upstream sent nothing for {0:?}")]
    Silent(Duration),
    #[error("the gateway stopped before the answer was complete")]
    Stopped,
}

impl Cut {
    /// What the client reads of it.
    const fn news(&self) -> &'static str {
        match self {
            Self::Failed(_) | Self::JustStopped | Self::Silent(_) => {
                "The upstream broke off before the answer was complete."
            }
            Self::Stopped => "The gateway stopped before the answer was complete.",
        }
    }

    const fn outcome(&self) -> Outcome {
        match self {
            Self::Failed(_) | Self::JustStopped | Self::Silent(_) => Outcome::StreamBroken,
            Self::Stopped => Outcome::Drained,
        }
    }
}

impl Relay {
    /// `outcome` is how the story ends if the body arrives whole.
    pub(crate) fn new(
        body: UnsyncBoxBody<Bytes, BodyError>,
        events: Option<Events>,
        patience: Patience,
        outcome: Outcome,
        ledger: Ledger,
    ) -> Self {
        let (idle, ledger, last_words) = (Idle::new(patience.idle), Some(ledger), LastWords::NotYet);
        let heartbeat = patience.heartbeat.filter(|_| events.is_some()).map(Idle::new);
        let mut relay =
            Self { body, events, idle, heartbeat, stopped: None, ledger, outcome, last_words, drains: None };
        relay.close_if_complete();
        relay
    }

    /// When the client leaves, the rest is read by these.
    pub(crate) fn drained_by(mut self, drains: Drains) -> Self {
        self.drains = Some(drains);
        self
    }

    /// Takes every piece until the story has been told. Cancel safe.
    pub(crate) async fn read_to_end(&mut self) {
        while self.ledger.is_some() && self.frame().await.is_some() {}
    }

    /// A body that says so itself may not be polled again. What a stream of events says of itself counts instead.
    fn close_if_complete(&mut self) {
        if self.events.is_none() && self.body.is_end_stream() {
            self.complete();
        }
    }

    fn complete(&mut self) {
        self.close(self.outcome, None);
    }

    pub(crate) fn close(&mut self, outcome: Outcome, error: Option<String>) {
        if let Some(ledger) = self.ledger.take() {
            ledger.close(outcome, error);
        }
    }

    fn sends(&mut self, piece: &Bytes) {
        if let Some(ledger) = &mut self.ledger {
            ledger.sends(piece);
        }
    }

    /// Takes a frame of the upstream's; `None` when nothing of it can go out yet.
    fn pass(&mut self, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let frame = match (frame.into_data(), &mut self.events) {
            (Ok(piece), Some(events)) => Frame::data(events.push(piece)?),
            (Ok(piece), None) => Frame::data(piece),
            (Err(trailers), events) => {
                // Nothing comes behind trailers, and no server asks for it. Events need none, and may have a rest.
                let passed = events.is_none().then_some(trailers);
                self.finish();
                return passed;
            }
        };
        if let Some(piece) = frame.data_ref() {
            self.sends(piece);
        }
        self.close_if_complete();
        Some(frame)
    }

    /// The upstream's body has ended as it should, which is not to say that it is complete.
    fn finish(&mut self) {
        let (rest, completeness) = match &mut self.events {
            Some(events) => events.finish(),
            None => (None, Completeness::Complete),
        };
        match completeness {
            Completeness::Complete => {
                if let Some(rest) = &rest {
                    self.sends(rest);
                }
                self.complete();
                self.last_words = LastWords::Rest(rest);
            }
            Completeness::JustStopped => self.cut(Cut::JustStopped),
        }
    }

    /// The answer cannot be completed. A half event is not sent: the client could not tell it from a whole one.
    fn cut(&mut self, why: Cut) {
        let news = self
            .events
            .as_ref()
            .filter(|events| events.can_add_one() && !events.has_said_error())
            .filter(|_| self.ledger.as_ref().is_some_and(Ledger::has_client))
            .map(|_| sse::error_event(&ErrorBody::new(ErrorKind::UpstreamError, "stream_interrupted", why.news())));
        if let Some(news) = &news {
            self.sends(news);
        }
        self.close(why.outcome(), Some(why.to_string()));
        self.last_words = match news {
            Some(news) => LastWords::News(news, why.into()),
            None => LastWords::told(why.into()),
        };
    }

    /// Nothing came for as long as it may take. A stream that said that it was done is done, though its framing is not.
    fn fall_silent(&mut self) {
        match &self.events {
            Some(events) if events.has_said_end() => self.finish(),
            Some(_) | None => self.cut(Cut::Silent(self.idle.limit())),
        }
    }

    /// Ready when the gateway waits no longer. A story that has been told waits for nothing.
    fn poll_stopped(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(ledger) = &self.ledger else { return Poll::Pending };
        let wait = || Box::pin(ledger.cut().clone().cancelled_owned());
        self.stopped.get_or_insert_with(wait).as_mut().poll(cx)
    }

    /// Ready when the client must hear something, and can: a comment within an event would break it.
    fn poll_heartbeat(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Some(heartbeat), Some(events)) = (&mut self.heartbeat, &self.events) else { return Poll::Pending };
        ready!(heartbeat.poll_ring(cx));
        heartbeat.something_came();
        if events.can_add_one() { Poll::Ready(()) } else { heartbeat.poll_ring(cx) }
    }

    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<Frame<Bytes>> {
        while let LastWords::NotYet = self.last_words {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.idle.something_came();
                    if let Some(heartbeat) = &mut self.heartbeat {
                        heartbeat.something_came();
                    }
                    if let Some(frame) = self.pass(frame) {
                        return Poll::Ready(frame);
                    }
                }
                Poll::Ready(Some(Err(error))) => self.cut(Cut::Failed(error)),
                Poll::Ready(None) => self.finish(),
                Poll::Pending if self.poll_stopped(cx).is_ready() => self.cut(Cut::Stopped),
                Poll::Pending if self.idle.poll_ring(cx).is_ready() => self.fall_silent(),
                Poll::Pending => {
                    ready!(self.poll_heartbeat(cx));
                    let comment = Bytes::from_static(HEARTBEAT);
                    self.sends(&comment);
                    return Poll::Ready(Frame::data(comment));
                }
            }
        }
        Poll::Pending
    }

    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match std::mem::replace(&mut self.last_words, LastWords::Rest(None)) {
            LastWords::NotYet | LastWords::Rest(None) => Poll::Ready(None),
            LastWords::Rest(Some(rest)) => Poll::Ready(Some(Ok(Frame::data(rest)))),
            LastWords::News(news, why) => {
                self.last_words = LastWords::told(why);
                Poll::Ready(Some(Ok(Frame::data(news))))
            }
            LastWords::Told(mut pause, why) => {
                if pause.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Some(Err(why)));
                }
                self.last_words = LastWords::Told(pause, why);
                Poll::Pending
            }
        }
    }
}

impl Drop for Relay {
    /// Hands over what is left to be read, if somebody wants it: the client has left.
    fn drop(&mut self) {
        let Some(drains) = self.drains.take().filter(|_| !std::thread::panicking()) else { return };
        let Some(mut ledger) = self.ledger.take_if(|ledger| !ledger.cut().is_cancelled()) else { return };
        ledger.client_leaves();
        let nothing = UnsyncBoxBody::new(Empty::new().map_err(|never| match never {}));
        let body = std::mem::replace(&mut self.body, nothing);
        let patience = Patience { idle: self.idle.limit(), ..Patience::default() };
        drains.read_on(Self::new(body, self.events.take(), patience, self.outcome, ledger));
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.poll_upstream(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(Ok(frame))),
            Poll::Pending if matches!(self.last_words, LastWords::NotYet) => Poll::Pending,
            Poll::Pending => self.poll_last_words(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.last_words {
            LastWords::NotYet => self.events.is_none() && self.body.is_end_stream(),
            LastWords::Rest(ref rest) => rest.is_none(),
            LastWords::News(..) | LastWords::Told(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self.events {
            // An event may be added, or the last part held back for ever.
            Some(_) => SizeHint::default(),
            None => self.body.size_hint(),
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}
