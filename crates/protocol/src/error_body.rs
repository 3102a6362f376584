use serde::Serialize;

/// The error object that OpenAI's clients expect: <https://platform.openai.com/docs/guides/error-codes>.
///
/// All four keys are always there; `param` and `code` may be null.
///
/// ```
/// use oar_protocol::{ErrorBody, ErrorKind};
///
/// let body = ErrorBody::new(ErrorKind::InvalidRequestError, "invalid_model", "no such model").with_param(Some("model"));
/// assert_eq!(
///     String::from_utf8(body.to_json(None))?,
///     r#"{"error":{"message":"no such model","type":"invalid_request_error","param":"model","code":"invalid_model"}}"#
/// );
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    message: String,
    #[serde(rename = "type")]
    kind: ErrorKind,
    param: Option<String>,
    code: Option<String>,
}

/// Whose fault it is, in the words of the error object's `type`.
///
/// ```
/// use oar_protocol::{ErrorBody, ErrorKind};
///
/// let json = ErrorBody::new(ErrorKind::RateLimitError, "slow_down", "too many requests").to_json(None);
/// assert!(String::from_utf8(json)?.contains(r#""type":"rate_limit_error""#));
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// 4xx that the caller can mend.
    InvalidRequestError,
    /// 401.
    AuthenticationError,
    /// 403.
    PermissionError,
    /// 429.
    RateLimitError,
    /// 503.
    OverloadedError,
    /// 500: the gateway's own configuration or a defect.
    ServerError,
    /// 502.
    UpstreamError,
    /// 504, 408.
    TimeoutError,
}

impl ErrorKind {
    /// Whose fault an upstream's answer with this status says it is.
    ///
    /// ```
    /// use oar_protocol::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::of_status(404), ErrorKind::InvalidRequestError);
    /// assert_eq!(ErrorKind::of_status(529), ErrorKind::OverloadedError);
    /// assert_eq!(ErrorKind::of_status(500), ErrorKind::UpstreamError);
    /// ```
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::AuthenticationError,
            403 => Self::PermissionError,
            408 | 504 => Self::TimeoutError,
            429 => Self::RateLimitError,
            503 | 529 => Self::OverloadedError,
            400..=499 => Self::InvalidRequestError,
            _ => Self::UpstreamError,
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: &'a ErrorBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl ErrorBody {
    /// An error that names nothing but itself.
    ///
    /// ```
    /// use oar_protocol::{ErrorBody, ErrorKind};
    ///
    /// let body = ErrorBody::new(ErrorKind::ServerError, "internal_error", "something is wrong here");
    /// assert_eq!((body.code(), body.message()), (Some("internal_error"), "something is wrong here"));
    /// ```
    pub fn new(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), kind, param: None, code: Some(code.into()) }
    }

    /// Names the field at fault.
    ///
    /// ```
    /// # use oar_protocol::{ErrorBody, ErrorKind};
    /// let body = ErrorBody::new(ErrorKind::InvalidRequestError, "invalid_stream", "`stream` must be true or false");
    /// let json = body.with_param(Some("stream")).to_json(None);
    /// assert!(String::from_utf8(json)?.contains(r#""param":"stream""#));
    /// # Ok::<(), std::string::FromUtf8Error>(())
    /// ```
    #[must_use]
    pub fn with_param(mut self, param: Option<impl Into<String>>) -> Self {
        self.param = param.map(Into::into);
        self
    }

    /// The sentence for a person.
    ///
    /// ```
    /// # use oar_protocol::{ErrorBody, ErrorKind};
    /// let body = ErrorBody::new(ErrorKind::TimeoutError, "upstream_timeout", "nobody answered in time");
    /// assert_eq!(body.message(), "nobody answered in time");
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The word for programs, if there is one.
    ///
    /// ```
    /// # use oar_protocol::{ErrorBody, ErrorKind};
    /// let body = ErrorBody::new(ErrorKind::TimeoutError, "upstream_timeout", "nobody answered in time");
    /// assert_eq!(body.code(), Some("upstream_timeout"));
    /// ```
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The JSON text of a whole answer: `{"error": {…}, "request_id": "…"}`.
    ///
    /// ```
    /// # use oar_protocol::{ErrorBody, ErrorKind};
    /// let body = ErrorBody::new(ErrorKind::TimeoutError, "upstream_timeout", "nobody answered in time");
    /// assert!(body.to_json(Some("req-1")).ends_with(br#","request_id":"req-1"}"#));
    /// ```
    pub fn to_json(&self, request_id: Option<&str>) -> Vec<u8> {
        serde_json::to_vec(&Envelope { error: self, request_id }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_keys_are_always_there() {
        let body = ErrorBody::new(ErrorKind::InvalidRequestError, "invalid_model", "no \"quotes\" break it");
        assert_eq!(
            String::from_utf8_lossy(&body.to_json(Some("r-1"))),
            r#"{"error":{"message":"no \"quotes\" break it","type":"invalid_request_error","param":null,"code":"invalid_model"},"request_id":"r-1"}"#
        );
        let named = body.with_param(Some("model"));
        assert!(String::from_utf8_lossy(&named.to_json(None)).ends_with(r#""param":"model","code":"invalid_model"}}"#));
    }
}
