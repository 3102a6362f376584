//! An upstream's error answer on its way to the client: as it came, unless a client of the API could not read it.
//!
//! Proxies before an upstream answer for it with pages made for people, and some errors never come whole. In their place
//! goes an error object that keeps the status and says what is known.

use crate::collect::{Uncollected, collect};
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use oar_protocol::headers::is_of_type;
use oar_protocol::{ErrorBody, ErrorKind, html_text};
use oar_upstream::{ResponseBody, UpstreamRequest, UpstreamResponse};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// No more than this of an error answer is kept: while others are tried, or while a page is made readable.
const ERROR_BODY_CAP_BYTES: usize = 64 * 1024;

/// Nor is it waited for longer than this between two pieces: it is not worth it.
const ERROR_BODY_IDLE: Duration = Duration::from_secs(5);

/// No more than this of a page's text is passed on.
const PAGE_TEXT_CAP_BYTES: usize = 2 * 1024;

/// What describes a body, and is wrong of another one in its place: RFC 9110 section 8 and 14, RFC 9530, and their
/// forerunners.
const OF_THE_BODY: [HeaderName; 11] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::CONTENT_DISPOSITION,
    header::ETAG,
    header::LAST_MODIFIED,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
];

/// An error answer, with its body as far as it could be read.
pub(crate) struct ErrorAnswer {
    status: StatusCode,
    headers: HeaderMap,
    body: Result<Bytes, Unread>,
}

/// Why the body of an error answer is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    TooLong,
    Late,
    BrokeOff,
}

/// The answer as it is, unless it is an error told with a page: then, with an error object in the page's place. Only such
/// a page is read before it is passed on, until `deadline` at the latest.
pub(crate) async fn readable(
    response: UpstreamResponse,
    request: &UpstreamRequest,
    deadline: Instant,
) -> UpstreamResponse {
    let is_error = response.status.is_client_error() || response.status.is_server_error();
    if !is_error || !is_page(&response.headers) || request.method == Method::HEAD {
        return response;
    }
    // Boxed as it is rare: what waits for it is not made larger.
    Box::pin(ErrorAnswer::read(response, deadline)).await.into_response(request)
}

/// Whether the body is a page for people.
fn is_page(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(is_page_type)
}

/// Whether a `content-type` is that of a page for people.
pub(crate) fn is_page_type(content_type: &str) -> bool {
    ["text/html", "application/xhtml+xml"].iter().any(|page| is_of_type(content_type, page))
}

impl ErrorAnswer {
    /// Reads the answer's body as far as it is kept, until `deadline` at the latest.
    pub(crate) async fn read(response: UpstreamResponse, deadline: Instant) -> Self {
        let UpstreamResponse { status, headers, body } = response;
        let body = match body {
            ResponseBody::Body(body) => {
                let all = collect(body, ERROR_BODY_CAP_BYTES, ERROR_BODY_IDLE);
                timeout_at(deadline, all).await.map_or(Err(Unread::Late), |all| all.map_err(Unread::from))
            }
            // No protocol is switched to by an error.
            ResponseBody::Tunnel(_) => Err(Unread::BrokeOff),
        };
        Self { status, headers, body }
    }

    /// What goes to the client. An answer to `HEAD` has no body that another one could take the place of.
    pub(crate) fn into_response(self, request: &UpstreamRequest) -> UpstreamResponse {
        let is_page = is_page(&self.headers) && request.method != Method::HEAD;
        match self.body {
            Ok(body) if !is_page => {
                UpstreamResponse { status: self.status, headers: self.headers, body: ResponseBody::full(body) }
            }
            Ok(_) | Err(_) => self.into_object(&request.request_id),
        }
    }

    fn into_object(self, request_id: &str) -> UpstreamResponse {
        let kind = ErrorKind::of_status(self.status.as_u16());
        let object = ErrorBody::new(kind, "upstream_error", self.message());
        let mut headers = self.headers;
        for name in &OF_THE_BODY {
            headers.remove(name);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = ResponseBody::full(object.to_json(Some(request_id)));
        UpstreamResponse { status: self.status, headers, body }
    }

    fn message(&self) -> String {
        let what = if self.status.is_client_error() { "refused the request" } else { "failed" };
        let status = self.status.as_u16();
        let rest = match &self.body {
            Ok(body) => match self.text_of(body) {
                Some(text) => format!(": {text}"),
                None => " and a page without text.".into(),
            },
            Err(Unread::TooLong) => "; its answer is too long to be passed on.".into(),
            Err(Unread::Late) => "; its answer did not come in time.".into(),
            Err(Unread::BrokeOff) => "; its answer broke off.".into(),
        };
        format!("The upstream {what} with status {status}{rest}")
    }

    /// `None` when there is none, or when it is compressed.
    fn text_of(&self, page: &[u8]) -> Option<String> {
        let text = html_text(&String::from_utf8_lossy(page), PAGE_TEXT_CAP_BYTES);
        (!text.is_empty() && !self.headers.contains_key(header::CONTENT_ENCODING)).then_some(text)
    }
}

impl From<Uncollected> for Unread {
    fn from(why: Uncollected) -> Self {
        match why {
            Uncollected::TooLong | Uncollected::NoRoom => Self::TooLong,
            Uncollected::Stalled => Self::Late,
            Uncollected::Broken | Uncollected::CutOff => Self::BrokeOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_type() {
        for page in ["text/html", "TEXT/HTML; charset=utf-8", " text/html ;x", "application/xhtml+xml"] {
            assert!(is_page_type(page), "{page}");
        }
        for other in ["", "text/plain", "application/json", "text/htmlx", "application/json; note=text/html"] {
            assert!(!is_page_type(other), "{other}");
        }
    }

    #[track_caller]
    fn check(status: u16, body: Result<&'static str, Unread>, message: &str) {
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = ErrorAnswer { status, headers: HeaderMap::new(), body: body.map(Bytes::from) };
        assert_eq!(answer.message(), message);
    }

    #[test]
    fn what_is_known_is_said() {
        check(403, Ok("<p>no"), "The upstream refused the request with status 403: no");
        check(403, Ok("<p>"), "The upstream refused the request with status 403 and a page without text.");
        check(502, Err(Unread::Late), "The upstream failed with status 502; its answer did not come in time.");
        check(
            413,
            Err(Unread::TooLong),
            "The upstream refused the request with status 413; its answer is too long to be passed on.",
        );
        check(400, Err(Unread::BrokeOff), "The upstream refused the request with status 400; its answer broke off.");
    }
}
