//! Every way in which the gateway itself says no: the one side exit of the request path.

use crate::answer::{self, AnswerBody};
use crate::ledger::{CLIENT_CLOSED_REQUEST, Ledger};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use oar_exchange::Outcome;
use oar_protocol::{Ambiguity, ErrorBody, ErrorKind, FactsError};
use std::sync::Arc;
use std::time::Duration;

/// Why the gateway answers itself, and with what.
#[derive(Debug)]
pub(crate) enum Reject {
    Ambiguous(Ambiguity),
    UnknownPath,
    AmbiguousPath,
    MethodNotAllowed,
    Loop,
    Unauthorized,
    BodyTooLarge {
        cap: usize,
    },
    UnreadableBody,
    SlowBody,
    Overloaded,
    /// A defect: of a stage, or of an upstream's adapter.
    Panicked,
    /// In the middle of its body: nobody reads this answer, but the record does.
    ClientLeft,
    EncodedBody,
    Facts(FactsError),
    NoRoute {
        name: String,
    },
    UnknownModel {
        id: String,
    },
    Misconfigured {
        upstream: Arc<str>,
    },
    RateLimited {
        retry_after: Option<Duration>,
    },
    UpstreamAuthFailed,
    UpstreamTimeout {
        reasons: String,
    },
    AllFailed {
        code: &'static str,
        reasons: String,
    },
}

/// What a reject says, to the client and to the record.
pub(crate) struct Wording {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    kind: ErrorKind,
    message: String,
    param: Option<&'static str>,
    outcome: Outcome,
    headers: HeaderMap,
}

impl Reject {
    /// The one table from reasons to answers. Upstreams appear in it by their configured names only.
    pub(crate) fn wording(&self) -> Wording {
        use Wording as W;
        match self {
            Self::Ambiguous(why) => W::ambiguous(*why),
            Self::UnknownPath => W::caller(404, "unknown_url", "Unknown URL: the API is under /v1/."),
            Self::AmbiguousPath => {
                W::caller(400, "invalid_path", "The path could mean another place once it is decoded.")
            }
            Self::MethodNotAllowed => W::caller(405, "method_not_allowed", "This method is not allowed here."),
            Self::Loop => {
                let message = "The request goes in a circle: an upstream leads back to this gateway.";
                W::caller(508, "loop_detected", message).final_for_sdks()
            }
            Self::Unauthorized => W::caller(401, "invalid_api_key", "Incorrect API key provided.")
                .kind(ErrorKind::AuthenticationError)
                .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Self::BodyTooLarge { cap } => {
                W::caller(413, "request_too_large", format!("The request body is larger than {cap} bytes."))
            }
            Self::UnreadableBody => W::caller(400, "invalid_body", "The request body could not be read."),
            Self::SlowBody => W::caller(408, "request_body_timeout", "The request body did not come in time."),
            Self::Panicked => W::upstreams(500, "internal_error", "The gateway failed.").kind(ErrorKind::ServerError),
            Self::Overloaded => W::shed("The gateway holds as many requests as it can. Try again."),
            Self::ClientLeft => {
                let wording = W::caller(CLIENT_CLOSED_REQUEST, "client_closed", "The request body ended early.");
                W { outcome: Outcome::ClientClosed, ..wording }
            }
            Self::EncodedBody => {
                W::caller(415, "unsupported_encoding", "Send the request body without Content-Encoding.")
            }
            Self::Facts(why) => W::caller(400, why.code(), format!("Invalid request: {why}.")).param(why.param()),
            Self::NoRoute { name } => {
                let message = format!("No upstream that your API key may use serves `{name}`.");
                W::caller(404, "model_not_available", message).param(Some("model"))
            }
            Self::UnknownModel { id } => {
                let message = format!("The model `{id}` does not exist or you do not have access to it.");
                W::caller(404, "model_not_found", message).param(Some("model"))
            }
            Self::Misconfigured { upstream } => {
                let message = format!("The upstream `{upstream}` is not configured completely.");
                W::upstreams(500, "upstream_misconfigured", message).kind(ErrorKind::ServerError).final_for_sdks()
            }
            Self::RateLimited { retry_after } => {
                W::upstreams(429, "rate_limit_exceeded", "All upstreams ask to slow down.")
                    .kind(ErrorKind::RateLimitError)
                    .retry_after(*retry_after)
            }
            Self::UpstreamAuthFailed => {
                let message = "The gateway's own credentials were refused by every upstream.";
                W::upstreams(502, "upstream_auth_failed", message).final_for_sdks()
            }
            Self::UpstreamTimeout { reasons } => {
                let message = format!("No upstream answered in time ({reasons}).");
                W::upstreams(504, "upstream_timeout", message).kind(ErrorKind::TimeoutError)
            }
            Self::AllFailed { code, reasons } => W::upstreams(502, code, format!("All upstreams failed ({reasons}).")),
        }
    }

