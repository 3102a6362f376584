//! The loop over a plan: one upstream after the other, until one answers or all have failed.

use crate::backend::{Backend, OnClientClose, Patience};
use crate::error_answer;
use crate::failures::Failures;
use crate::head::X_REQUEST_ID;
use crate::hold::{self, Held, Until};
use crate::idle::after;
use crate::ledger::Ledger;
use crate::reject::Reject;
use http::{Method, StatusCode};
use oar_exchange::{AttemptResult, Outcome};
use oar_protocol::StreamEnd;
use oar_routing::{Attempt, Finding, Plan, Verdict};
use oar_upstream::{Connection, Fault, ResponseBody, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::error::Error;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// The answer that goes to the client, and the terms on which it goes.
pub(crate) struct Winner {
    pub(crate) upstream: Arc<str>,
    pub(crate) response: UpstreamResponse,
    /// What was asked: an answer to `HEAD` has a length and no body.
    pub(crate) asked: Method,
    /// What a stream must have said to be complete.
    pub(crate) end: StreamEnd,
    /// How long its body may be silent, and after what silence its client is told that it lives.
    pub(crate) patience: Patience,
    /// How the story ends if the answer arrives whole.
    pub(crate) outcome: Outcome,
    /// What becomes of it when the client leaves.
    pub(crate) on_client_close: OnClientClose,
}

/// What came of one attempt.
pub(crate) enum Tried {
    Answered(UpstreamResponse),
    Failed(UpstreamError),
    /// No response head in time.
    TimedOut,
    /// A stream had begun, and was no good before its first event.
    Held(Held),
}

/// Makes the attempts of a plan in order, and none after `until`.
pub(crate) async fn attempt(
    plan: &Plan<Arc<Backend>>,
    request: &UpstreamRequest,
    until: Option<Instant>,
    ledger: &mut Ledger,
) -> Result<Winner, Reject> {
    let mut failures = Failures::default();
    let mut attempts = plan.attempts().map(|attempt| (attempt, None));
    let mut next = attempts.next();
    while let Some((attempt, again)) = next {
        let asked = again.as_deref().unwrap_or(request);
        let now = Instant::now();
        if until.is_some_and(|until| until <= now) {
            break;
        }
        let until = attempt.payload().patience.until(now, until);
        let deadline = earliest(after(now, attempt.timeout()), until);
        ledger.attempt_begins(attempt.name(), attempt.payload(), now);
        let tried = try_one(&attempt, asked, deadline, until).await;
        ledger.attempt_ends(&tried);
        match (attempt.judge(tried.finding(asked.connection)), tried) {
            (Verdict::Relay, Tried::Answered(response)) => {
                let response = error_answer::readable(response, request, deadline).await;
                return Ok(Winner::new(&attempt, request, response));
            }
            (Verdict::Stop, Tried::Failed(error)) if error.fault() == Fault::Misconfigured => {
                return Err(Reject::Misconfigured { upstream: Arc::clone(attempt.name()) });
            }
            (Verdict::Again, _) => next = Some((attempt, Some(Box::new(asked.on_fresh_connection())))),
            (verdict, tried) => {
                failures.remember(&attempt, tried, deadline).await;
                if verdict == Verdict::Stop {
                    break;
                }
                next = attempts.next();
            }
        }
    }
    failures.conclude(request)
}

/// Sends the request once: until the head has arrived, and, of a stream, its first event.
async fn try_one(
    attempt: &Attempt<'_, Arc<Backend>>,
    request: &UpstreamRequest,
    deadline: Instant,
    until: Option<Instant>,
) -> Tried {
    let backend = attempt.payload();
    let first_event = || {
        let (Patience { first_event, heartbeat, .. }, now) = (backend.patience, Instant::now());
        Until { deadline: earliest(after(now, first_event), until), heartbeat: heartbeat.map(|beat| after(now, beat)) }
    };
    match timeout_at(deadline, backend.upstream.send(request)).await {
        Ok(Ok(mut response)) => match hold::until_first_event(&mut response, &request.method, first_event).await {
            Ok(()) => Tried::Answered(response),
            Err(held) => Tried::Held(held),
        },
        Ok(Err(error)) => Tried::Failed(error),
        Err(_) => Tried::TimedOut,
    }
}

fn earliest(one: Instant, other: Option<Instant>) -> Instant {
    other.map_or(one, |other| other.min(one))
}

impl Winner {
    fn new(attempt: &Attempt<'_, Arc<Backend>>, request: &UpstreamRequest, response: UpstreamResponse) -> Self {
        let succeeded = response.status.is_success() || matches!(response.body, ResponseBody::Tunnel(_));
        let outcome = if succeeded { Outcome::Ok } else { Outcome::UpstreamError };
        let backend = attempt.payload();
        let winner = Self::of(attempt.name(), request, response, backend.patience, outcome);
        Self { on_client_close: backend.on_client_close, ..winner }
    }

    pub(crate) fn of(
        upstream: &Arc<str>,
        request: &UpstreamRequest,
        response: UpstreamResponse,
        patience: Patience,
        outcome: Outcome,
    ) -> Self {
        let suffix = request.path_and_query.split('?').next().unwrap_or_default();
        Self {
            upstream: Arc::clone(upstream),
            response,
            asked: request.method.clone(),
            end: StreamEnd::of(suffix),
            patience,
            outcome,
            on_client_close: OnClientClose::default(),
        }
    }
}

impl Tried {
    /// What it means for the decision, if it was sent on such a connection.
    fn finding(&self, connection: Connection) -> Finding {
        match self {
            Self::Answered(UpstreamResponse { body: ResponseBody::Tunnel(_), .. }) => Finding::Switched,
            Self::Answered(response) => Finding::Status(response.status.as_u16()),
            Self::TimedOut | Self::Held(Held::Silent) => Finding::TimedOut,
            Self::Held(Held::Ended(_)) => Finding::Broken,
            Self::Held(Held::Error) => Finding::ErrorEvent,
            Self::Failed(error) => match error.fault() {
                Fault::Misconfigured => Finding::Misconfigured,
                Fault::Dns | Fault::Refused | Fault::Connect | Fault::ConnectTimeout | Fault::Tls => {
                    Finding::Unreachable
                }
                // Whatever an adapter says: a connection made for the request was not kept from an earlier one.
                Fault::StaleConnection => match connection {
                    Connection::Any => Finding::Stale,
                    Connection::Fresh => Finding::Broken,
                },
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
            Self::Held(Held::Silent) => AttemptResult::FirstEventTimeout,
            Self::Held(Held::Ended(_)) => AttemptResult::EndedBeforeEvent,
            Self::Held(Held::Error) => AttemptResult::ErrorEvent,
            Self::Failed(error) => match error.fault() {
                Fault::Misconfigured => AttemptResult::Misconfigured,
                Fault::Dns => AttemptResult::DnsFailed,
                Fault::Refused => AttemptResult::ConnectRefused,
                Fault::Connect => AttemptResult::ConnectFailed,
                Fault::ConnectTimeout => AttemptResult::ConnectTimeout,
                Fault::Tls => AttemptResult::TlsFailed,
                Fault::StaleConnection => AttemptResult::StaleConnection,
                Fault::Reset => AttemptResult::ResetBeforeHead,
                Fault::BadHead => AttemptResult::BadHead,
                Fault::Other => AttemptResult::Failed,
            },
        }
    }

    pub(crate) const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered(response) => Some(response.status),
            Self::Failed(_) | Self::TimedOut | Self::Held(_) => None,
        }
    }

    pub(crate) fn upstream_request_id(&self) -> Option<String> {
        match self {
            Self::Answered(response) => Some(response.headers.get(X_REQUEST_ID)?.to_str().ok()?.to_owned()),
            Self::Failed(_) | Self::TimedOut | Self::Held(_) => None,
        }
    }

    /// The chain of causes, for the operator.
    pub(crate) fn detail(&self) -> Option<String> {
        let error: &(dyn Error + 'static) = match self {
            Self::Failed(error) => error,
            Self::Held(Held::Ended(Some(error))) => &**error,
            Self::Answered(_) | Self::TimedOut | Self::Held(_) => return None,
        };
        let causes = std::iter::successors(Some(error), |&cause| cause.source());
        Some(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }
}
