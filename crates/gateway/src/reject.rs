//! Every way in which the gateway itself says no: the one side exit of the request path.

use crate::head::{X_OAR_ATTEMPTS, X_REQUEST_ID};
use crate::ledger::Ledger;
use crate::relay::{self, AnswerBody};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use oar_exchange::Outcome;
use oar_protocol::{ErrorBody, ErrorKind, FactsError};
use std::sync::Arc;
use std::time::Duration;

/// Why the gateway answers itself, and with what.
#[derive(Debug)]
pub(crate) enum Reject {
    UnknownPath,
    AmbiguousPath,
    MethodNotAllowed,
    Unauthorized,
    BodyTooLarge { cap: usize },
    UnreadableBody,
    EncodedBody,
    Facts(FactsError),
    NoRoute { name: String },
    UnknownModel { id: String },
    Misconfigured { upstream: Arc<str> },
    RateLimited { retry_after: Option<Duration> },
    UpstreamAuthFailed,
    UpstreamTimeout { reasons: String },
    AllFailed { code: &'static str, reasons: String },
}

impl Reject {
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::UnknownPath | Self::NoRoute { .. } | Self::UnknownModel { .. } => StatusCode::NOT_FOUND,
            Self::AmbiguousPath | Self::UnreadableBody | Self::Facts(_) => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::EncodedBody => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Misconfigured { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::UpstreamAuthFailed | Self::AllFailed { .. } => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown_url",
            Self::AmbiguousPath => "invalid_path",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Unauthorized => "invalid_api_key",
            Self::BodyTooLarge { .. } => "request_too_large",
            Self::UnreadableBody => "invalid_body",
            Self::EncodedBody => "unsupported_encoding",
            Self::Facts(why) => why.code(),
            Self::NoRoute { .. } => "model_not_available",
            Self::UnknownModel { .. } => "model_not_found",
            Self::Misconfigured { .. } => "upstream_misconfigured",
            Self::RateLimited { .. } => "rate_limit_exceeded",
            Self::UpstreamAuthFailed => "upstream_auth_failed",
            Self::UpstreamTimeout { .. } => "upstream_timeout",
            Self::AllFailed { code, .. } => code,
        }
    }

    const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthorized => ErrorKind::AuthenticationError,
            Self::Misconfigured { .. } => ErrorKind::ServerError,
            Self::RateLimited { .. } => ErrorKind::RateLimitError,
            Self::UpstreamAuthFailed | Self::AllFailed { .. } => ErrorKind::UpstreamError,
            Self::UpstreamTimeout { .. } => ErrorKind::TimeoutError,
            Self::UnknownPath
            | Self::AmbiguousPath
            | Self::MethodNotAllowed
            | Self::BodyTooLarge { .. }
            | Self::UnreadableBody
            | Self::EncodedBody
            | Self::Facts(_)
            | Self::NoRoute { .. }
            | Self::UnknownModel { .. } => ErrorKind::InvalidRequestError,
        }
    }

    /// The sentence for the client. Upstreams appear by their configured names only.
    fn message(&self) -> String {
        match self {
            Self::UnknownPath => "Unknown URL: the API is under /v1/.".into(),
            Self::AmbiguousPath => "The path must not have dot segments, escaped slashes or control characters.".into(),
            Self::MethodNotAllowed => "This method is not allowed here.".into(),
            Self::Unauthorized => "Incorrect API key provided.".into(),
            Self::BodyTooLarge { cap } => format!("The request body is larger than {cap} bytes."),
            Self::UnreadableBody => "The request body could not be read.".into(),
            Self::EncodedBody => "Encoded request bodies are not supported: send it without Content-Encoding.".into(),
            Self::Facts(why) => format!("Invalid request: {why}."),
            Self::NoRoute { name } => format!("No upstream that your API key may use serves `{name}`."),
            Self::UnknownModel { id } => {
                format!("The model `{id}` does not exist or you do not have access to it.")
            }
            Self::Misconfigured { upstream } => format!("The upstream `{upstream}` is not configured completely."),
            Self::RateLimited { .. } => "All upstreams ask to slow down.".into(),
            Self::UpstreamAuthFailed => "The gateway's own credentials were refused by every upstream.".into(),
            Self::UpstreamTimeout { reasons } => format!("No upstream answered in time ({reasons})."),
            Self::AllFailed { reasons, .. } => format!("All upstreams failed ({reasons})."),
        }
    }

    fn param(&self) -> Option<&'static str> {
        match self {
            Self::Facts(why) => why.param(),
            Self::NoRoute { .. } | Self::UnknownModel { .. } => Some("model"),
            _ => None,
        }
    }

    const fn outcome(&self) -> Outcome {
        match self {
            Self::Misconfigured { .. }
            | Self::RateLimited { .. }
            | Self::UpstreamAuthFailed
            | Self::UpstreamTimeout { .. }
            | Self::AllFailed { .. } => Outcome::AllFailed,
            Self::UnknownPath
            | Self::AmbiguousPath
            | Self::MethodNotAllowed
            | Self::Unauthorized
            | Self::BodyTooLarge { .. }
            | Self::UnreadableBody
            | Self::EncodedBody
            | Self::Facts(_)
            | Self::NoRoute { .. }
            | Self::UnknownModel { .. } => Outcome::Rejected,
        }
    }

    /// What the answer carries besides its body.
    fn mark(&self, headers: &mut HeaderMap) {
        match self {
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::RateLimited { retry_after: Some(wait) } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil() as u64));
            }
            Self::UpstreamAuthFailed | Self::Misconfigured { .. } => {
                headers.insert("x-should-retry", HeaderValue::from_static("false"));
            }
            _ => {}
        }
        if self.leaves_a_body_unread() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// After these the rest of the body may still be on its way: nothing on this connection can be trusted any more.
    const fn leaves_a_body_unread(&self) -> bool {
        matches!(
            self,
            Self::UnknownPath
                | Self::AmbiguousPath
                | Self::MethodNotAllowed
                | Self::Unauthorized
                | Self::BodyTooLarge { .. }
                | Self::UnreadableBody
                | Self::EncodedBody
        )
    }
}

/// Answers with the reason, as OpenAI would word it, and closes the story.
pub(crate) fn refuse(reject: &Reject, mut ledger: Ledger) -> Response<AnswerBody> {
    let error = ErrorBody::new(reject.kind(), reject.code(), reject.message()).with_param(reject.param());
    let body = Bytes::from(error.to_json(Some(ledger.request_id())));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(X_OAR_ATTEMPTS, HeaderValue::from(ledger.attempts()));
    if let Ok(id) = HeaderValue::try_from(ledger.request_id()) {
        headers.insert(X_REQUEST_ID, id);
    }
    reject.mark(&mut headers);
    ledger.answers(reject.status(), &headers);
    ledger.sends(&body);
    ledger.close(reject.outcome(), Some(format!("{}: {}", reject.code(), error.message())));
    relay::own(reject.status(), headers, body)
}
