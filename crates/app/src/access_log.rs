//! One line for each request.

use oar_exchange::{Attempt, Exchange, Observer, Outcome};
use std::sync::Arc;
use std::time::Duration;

/// Room for one attempt, in bytes, so that most lists are not moved while they grow.
const COMMON_BYTES: usize = 64;

/// Logs every finished request. Bodies, tokens and keys are no part of it.
pub(crate) struct AccessLog;

impl Observer for AccessLog {
    fn finished(&self, exchange: &Arc<Exchange>) {
        let Exchange { request, answer, .. } = &**exchange;
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    id = %exchange.request_id,
                    method = %request.method,
                    path = %request.path,
                    model = request.model.as_deref(),
                    stream = request.stream,
                    status = answer.status,
                    outcome = %exchange.outcome,
                    attempts = attempts(&exchange.attempts),
                    first_byte_ms = answer.first_byte_after.map(milliseconds),
                    ms = milliseconds(exchange.elapsed),
                    bytes = answer.bytes,
                    error = exchange.error.as_deref(),
                    "exchange"
                )
            };
        }
        match exchange.outcome {
            Outcome::AllFailed | Outcome::StreamBroken => line!(warn),
            Outcome::Ok
            | Outcome::UpstreamError
            | Outcome::ClientClosed
            | Outcome::Rejected
            | Outcome::Shed
            | Outcome::Drained => line!(info),
        }
    }
}

/// `first: connect_refused 1ms, second: ok 200 35ms`
fn attempts(attempts: &[Attempt]) -> String {
    let mut tried = String::with_capacity(COMMON_BYTES * attempts.len());
    for attempt in attempts {
        if !tried.is_empty() {
            tried.push_str(", ");
        }
        tried.push_str(&attempt.upstream);
        tried.push_str(": ");
        tried.push_str(attempt.result.as_str());
        if let Some(status) = attempt.status {
            tried.push(' ');
            push_number(&mut tried, status.into());
        }
        tried.push(' ');
        push_number(&mut tried, milliseconds(attempt.elapsed));
        tried.push_str("ms");
    }
    tried
}

/// In decimal, for a tenth of what `core::fmt` takes: this is done for each request.
fn push_number(text: &mut String, number: u64) {
    if number > 9 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oar_exchange::AttemptResult;

    fn attempt(upstream: &str, result: AttemptResult, status: Option<u16>, elapsed: Duration) -> Attempt {
        Attempt {
            upstream: upstream.into(),
            endpoint: "https://api.example.com/v1".into(),
            key: None,
            passed_client_token: false,
            result,
            status,
            elapsed,
            upstream_request_id: None,
            detail: None,
        }
    }

    #[test]
    fn attempts_are_told_in_their_order() {
        let tried = [
            attempt("first", AttemptResult::ConnectRefused, None, Duration::from_micros(1_999)),
            attempt("second", AttemptResult::Status, Some(503), Duration::from_millis(120)),
            attempt("third", AttemptResult::Ok, Some(200), Duration::from_secs(60)),
        ];
        for (count, expected) in [
            (0, ""),
            (1, "first: connect_refused 1ms"),
            (2, "first: connect_refused 1ms, second: status 503 120ms"),
            (3, "first: connect_refused 1ms, second: status 503 120ms, third: ok 200 60000ms"),
        ] {
            assert_eq!(attempts(&tried[..count]), expected);
        }
    }
}
