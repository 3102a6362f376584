//! The loop over a plan: one upstream after the other, until one answers or all have failed.

use crate::backend::Backend;
use crate::failures::Failures;
use crate::ledger::Ledger;
use crate::reject::Reject;
use http::{Method, StatusCode};
use oar_exchange::{AttemptResult, Outcome};
use oar_routing::{Attempt, Finding, Plan, Verdict};
use oar_upstream::{Fault, ResponseBody, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::error::Error;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The answer that goes to the client.
pub(crate) struct Winner {
    pub(crate) upstream: Arc<str>,
    pub(crate) response: UpstreamResponse,
    /// What was asked: an answer to `HEAD` has a length and no body.
    pub(crate) asked: Method,
    /// How the story ends if the answer arrives whole.
    pub(crate) outcome: Outcome,
}

/// What came of one attempt.
pub(crate) enum Tried {
    Answered(UpstreamResponse),
    Failed(UpstreamError),
    TimedOut,
}

/// Makes the attempts of a plan in order.
pub(crate) async fn attempt(
    plan: &Plan<Arc<Backend>>,
    request: &UpstreamRequest,
    ledger: &mut Ledger,
) -> Result<Winner, Reject> {
    let mut failures = Failures::default();
    for attempt in plan.attempts() {
        let deadline = Instant::now() + attempt.timeout();
        ledger.attempt_begins(attempt.name(), attempt.payload());
        let tried = try_one(&attempt, request, deadline).await;
        ledger.attempt_ends(&tried);
        match (attempt.judge(tried.finding()), tried) {
            (Verdict::Relay, Tried::Answered(response)) => {
                let upstream = Arc::clone(attempt.name());
                return Ok(Winner { upstream, response, asked: request.method.clone(), outcome: Outcome::Ok });
            }
            (Verdict::Stop, _) => return Err(Reject::Misconfigured { upstream: Arc::clone(attempt.name()) }),
            (Verdict::TryNext | Verdict::Relay, tried) => failures.remember(&attempt, tried, deadline).await,
        }
    }
    failures.conclude(&request.method)
}

async fn try_one(attempt: &Attempt<'_, Arc<Backend>>, request: &UpstreamRequest, deadline: Instant) -> Tried {
    match timeout_at(deadline, attempt.payload().upstream.send(request)).await {
        Ok(Ok(response)) => Tried::Answered(response),
        Ok(Err(error)) => Tried::Failed(error),
        Err(_) => Tried::TimedOut,
    }
}

impl Tried {
    /// What it means for the decision.
    fn finding(&self) -> Finding {
        match self {
            Self::Answered(UpstreamResponse { body: ResponseBody::Tunnel(_), .. }) => Finding::Switched,
            Self::Answered(response) => Finding::Status(response.status.as_u16()),
            Self::TimedOut => Finding::TimedOut,
            Self::Failed(error) => match error.fault() {
                Fault::Misconfigured => Finding::Misconfigured,
                Fault::Dns | Fault::Refused | Fault::Connect | Fault::ConnectTimeout | Fault::Tls => {
                    Finding::Unreachable
                }
                Fault::Reset | Fault::BadHead | Fault::Other => Finding::Broken,
            },
        }
    }

    /// What the story calls it.
    pub(crate) fn result(&self) -> AttemptResult {
        match self {
            Self::Answered(UpstreamResponse { body: ResponseBody::Tunnel(_), .. }) => AttemptResult::Ok,
            Self::Answered(response) if response.status.is_success() => AttemptResult::Ok,
            Self::Answered(response) if response.status.is_redirection() => AttemptResult::Redirected,
            Self::Answered(_) => AttemptResult::Status,
            Self::TimedOut => AttemptResult::HeadTimeout,
            Self::Failed(error) => match error.fault() {
                Fault::Misconfigured => AttemptResult::Misconfigured,
                Fault::Dns => AttemptResult::DnsFailed,
                Fault::Refused => AttemptResult::ConnectRefused,
                Fault::Connect => AttemptResult::ConnectFailed,
                Fault::ConnectTimeout => AttemptResult::ConnectTimeout,
                Fault::Tls => AttemptResult::TlsFailed,
                Fault::Reset => AttemptResult::ResetBeforeHead,
                Fault::BadHead => AttemptResult::BadHead,
                Fault::Other => AttemptResult::Failed,
            },
        }
    }

    pub(crate) const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered(response) => Some(response.status),
            Self::Failed(_) | Self::TimedOut => None,
        }
    }

    pub(crate) fn upstream_request_id(&self) -> Option<String> {
        match self {
            Self::Answered(response) => Some(response.headers.get("x-request-id")?.to_str().ok()?.to_owned()),
            Self::Failed(_) | Self::TimedOut => None,
        }
    }

    /// The chain of causes, for the operator.
    pub(crate) fn detail(&self) -> Option<String> {
        let Self::Failed(error) = self else { return None };
        let mut detail = error.to_string();
        let mut cause = error.source();
        while let Some(current) = cause {
            detail.push_str(": ");
            detail.push_str(&current.to_string());
            cause = current.source();
        }
        Some(detail)
    }
}
