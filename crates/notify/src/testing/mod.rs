//! Exchanges, alerts and fakes for the unit tests of this crate.

pub(crate) mod scripted;
pub(crate) mod server;

use crate::book::Admitted;
use crate::{Alert, Http, Language, Trouble};
use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Outcome, Request};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

/// A request for `gpt-4o` that ended with `outcome` after `attempts`.
pub(crate) fn exchange(outcome: Outcome, attempts: &[Attempt]) -> Exchange {
    Exchange {
        id: "0190-exchange".into(),
        request_id: "req-1".into(),
        started_at: SystemTime::UNIX_EPOCH,
        request: Request {
            method: http::Method::POST,
            path: "/v1/chat/completions".into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            headers: http::HeaderMap::new(),
            body: Default::default(),
            bytes: 0,
            model: Some("gpt-4o".into()),
            stream: false,
        },
        caller: None,
        attempts: attempts.to_vec(),
        answer: Answer::default(),
        outcome,
        error: None,
        usage: None,
        elapsed: Duration::from_secs(3),
    }
}

/// A try at `upstream` that took 1.5 s.
pub(crate) fn attempt(upstream: &str, result: AttemptResult) -> Attempt {
    Attempt {
        upstream: upstream.into(),
        endpoint: "https://upstream.example/v1".into(),
        key: None,
        passed_client_token: false,
        result,
        status: None,
        elapsed: Duration::from_millis(1500),
        upstream_request_id: None,
        detail: None,
    }
}

/// A try that was answered with `status`.
pub(crate) fn status(upstream: &str, status: u16) -> Attempt {
    Attempt { status: Some(status), ..attempt(upstream, AttemptResult::Status) }
}

/// An alert about a request that two upstreams failed.
pub(crate) fn alert() -> Alert {
    let attempts = [attempt("primary", AttemptResult::HeadTimeout), status("spare", 503)];
    alert_about(&exchange(Outcome::AllFailed, &attempts))
}

/// An alert in English about everything that went wrong with a request.
pub(crate) fn alert_about(exchange: &Exchange) -> Alert {
    let troubles = Trouble::all_in(exchange);
    Alert::of_failure(exchange, Admitted { troubles, more: 0 }, &"gateway-1".into(), Language::English)
}

/// HTTP as it is in service.
pub(crate) fn http() -> Http {
    Http::new().expect("a client")
}

/// HTTP that gives up early.
pub(crate) fn http_with_limit(limit: Duration) -> Http {
    Http::with_limit(limit).expect("a client")
}
