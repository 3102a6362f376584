//! What to answer when every upstream failed: the most useful of the failures, not the last.

use crate::attempt::{Tried, Winner};
use crate::backend::{Backend, Patience};
use crate::error_answer::ErrorAnswer;
use crate::reject::Reject;
use http::{HeaderMap, HeaderValue, StatusCode};
use oar_exchange::{AttemptResult, Outcome, Phase};
use oar_routing::Attempt;
use oar_upstream::UpstreamRequest;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The failures of one request, in order.
#[derive(Default)]
pub(crate) struct Failures {
    list: Vec<Failure>,
    caller_error: Option<CallerError>,
}

struct Failure {
    upstream: Arc<str>,
    result: AttemptResult,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
}

/// An answer that blames the caller: the one answer of a failed upstream that helps whoever reads it.
struct CallerError {
    upstream: Arc<str>,
    answer: ErrorAnswer,
}

impl Failures {
    /// Adds a failure, and keeps its answer if it is the first that blames the caller.
    pub(crate) async fn remember(&mut self, attempt: &Attempt<'_, Arc<Backend>>, tried: Tried, deadline: Instant) {
        let (result, status) = (tried.result(), tried.status());
        let mut failure = Failure { upstream: Arc::clone(attempt.name()), result, status, retry_after: None };
        if let Tried::Answered(response) = tried {
            failure.retry_after = retry_after(&response.headers, SystemTime::now());
            if self.caller_error.is_none() && blames_the_caller(response.status, attempt.payload()) {
                let answer = Box::pin(ErrorAnswer::read(response, deadline)).await;
                self.caller_error = Some(CallerError { upstream: Arc::clone(attempt.name()), answer });
            }
        }
        self.list.push(failure);
    }

    /// The answer to give when there is nobody left to try.
    pub(crate) fn conclude(self, request: &UpstreamRequest) -> Result<Winner, Reject> {
        if let Some(error) = self.caller_error {
            return Ok(error.into_winner(request));
        }
        Err(self.reject())
    }

    fn reject(&self) -> Reject {
        if self.list.iter().any(|failure| failure.status == Some(StatusCode::LOOP_DETECTED)) {
            Reject::Loop
        } else if self.list.iter().any(Failure::asks_to_wait) {
            Reject::RateLimited { retry_after: self.list.iter().filter_map(|failure| failure.retry_after).min() }
        } else if !self.list.is_empty() && self.are_all(Failure::is_auth) {
            Reject::UpstreamAuthFailed
        } else if self.list.last().is_none_or(Failure::is_timeout) {
            Reject::UpstreamTimeout { reasons: self.reasons() }
        } else {
            Reject::AllFailed { code: self.code(), reasons: self.reasons() }
        }
    }

    /// The error code when all failed alike, else the general one.
    fn code(&self) -> &'static str {
        if self.are_all(|failure| failure.result == AttemptResult::TlsFailed) {
            "upstream_tls_failed"
        } else if self.are_all(|failure| failure.result.phase() == Phase::Connect) {
            "upstream_connect_failed"
        } else if self.are_all(|failure| failure.result == AttemptResult::Redirected) {
            "upstream_redirected"
        } else {
            "all_upstreams_failed"
        }
    }

    fn are_all(&self, class: fn(&Failure) -> bool) -> bool {
        self.list.iter().all(class)
    }

    /// `first: connect_refused, second: status 500`
    fn reasons(&self) -> String {
        if self.list.is_empty() {
            return "no time was left to try any".into();
        }
        let reasons = self.list.iter().map(|failure| match (failure.result, failure.status) {
            (AttemptResult::Status, Some(status)) => format!("{}: status {}", failure.upstream, status.as_u16()),
            (result, _) => format!("{}: {result}", failure.upstream),
        });
        reasons.collect::<Vec<_>>().join(", ")
    }
}

impl Failure {
    fn asks_to_wait(&self) -> bool {
        match self.status {
            Some(StatusCode::TOO_MANY_REQUESTS) => true,
            Some(StatusCode::SERVICE_UNAVAILABLE) => self.retry_after.is_some(),
            _ => false,
        }
    }

    fn is_auth(&self) -> bool {
        matches!(self.status.map(|status| status.as_u16()), Some(401..=403))
    }

    fn is_timeout(&self) -> bool {
        matches!(self.result, AttemptResult::HeadTimeout | AttemptResult::FirstEventTimeout)
            || self.status == Some(StatusCode::GATEWAY_TIMEOUT)
    }
}

impl CallerError {
    fn into_winner(self, request: &UpstreamRequest) -> Winner {
        let mut response = self.answer.into_response(request);
        // The same request would fail the same way: the SDKs need not repeat it.
        response.headers.insert("x-should-retry", HeaderValue::from_static("false"));
        Winner::of(&self.upstream, request, response, Patience::default(), Outcome::UpstreamError)
    }
}

