use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One try at one upstream.
///
/// ```
/// # use oar_exchange::{Attempt, AttemptResult};
/// use std::time::Duration;
///
/// let attempt = Attempt {
///     status: Some(503),
///     elapsed: Duration::from_millis(840),
///     ..Attempt::new("primary", "https://api.example.com/v1", AttemptResult::Status)
/// };
/// assert_eq!(format!("{}: {}", attempt.upstream, attempt.result), "primary: status");
/// ```
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The upstream's configured name.
    pub upstream: Arc<str>,
    /// Where the upstream is, as configured; holds no credential.
    pub endpoint: Arc<str>,
    /// The label of the key that was sent (a fingerprint unless the operator chose otherwise).
    pub key: Option<Arc<str>>,
    /// Whether the client's own token was sent instead of a key, so that refusing it is no fault of the upstream's.
    pub passed_client_token: bool,
    /// What came of it.
    pub result: AttemptResult,
    /// The upstream's status, when it gave one.
    pub status: Option<u16>,
    /// From the start of this attempt to the response head, or to the failure.
    pub elapsed: Duration,
    /// The upstream's own `x-request-id`, for its support.
    pub upstream_request_id: Option<String>,
    /// One clause for the operator when it failed. Holds no secret and no body text.
    pub detail: Option<String>,
}

impl Attempt {
    /// A try that took no time, and of which nothing is known but what came of it.
    ///
    /// ```
    /// # use oar_exchange::{Attempt, AttemptResult};
    /// let attempt = Attempt::new("primary", "https://api.example.com/v1", AttemptResult::ConnectRefused);
    /// assert_eq!((attempt.status, attempt.elapsed.is_zero()), (None, true));
    /// ```
    pub fn new(upstream: impl Into<Arc<str>>, endpoint: impl Into<Arc<str>>, result: AttemptResult) -> Self {
        Self {
            upstream: upstream.into(),
            endpoint: endpoint.into(),
            key: None,
            passed_client_token: false,
            result,
            status: None,
            elapsed: Duration::ZERO,
            upstream_request_id: None,
            detail: None,
        }
    }
}

/// What came of an attempt. The words are what the record and the metrics' `result` label say.
///
/// ```
/// # use oar_exchange::{AttemptResult, Phase};
/// let result = AttemptResult::ConnectTimeout;
/// assert_eq!((result.as_str(), result.phase()), ("connect_timeout", Phase::Connect));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttemptResult {
    /// It gave an answer that went to the client as a success.
    Ok,
    /// It gave a status that is no success.
    Status,
    /// Its name could not be resolved.
    DnsFailed,
    /// Its host refused the connection.
    ConnectRefused,
    /// The connection failed in another way.
    ConnectFailed,
    /// The connection was not made in time.
    ConnectTimeout,
    /// The TLS handshake failed.
    TlsFailed,
    /// A connection kept from an earlier request ended without a byte of an answer: it had been on its way out. Or a server
    /// refused the request unread, over HTTP/2.
    StaleConnection,
    /// The connection ended before a response head was complete.
    ResetBeforeHead,
    /// It sent something that is no HTTP response.
    BadHead,
    /// No response head arrived in time.
    HeadTimeout,
    /// A stream began, and no event of it came in time.
    FirstEventTimeout,
    /// A stream began, and ended before its first event.
    EndedBeforeEvent,
    /// The first event of a stream said that the upstream had failed.
    ErrorEvent,
    /// It redirected, which is never followed.
    Redirected,
    /// Its configuration makes an attempt impossible.
    Misconfigured,
    /// The client left while it was being waited for.
    Abandoned,
    /// It failed in a way that its adapter could not name better.
    Failed,
}

impl AttemptResult {
    /// Every result, in the order of their declaration, for those who need the closed set.
    pub const ALL: [Self; 18] = [
        Self::Ok,
        Self::Status,
        Self::DnsFailed,
        Self::ConnectRefused,
        Self::ConnectFailed,
        Self::ConnectTimeout,
        Self::TlsFailed,
        Self::StaleConnection,
        Self::ResetBeforeHead,
        Self::BadHead,
        Self::HeadTimeout,
        Self::FirstEventTimeout,
        Self::EndedBeforeEvent,
        Self::ErrorEvent,
        Self::Redirected,
        Self::Misconfigured,
        Self::Abandoned,
        Self::Failed,
    ];

    /// The word for it in records, metrics and logs.
    ///
    /// ```
    /// # use oar_exchange::AttemptResult;
    /// let read_back = AttemptResult::ALL.into_iter().find(|result| result.as_str() == "head_timeout");
    /// assert_eq!(read_back, Some(AttemptResult::HeadTimeout));
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Status => "status",
            Self::DnsFailed => "dns_failed",
            Self::ConnectRefused => "connect_refused",
            Self::ConnectFailed => "connect_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::TlsFailed => "tls_failed",
            Self::StaleConnection => "stale_connection",
            Self::ResetBeforeHead => "reset_before_head",
            Self::BadHead => "bad_head",
            Self::HeadTimeout => "head_timeout",
            Self::FirstEventTimeout => "first_event_timeout",
            Self::EndedBeforeEvent => "ended_before_event",
            Self::ErrorEvent => "error_event",
            Self::Redirected => "redirected",
            Self::Misconfigured => "misconfigured",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
        }
    }

    /// How far the attempt had come.
    ///
    /// ```
    /// # use oar_exchange::{AttemptResult, Phase};
    /// let unseen = AttemptResult::ALL.into_iter().filter(|result| result.phase() == Phase::Connect);
    /// assert!(unseen.clone().any(|result| result == AttemptResult::TlsFailed));
    /// assert!(!unseen.clone().any(|result| result == AttemptResult::HeadTimeout), "that one may have seen the request");
    /// ```
    pub const fn phase(self) -> Phase {
        match self {
            Self::Misconfigured => Phase::Prepare,
            Self::DnsFailed | Self::ConnectRefused | Self::ConnectFailed | Self::ConnectTimeout | Self::TlsFailed => {
                Phase::Connect
            }
            Self::StaleConnection
            | Self::ResetBeforeHead
            | Self::BadHead
            | Self::HeadTimeout
            | Self::Abandoned
            | Self::Failed => Phase::Head,
            Self::Ok
            | Self::Status
            | Self::Redirected
            | Self::FirstEventTimeout
            | Self::EndedBeforeEvent
            | Self::ErrorEvent => Phase::Answer,
        }
    }
}

impl fmt::Display for AttemptResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far an attempt had come when its result was known. From [`AttemptResult::phase`].
///
/// ```
/// # use oar_exchange::{AttemptResult, Phase};
/// assert_eq!(AttemptResult::Misconfigured.phase(), Phase::Prepare);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing had left the gateway.
    Prepare,
    /// A connection was being made; the request had not been sent.
    Connect,
    /// The request was on its way, and no response head was complete.
    Head,
    /// A response head had arrived.
    Answer,
}

impl Phase {
    /// The word for it in records and logs.
    ///
    /// ```
    /// # use oar_exchange::Phase;
    /// assert_eq!(Phase::Head.as_str(), "head");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Connect => "connect",
            Self::Head => "head",
            Self::Answer => "answer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metrics make a series for each of them, and count nothing for one that is missing.
    #[test]
    fn all_has_each_result_once() {
        assert!(AttemptResult::ALL.is_sorted_by(|one, next| one < next));
        assert_eq!(AttemptResult::ALL.len(), AttemptResult::Failed as usize + 1, "`Failed` is the last one");
    }
}
