use crate::BodyError;
use std::fmt;

/// Why no response head arrived.
///
/// The message and its chain of causes are for the operator: they name hosts, and never a key or a body.
///
/// ```
/// use oar_upstream::{Fault, UpstreamError};
/// use std::error::Error;
///
/// let error = UpstreamError::caused_by(Fault::Refused, "port 8000 is closed");
/// assert_eq!(error.to_string(), "connection refused");
/// assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("port 8000 is closed"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct UpstreamError {
    fault: Fault,
    #[source]
    source: Option<BodyError>,
}

impl UpstreamError {
    /// A failure without a cause worth telling.
    ///
    /// ```
    /// use oar_upstream::{Fault, UpstreamError};
    ///
    /// assert_eq!(UpstreamError::new(Fault::Dns).to_string(), "host name could not be resolved");
    /// ```
    pub const fn new(fault: Fault) -> Self {
        Self { fault, source: None }
    }

    /// A failure and what caused it.
    ///
    /// ```
    /// use oar_upstream::{Fault, UpstreamError};
    ///
    /// let left = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    /// assert_eq!(UpstreamError::caused_by(Fault::Reset, left).fault(), Fault::Reset);
    /// ```
    pub fn caused_by(fault: Fault, source: impl Into<BodyError>) -> Self {
        Self { fault, source: Some(source.into()) }
    }

    /// What kind of failure it was.
    ///
    /// ```
    /// # use oar_upstream::{Fault, UpstreamError};
    /// assert_eq!(UpstreamError::new(Fault::Tls).fault(), Fault::Tls);
    /// ```
    pub const fn fault(&self) -> Fault {
        self.fault
    }
}

/// The kinds of failure before a response head, told apart by what had been sent.
///
/// ```
/// use oar_upstream::Fault;
///
/// assert_eq!(Fault::BadHead.to_string(), "response is not HTTP");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The configuration makes an attempt impossible; nothing was sent.
    Misconfigured,
    /// The host name could not be resolved; nothing was sent.
    Dns,
    /// The host refused the connection; nothing was sent.
    Refused,
    /// The connection could not be made; nothing was sent.
    Connect,
    /// The connection was not made within the connect timeout; nothing was sent.
    ConnectTimeout,
    /// The TLS handshake failed; nothing was sent.
    Tls,
    /// A connection kept from an earlier request ended without a byte of an answer: most likely the other side had closed it
    /// for being idle just when the request was sent. The request may have been carried out. Or the other side says that it has
    /// not processed the request, as HTTP/2 can of a connection that it ends and of a single stream (RFC 9113, section 8.7).
    ///
    /// Only for a request that left the choice to the upstream ([`Connection::Any`](crate::Connection::Any)).
    StaleConnection,
    /// The connection ended before a response head was complete; the request may have been carried out.
    Reset,
    /// What arrived is no HTTP response; the request may have been carried out.
    BadHead,
    /// Anything else; the request may have been carried out.
    Other,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Misconfigured => "upstream is misconfigured",
            Self::Dns => "host name could not be resolved",
            Self::Refused => "connection refused",
            Self::Connect => "connection failed",
            Self::ConnectTimeout => "connection timed out",
            Self::Tls => "TLS handshake failed",
            Self::StaleConnection => "connection ended, or the request was refused, without a byte of an answer",
            Self::Reset => "connection ended before the response head",
            Self::BadHead => "response is not HTTP",
            Self::Other => "request failed",
        })
    }
}