/// Whether the caller can mend what this status complains about. A refused token is the caller's if it was the caller's.
fn blames_the_caller(status: StatusCode, backend: &Backend) -> bool {
    match status.as_u16() {
        400 | 404 | 405 | 409 | 413 | 415 | 416 | 422 => true,
        401..=403 => backend.passes_client_token,
        _ => false,
    }
}

/// No wait longer than this is passed on.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the upstream asks to wait: `retry-after-ms`, else `retry-after` in seconds or until a date (RFC 9110 section
/// 10.2.3). A date that has passed is no wait; what is neither is ignored.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let in_milliseconds = text("retry-after-ms").and_then(seconds).map(|number| number / 1000.0);
    let in_seconds = || text("retry-after").and_then(seconds);
    let until_date =
        || Some(httpdate::parse_http_date(text("retry-after")?).ok()?.duration_since(now).unwrap_or_default());
    let wait = in_milliseconds.or_else(in_seconds).map(|number| number.min(LONGEST_WAIT.as_secs_f64()));
    wait.map(Duration::from_secs_f64).or_else(until_date).map(|wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header;

    fn failures(list: &[(AttemptResult, u16)]) -> Failures {
        let list = list.iter().enumerate().map(|(index, &(result, status))| Failure {
            upstream: format!("u{}", index + 1).into(),
            result,
            status: StatusCode::from_u16(status).ok(),
            retry_after: None,
        });
        Failures { list: list.collect(), caller_error: None }
    }

    #[track_caller]
    fn check(list: &[(AttemptResult, u16)], status: u16, code: &str) {
        let wording = failures(list).reject().wording();
        assert_eq!((wording.status.as_u16(), wording.code), (status, code), "{list:?}");
    }

    use AttemptResult::{ConnectRefused, DnsFailed, HeadTimeout, Redirected, Status, TlsFailed};

    #[test]
    fn the_most_useful_failure_decides_the_answer() {
        check(&[(Status, 500), (Status, 429)], 429, "rate_limit_exceeded");
        check(&[(Status, 401), (Status, 403)], 502, "upstream_auth_failed");
        check(&[(Status, 401), (Status, 500)], 502, "all_upstreams_failed");
        check(&[(Status, 500), (HeadTimeout, 0)], 504, "upstream_timeout");
        check(&[(HeadTimeout, 0), (Status, 500)], 502, "all_upstreams_failed");
        check(&[(Status, 504)], 504, "upstream_timeout");
        check(&[(Status, 429), (Status, 508)], 508, "loop_detected");
        check(&[(ConnectRefused, 0), (DnsFailed, 0)], 502, "upstream_connect_failed");
        check(&[(TlsFailed, 0)], 502, "upstream_tls_failed");
        check(&[(Redirected, 302)], 502, "upstream_redirected");
        check(&[(ConnectRefused, 0), (Status, 503)], 502, "all_upstreams_failed");
    }

    #[test]
    fn the_reasons_name_every_upstream_and_no_host() {
        let reasons = failures(&[(ConnectRefused, 0), (Status, 503)]).reasons();
        assert_eq!(reasons, "u1: connect_refused, u2: status 503");
    }

    #[test]
    fn the_shortest_wait_is_passed_on() {
        let mut list = failures(&[(Status, 429), (Status, 429)]);
        list.list[0].retry_after = Some(Duration::from_secs(7));
        list.list[1].retry_after = Some(Duration::from_millis(1500));
        let reject = list.reject();
        assert!(
            matches!(reject, Reject::RateLimited { retry_after: Some(wait) } if wait == Duration::from_millis(1500))
        );
    }

    #[test]
    fn a_wait_is_read_in_all_its_spellings_and_nonsense_is_ignored() {
        let now = httpdate::parse_http_date("Mon, 23 Nov 2026 12:00:00 GMT").expect("a date");
        let read = |headers: &[(&'static str, &'static str)]| {
            let pairs = headers
                .iter()
                .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
            retry_after(&pairs.collect(), now)
        };
        assert_eq!(read(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        assert_eq!(read(&[("retry-after-ms", "NaN"), ("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[("retry-after", "Mon, 23 Nov 2026 12:01:00 GMT")]), Some(Duration::from_secs(60)));
        assert_eq!(read(&[("retry-after", "Mon, 23 Nov 2020 12:01:00 GMT")]), Some(Duration::ZERO));
        for long in ["1e9", "Mon, 23 Nov 2099 12:00:00 GMT"] {
            assert_eq!(read(&[("retry-after", long)]), Some(LONGEST_WAIT), "{long}");
        }
        for nonsense in ["-1", "NaN", "inf", "soon", ""] {
            assert_eq!(read(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }
}
