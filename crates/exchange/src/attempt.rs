use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One try at one upstream.
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

/// What came of an attempt. The words are what the record and the metrics' `result` label say.
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
    /// A connection kept from an earlier request ended without a byte of an answer: it had been on its way out.
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
    /// Every result, for those who need the closed set.
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

/// How far an attempt had come when its result was known.
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
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Connect => "connect",
            Self::Head => "head",
            Self::Answer => "answer",
        }
    }
}