    /// After these the rest of the body may still be on its way: nothing on this connection can be trusted any more.
    const fn leaves_a_body_unread(&self) -> bool {
        match self {
            Self::Ambiguous(_)
            | Self::UnknownPath
            | Self::AmbiguousPath
            | Self::MethodNotAllowed
            | Self::Loop
            | Self::Unauthorized
            | Self::BodyTooLarge { .. }
            | Self::UnreadableBody
            | Self::SlowBody
            | Self::Overloaded
            | Self::Panicked
            | Self::ClientLeft
            | Self::EncodedBody => true,
            Self::Facts(_)
            | Self::NoRoute { .. }
            | Self::UnknownModel { .. }
            | Self::Misconfigured { .. }
            | Self::RateLimited { .. }
            | Self::UpstreamAuthFailed
            | Self::UpstreamTimeout { .. }
            | Self::AllFailed { .. } => false,
        }
    }
}

impl Wording {
    /// The head of the request could be read in two ways.
    fn ambiguous(why: Ambiguity) -> Self {
        let status = if why == Ambiguity::Expectation { 417 } else { 400 };
        Self::caller(status, why.code(), format!("Invalid request: {why}."))
    }

    /// The caller can mend it.
    fn caller(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(status, code, message.into(), ErrorKind::InvalidRequestError, Outcome::Rejected)
    }

    /// There is too much to do just now.
    fn shed(message: &str) -> Self {
        let wait = Some(Duration::from_secs(1));
        Self::new(503, "overloaded", message.into(), ErrorKind::OverloadedError, Outcome::Shed).retry_after(wait)
    }

    /// Every upstream failed.
    fn upstreams(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(status, code, message.into(), ErrorKind::UpstreamError, Outcome::AllFailed)
    }

    fn new(status: u16, code: &'static str, message: String, kind: ErrorKind, outcome: Outcome) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, kind, message, param: None, outcome, headers: HeaderMap::new() }
    }

    fn kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    fn param(self, param: Option<&'static str>) -> Self {
        Self { param, ..self }
    }

    fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Tells the SDKs that the same request would fail the same way.
    fn final_for_sdks(self) -> Self {
        self.header(HeaderName::from_static("x-should-retry"), HeaderValue::from_static("false"))
    }

    fn retry_after(self, wait: Option<Duration>) -> Self {
        match wait {
            Some(wait) => self
                .header(header::RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil() as u64))
                .header(HeaderName::from_static("retry-after-ms"), HeaderValue::from(wait.as_millis() as u64)),
            None => self,
        }
    }
}

/// Answers with the reason, as OpenAI would word it, and closes the story.
pub(crate) fn refuse(reject: &Reject, ledger: Ledger) -> Response<AnswerBody> {
    let Wording { status, code, kind, message, param, outcome, mut headers } = reject.wording();
    let told = format!("{code}: {message}");
    let json = ErrorBody::new(kind, code, message).with_param(param).to_json(Some(ledger.request_id()));
    if reject.leaves_a_body_unread() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer::own(status, headers, json.into(), ledger, (outcome, Some(told)))
}
