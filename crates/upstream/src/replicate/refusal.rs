use crate::{Fault, ResponseBody, UpstreamError, UpstreamResponse};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use oar_protocol::{ErrorBody, ErrorKind};

/// An answer with an error status and OpenAI's error object.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// Boxed: refusals travel in many results.
    pub(super) body: Box<ErrorBody>,
    pub(super) retry_after: Option<HeaderValue>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: ErrorKind, code: &str, message: impl Into<String>) -> Self {
        Self { status, body: Box::new(ErrorBody::new(kind, code, message)), retry_after: None }
    }

    /// A field of the request that cannot be translated.
    pub(super) fn field(param: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::request("unsupported_parameter", message);
        *refusal.body = refusal.body.clone().with_param(Some(param));
        refusal
    }

    /// A request that is wrong as a whole.
    pub(super) fn request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorKind::InvalidRequestError, code, message)
    }

    /// Replicate answered, but not with what was asked of it.
    pub(super) fn bad_gateway(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, ErrorKind::UpstreamError, code, message)
    }

    /// The error object as the text of a JSON body.
    pub(super) fn json(&self) -> Bytes {
        self.body.to_json(None).into()
    }

    pub(super) fn into_response(self) -> UpstreamResponse {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        headers.extend(self.retry_after.clone().map(|after| (RETRY_AFTER, after)));
        UpstreamResponse { status: self.status, headers, body: ResponseBody::full(self.json()) }
    }
}

/// Why there is no completion.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is an answer that says why.
    Answer(Refusal),
    /// There is no answer.
    Fault(UpstreamError),
}

impl Failure {
    /// Contact was lost after the prediction was created, whatever the cause: it may be running.
    pub(super) fn lost(source: impl Into<crate::BodyError>) -> Self {
        Self::Fault(UpstreamError::caused_by(Fault::Other, source))
    }

    /// What a client in the middle of a stream is told. Hosts and causes stay with the operator.
    pub(super) fn in_band(&self) -> Bytes {
        match self {
            Self::Answer(refusal) => refusal.json(),
            Self::Fault(_) => Refusal::bad_gateway("stream_interrupted", "the model's stream was interrupted").json(),
        }
    }

    /// What the operator is told when the stream's body ends with it. Never the message: Replicate's reasons repeat prompts,
    /// and this is logged.
    pub(super) fn into_body_error(self) -> crate::BodyError {
        match self {
            Self::Answer(refusal) => format!("the client was told `{}`", refusal.body.code().unwrap_or("error")).into(),
            Self::Fault(error) => error.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Answer(refusal)
    }
}
