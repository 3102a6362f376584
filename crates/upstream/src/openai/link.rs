//! A connection, or a place on one, that takes one request.

use super::kept::Kept;
use super::line::Line;
use super::multiplexed::Place;
use crate::{Connection, Fault, ResponseBody, UpstreamError};
use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};

/// Which versions of HTTP a request can be sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    Any,
    /// HTTP/1.1 alone: it asks for an upgrade.
    Http1,
}

pub(super) enum Link {
    Line(Line),
    Place(Place),
}

impl Link {
    /// Sends a request for `uri` and waits for the head of its answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request.
    pub(super) async fn ask(
        self,
        uri: &Uri,
        mut request: Request<Bytes>,
        kept: &Kept,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        match self {
            Self::Line(line) => {
                *request.uri_mut() = target(uri);
                if let Some(host) = host(uri) {
                    request.headers_mut().insert(HOST, host);
                }
                line.ask(request, kept.clone()).await
            }
            Self::Place(place) => {
                // HTTP/2 tells the host as part of the target.
                request.headers_mut().remove(HOST);
                *request.uri_mut() = uri.clone();
                place.ask(request).await
            }
        }
    }
}

/// What HTTP/1.1 asks for (RFC 9112, section 3.2.1).
fn target(uri: &Uri) -> Uri {
    uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")).into()
}

/// Whom HTTP/1.1 asks (RFC 9110, section 7.2), without the port that goes without saying.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?;
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        Some(_) | None => 80,
    };
    let host = if uri.port_u16() == Some(usual) { authority.host() } else { authority.as_str() };
    HeaderValue::from_str(host).ok()
}

/// Why a connection gave no response head.
pub(super) enum Unanswered {
    /// It had ended before, and nothing of this request was sent.
    Unsent(Box<Request<Bytes>>),
    /// The other side did not process it, and says so.
    Refused(hyper::Error),
    /// It failed.
    Failed(UpstreamError),
}

impl From<UpstreamError> for Unanswered {
    fn from(error: UpstreamError) -> Self {
        Self::Failed(error)
    }
}

impl Unanswered {
    /// What a request came to that asked for such a connection. One that was refused on a connection of its own is not asked
    /// again.
    pub(super) fn on(self, connection: Connection) -> UpstreamError {
        match (self, connection) {
            (Self::Unsent(_), _) => UpstreamError::new(Fault::Reset),
            (Self::Refused(error), Connection::Any) => UpstreamError::caused_by(Fault::StaleConnection, error),
            (Self::Refused(error), Connection::Fresh) => UpstreamError::caused_by(Fault::Other, error),
            (Self::Failed(error), _) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_with_its_port_unless_that_is_the_usual_one() {
        for (uri, expected) in [
            ("http://api.test/v1", "api.test"),
            ("http://api.test:80/v1", "api.test"),
            ("http://api.test:443/v1", "api.test:443"),
            ("https://api.test:443/v1", "api.test"),
            ("https://api.test:8443/v1", "api.test:8443"),
            ("http://[::1]:80/v1", "[::1]"),
        ] {
            assert_eq!(host(&Uri::from_static(uri)).expect(uri), expected);
        }
    }

    #[test]
    fn a_target_is_the_path_with_its_query() {
        for (uri, expected) in [("http://h/v1/a?b=c", "/v1/a?b=c"), ("http://h", "/")] {
            assert_eq!(target(&Uri::from_static(uri)), expected);
        }
    }
}
