//! Exchanges, alerts and fakes for the unit tests of this crate.

pub(crate) mod scripted;
pub(crate) mod server;

use crate::book::Admitted;
use crate::{Alert, Http, Language, Trouble};
use oar_exchange::{Attempt, AttemptResult, Exchange, Outcome, Request};
use std::time::{Duration, SystemTime};

/// A request for `gpt-4o` that ended with `outcome` after `attempts`.
pub(crate) fn exchange(outcome: Outcome, attempts: &[Attempt]) -> Exchange {
    let path = "/v1/chat/completions";
    let request = Request { model: Some("gpt-4o".into()), ..Request::new(http::Method::POST, path, [127, 0, 0, 1]) };
    Exchange {
        request_id: "req-1".into(),
        attempts: attempts.to_vec(),
        outcome,
        elapsed: Duration::from_secs(3),
        ..Exchange::new("0190-exchange", SystemTime::UNIX_EPOCH, request)
    }
}

/// A try at `upstream` that took 1.5 s.
pub(crate) fn attempt(upstream: &str, result: AttemptResult) -> Attempt {
    let elapsed = Duration::from_millis(1500);
    Attempt { elapsed, ..Attempt::new(upstream, "https://upstream.example/v1", result) }
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
