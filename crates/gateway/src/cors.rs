//! Browsers may call from anywhere: access is decided by tokens, not by origins.

use crate::answer::{AnswerBody, respond};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};

/// Adds to an answer what lets a script of any origin read it. Credentials of the browser are never allowed: a token has
/// to be sent by the script itself. What the gateway answers has it already.
///
/// ```
/// let mut headers = http::HeaderMap::new();
/// oar_gateway::allow_all_origins(&mut headers);
/// assert_eq!(headers["access-control-allow-origin"], "*");
/// ```
pub fn allow_all_origins(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
}

/// Whether a browser asks for permission: <https://fetch.spec.whatwg.org/#cors-preflight-request>.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Gives permission. It needs no token, because browsers send none with it, and it is no request to the API.
pub(crate) fn preflight<B>(request: &Request<B>) -> Response<AnswerBody> {
    let default = HeaderValue::from_static("authorization, content-type");
    let asked = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned().unwrap_or(default);
    let mut headers = HeaderMap::new();
    allow_all_origins(&mut headers);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    respond(StatusCode::NO_CONTENT, headers, Either::Left(Full::default()))
}
