//! One line for each request.

use oar_exchange::{Attempt, Exchange, Observer, Outcome};
use std::sync::Arc;

/// Logs every finished request. Bodies, tokens and keys are no part of it.
pub(crate) struct AccessLog;

impl Observer for AccessLog {
    fn finished(&self, exchange: &Arc<Exchange>) {
        let Exchange { request, answer, .. } = &**exchange;
        let attempts = attempts(&exchange.attempts);
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
                    attempts,
                    first_byte_ms = answer.first_byte_after.map(|after| after.as_millis() as u64),
                    ms = exchange.elapsed.as_millis() as u64,
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
    let tried = attempts.iter().map(|attempt| {
        let status = attempt.status.map(|status| format!(" {status}")).unwrap_or_default();
        format!("{}: {}{status} {}ms", attempt.upstream, attempt.result, attempt.elapsed.as_millis())
    });
    tried.collect::<Vec<_>>().join(", ")
}
