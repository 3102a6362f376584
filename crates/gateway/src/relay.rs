//! The winner's answer on its way to the client, piece by piece, and the end of the story.

use crate::attempt::Winner;
use crate::head::{X_OAR_ATTEMPTS, X_OAR_UPSTREAM, X_REQUEST_ID};
use crate::ledger::Ledger;
use crate::tunnel;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use hyper::upgrade::OnUpgrade;
use oar_exchange::Outcome;
use oar_protocol::headers;
use oar_upstream::{BodyError, ResponseBody};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio_util::task::TaskTracker;

/// The body of an answer: the gateway's own, or an upstream's.
pub type AnswerBody = Either<Full<Bytes>, Relay>;

/// Commits to the winner: from here on the answer is finished or cut, never replaced.
pub(crate) fn relay(
    winner: Winner,
    upgrade: Option<OnUpgrade>,
    mut ledger: Ledger,
    tunnels: &TaskTracker,
) -> Response<AnswerBody> {
    let status = winner.response.status;
    let headers = relayed_headers(winner.response.headers, &winner.asked, &winner.upstream, &ledger);
    ledger.answers(status, &headers);
    match winner.response.body {
        ResponseBody::Body(body) => respond(status, headers, Either::Right(Relay::new(body, winner.outcome, ledger))),
        ResponseBody::Tunnel(upstream) => {
            let response = respond(status, tunnel::switching(headers), Either::Left(Full::default()));
            tunnel::open(upstream, upgrade, ledger, tunnels);
            response
        }
    }
}

/// An answer of the gateway's own.
pub(crate) fn own(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<AnswerBody> {
    respond(status, headers, Either::Left(Full::new(body)))
}

fn respond(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The upstream's headers without what concerns its own connection or poses as ours, and with who served.
fn relayed_headers(mut relayed: HeaderMap, asked: &Method, upstream: &str, ledger: &Ledger) -> HeaderMap {
    let length = relayed.get(header::CONTENT_LENGTH).filter(|_| asked == Method::HEAD).cloned();
    headers::strip_hop_by_hop(&mut relayed);
    relayed.extend(length.map(|length| (header::CONTENT_LENGTH, length)));
    let theirs: Vec<_> = relayed.keys().filter(|name| headers::is_upstreams_own(name)).cloned().collect();
    for name in theirs {
        relayed.remove(name);
    }
    let ours = [
        (X_REQUEST_ID, HeaderValue::try_from(ledger.request_id())),
        (X_OAR_UPSTREAM, HeaderValue::try_from(upstream)),
        (X_OAR_ATTEMPTS, Ok(HeaderValue::from(ledger.attempts()))),
    ];
    for (name, value) in ours {
        if let Ok(value) = value {
            relayed.insert(name, value);
        }
    }
    if is_event_stream(&relayed) {
        // Proxies before the gateway must not hold events back: nginx reads this header.
        relayed.entry("x-accel-buffering").or_insert(HeaderValue::from_static("no"));
        relayed.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
    relayed
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("text/event-stream"))
}

/// An upstream's body, passed on frame by frame as it comes: nothing is held back, merged or changed.
///
/// It owns the story: told as complete after the last frame, as broken when the upstream's body fails, and, when it is
/// dropped before that, as left by the client. Dropping it drops the upstream's body, which ends the upstream's work.
pub struct Relay {
    body: UnsyncBoxBody<Bytes, BodyError>,
    ledger: Option<Ledger>,
    outcome: Outcome,
}

impl Relay {
    fn new(body: UnsyncBoxBody<Bytes, BodyError>, outcome: Outcome, ledger: Ledger) -> Self {
        let mut relay = Self { body, ledger: Some(ledger), outcome };
        relay.close_if_complete();
        relay
    }

    /// A body that says so itself may not be polled again.
    fn close_if_complete(&mut self) {
        if self.body.is_end_stream() {
            self.complete();
        }
    }

    fn complete(&mut self) {
        self.close(self.outcome, None);
    }

    fn close(&mut self, outcome: Outcome, error: Option<String>) {
        if let Some(ledger) = self.ledger.take() {
            ledger.close(outcome, error);
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &polled {
            Some(Ok(frame)) => {
                if let (Some(data), Some(ledger)) = (frame.data_ref(), &mut self.ledger) {
                    ledger.sends(data);
                }
                self.close_if_complete();
            }
            Some(Err(error)) => {
                self.close(Outcome::StreamBroken, Some(format!("upstream's body ended early: {error}")));
            }
            None => self.complete(),
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}
