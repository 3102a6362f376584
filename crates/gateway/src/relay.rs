//! The point of no return: the winner's answer becomes the client's.

use crate::attempt::Winner;
use crate::backend::OnClientClose;
use crate::drain::Drains;
use crate::events::{Events, is_event_stream};
use crate::head::{X_OAR_ATTEMPTS, X_OAR_UPSTREAM, X_REQUEST_ID};
use crate::ledger::Ledger;
use crate::relayed_body::Relay;
use crate::tunnel;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::upgrade::OnUpgrade;
use oar_protocol::headers;
use oar_upstream::ResponseBody;

/// The body of an answer: the gateway's own, or an upstream's.
pub type AnswerBody = Either<Full<Bytes>, Relay>;

/// Commits to the winner: from here on the answer is finished or cut, never replaced.
pub(crate) fn relay(
    winner: Winner,
    upgrade: Option<OnUpgrade>,
    mut ledger: Ledger,
    drains: &Drains,
) -> Response<AnswerBody> {
    let status = winner.response.status;
    let headers = relayed_headers(winner.response.headers, &winner.asked, &winner.upstream, &ledger);
    ledger.answers(status, &headers);
    match winner.response.body {
        ResponseBody::Body(body) => {
            // An error that is told as an event promises no end as a stream does.
            let is_stream = status.is_success() && !body.is_end_stream();
            let events = if is_stream { Events::of(&headers, winner.end) } else { None };
            let relay = Relay::new(body, events, winner.patience, winner.outcome, ledger);
            let relay = match winner.on_client_close {
                OnClientClose::Cancel => relay,
                OnClientClose::Drain => relay.drained_by(drains.clone()),
            };
            respond(status, headers, Either::Right(relay))
        }
        ResponseBody::Tunnel(upstream) => {
            let response = respond(status, tunnel::switching(headers), Either::Left(Full::default()));
            tunnel::open(upstream, upgrade, ledger, drains.tasks());
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
