//! An upstream's body on its way to the client, piece by piece, and the end of the story.

use crate::backend::Patience;
use crate::drain::Drains;
use crate::ending::{Cut, LastWords};
use crate::events::{Completeness, Events};
use crate::idle::Idle;
use crate::ledger::Ledger;
use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use oar_exchange::Outcome;
use oar_upstream::BodyError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// An upstream's body, passed on as it comes: nothing is merged or changed, and only the part of an event that has not
/// come whole is held back.
///
/// It owns the story: told as complete after the last frame, as broken when the upstream's body fails, stops short or
/// falls silent, and, when it is dropped before that, as left by the client, unless a stream had said its last word.
/// Dropping it drops the upstream's body, which ends the upstream's work, unless its backend wants answers
/// [read to their end](crate::OnClientClose::Drain).
///
/// ```
/// # use {http_body::Body, oar_gateway::{AnswerBody, Gateway, Relay}};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let router = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/router.rs"));
/// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
/// let answer = Gateway::builder(router).build().serve(request).await;
/// let AnswerBody::Right(relay) = answer.into_body() else { panic!("an upstream answered") };
/// let relay: Relay = relay;
/// assert_eq!(relay.size_hint().exact(), Some(5));
/// # }
/// ```
pub struct Relay {
    body: UnsyncBoxBody<Bytes, BodyError>,
    events: Option<Events>,
    idle: Idle,
    /// Rings when the client of a stream has heard nothing for so long that a proxy on the way may take it for dead.
    heartbeat: Option<Idle>,
    /// Yields when the gateway waits no longer for what still runs. Made when something is waited for; and looked at only
    /// when it has woken the task itself, since to look takes a lock that all answers share.
    stopped: Option<FuturesUnordered<WaitForCancellationFutureOwned>>,
    ledger: Option<Ledger>,
    outcome: Outcome,
    last_words: LastWords,
    /// Who reads on when the client leaves, if anybody does.
    drains: Option<Drains>,
}

/// What the client of a silent stream hears: a comment, which is no event.
const HEARTBEAT: &[u8] = b": keep-alive\n\n";

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
            .map(|_| why.news());
        if let Some(news) = &news {
            self.sends(news);
        }
        self.close(why.outcome(), Some(why.to_string()));
        self.last_words = LastWords::of_cut(news, why);
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
        let wait = || FuturesUnordered::from_iter([ledger.cut().clone().cancelled_owned()]);
        self.stopped.get_or_insert_with(wait).poll_next_unpin(cx).map(drop)
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
                    if let Some(frame) = self.pass(frame) {
                        if let Some(heartbeat) = &mut self.heartbeat {
                            heartbeat.something_came();
                        }
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
}

impl Relay {
    /// What has not been read yet, for those who hear the story alone.
    fn rest(&mut self, ledger: Ledger) -> Self {
        let nothing = UnsyncBoxBody::new(Empty::new().map_err(|never| match never {}));
        let body = std::mem::replace(&mut self.body, nothing);
        let patience = Patience { idle: self.idle.limit(), ..Patience::default() };
        Self::new(body, self.events.take(), patience, self.outcome, ledger)
    }
}

impl Drop for Relay {
    /// The client has left: with the whole answer, if the last word has been said, though the framing has not ended. What
    /// is left to be read is handed over, if somebody wants it.
    fn drop(&mut self) {
        let Some(mut ledger) = self.ledger.take_if(|_| !std::thread::panicking()) else { return };
        let has_it_all = self.events.as_ref().is_some_and(Events::has_said_end);
        match self.drains.take().filter(|_| !ledger.cut().is_cancelled()) {
            Some(drains) => {
                ledger.client_leaves(if has_it_all { self.outcome } else { Outcome::ClientClosed });
                drains.read_on(self.rest(ledger));
            }
            None if has_it_all => ledger.close(self.outcome, None),
            None => drop(ledger),
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.poll_upstream(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(Ok(frame))),
            Poll::Pending if matches!(self.last_words, LastWords::NotYet) => Poll::Pending,
            Poll::Pending => self.last_words.poll(cx),
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
