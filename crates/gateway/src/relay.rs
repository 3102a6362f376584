//! The point of no return: the winner's answer becomes the client's.

use crate::answer::{self, AnswerBody, respond};
use crate::attempt::Winner;
use crate::backend::OnClientClose;
use crate::drain::Drains;
use crate::events::Events;
use crate::head::X_OAR_UPSTREAM;
use crate::kind::Kind;
use crate::ledger::Ledger;
use crate::relayed_body::Relay;
use crate::tunnel;
use http::{HeaderMap, HeaderValue, Method, Response, header};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::upgrade::OnUpgrade;
use oar_protocol::headers;
use oar_upstream::ResponseBody;

/// Commits to the winner: from here on the answer is finished or cut, never replaced.
pub(crate) fn relay(
    winner: Winner,
    upgrade: Option<OnUpgrade>,
    mut ledger: Ledger,
    drains: &Drains,
) -> Response<AnswerBody> {
    let status = winner.response.status;
    let mut headers = passed_on(winner.response.headers, &winner.asked);
    let kind = Kind::of(&headers);
    answer::add_ours(&mut headers, &ledger);
    add_of_upstream(&mut headers, kind, &winner.upstream);
    ledger.answers(status, &headers, kind);
    match winner.response.body {
        ResponseBody::Body(body) => {
            // An error that is told as an event promises no end as a stream does.
            let is_stream = kind == Kind::Events && status.is_success() && !body.is_end_stream();
            let events = is_stream.then(|| Events::new(winner.end));
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

/// The upstream's headers without what concerns its own connection or poses as ours.
fn passed_on(mut headers: HeaderMap, asked: &Method) -> HeaderMap {
    let length = (asked == Method::HEAD).then(|| headers.get(header::CONTENT_LENGTH).cloned()).flatten();
    headers::strip(&mut headers, headers::is_upstreams_own);
    headers.extend(length.map(|length| (header::CONTENT_LENGTH, length)));
    headers
}

/// Says who served, and that events are not to be held back.
fn add_of_upstream(headers: &mut HeaderMap, kind: Kind, upstream: &str) {
    if let Ok(name) = HeaderValue::try_from(upstream) {
        headers.insert(X_OAR_UPSTREAM, name);
    }
    if kind == Kind::Events {
        // Proxies before the gateway must not hold events back: nginx reads this header.
        headers.entry("x-accel-buffering").or_insert(HeaderValue::from_static("no"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
}
