//! Error objects, as OpenAI's API sends them.

use crate::reply::{self, Reply};
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};

/// How long 429 and 503 ask to wait. Who reads no milliseconds waits for a second.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// The error that a status stands for; 429 and 503 say when to come back.
pub(super) fn of_status(status: StatusCode) -> Reply {
    let (kind, code) = meaning(status);
    let message = format!("The stand-in was asked to answer {status}");
    let mut reply = reply::json_with(status, &object(&message, kind, None, code));
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        reply.headers_mut().insert(RETRY_AFTER_MS, HeaderValue::from_static("20"));
    }
    reply
}

pub(super) fn missing(param: &str) -> Reply {
    let message = format!("Missing required parameter: '{param}'.");
    let error = object(&message, "invalid_request_error", Some(param), Some("missing_required_parameter"));
    reply::json_with(StatusCode::BAD_REQUEST, &error)
}

pub(super) fn not_found(message: &str, param: &str, code: Option<&str>) -> Reply {
    reply::json_with(StatusCode::NOT_FOUND, &object(message, "invalid_request_error", Some(param), code))
}

pub(super) fn unknown_url(target: &str) -> Reply {
    let error = object(&format!("Unknown request URL: {target}"), "invalid_request_error", None, Some("unknown_url"));
    reply::json_with(StatusCode::NOT_FOUND, &error)
}

pub(super) fn too_large() -> Reply {
    of_status(StatusCode::PAYLOAD_TOO_LARGE)
}

pub(super) fn wrong_key() -> Reply {
    let error = object("Incorrect API key provided.", "invalid_request_error", None, Some("invalid_api_key"));
    reply::json_with(StatusCode::UNAUTHORIZED, &error)
}

fn meaning(status: StatusCode) -> (&'static str, Option<&'static str>) {
    match status.as_u16() {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    }
}

fn object(message: &str, kind: &str, param: Option<&str>, code: Option<&str>) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
}
