//! Errors as Replicate tells them: <https://www.rfc-editor.org/rfc/rfc7807>.

use crate::reply::{self, Reply};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

pub(super) const UNAUTHENTICATED: &str = "You did not pass a valid authentication token";

/// What such an error says.
pub(super) fn of_status(status: StatusCode) -> Value {
    let (title, detail) = match status.as_u16() {
        401 => ("Unauthenticated", UNAUTHENTICATED),
        402 => (
            "Insufficient credit",
            "You have insufficient credit to run this model. Go to https://replicate.com/account/billing to purchase credit.",
        ),
        404 => ("Not found", "The requested resource could not be found."),
        422 => return invalid("prompt", "prompt is required"),
        429 => ("Too many requests", "Request was throttled. Your rate limit resets in ~30s."),
        500.. => ("Internal server error", "Something went wrong on our side. Try again."),
        _ => ("Bad request", "The stand-in was asked to answer so."),
    };
    json!({ "title": title, "detail": detail, "status": status.as_u16() })
}

/// An input that lacks a field, or has one that is wrong.
pub(super) fn invalid(field: &str, description: &str) -> Value {
    json!({
        "title": "Input validation failed",
        "detail": format!("- input: {description}\n"),
        "status": 422,
        "invalid_fields": [{ "type": "required", "field": format!("input.{field}"), "description": description }],
    })
}

pub(super) fn reply(status: StatusCode, problem: &Value) -> Reply {
    let mut reply = reply::json_with(status, problem);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    reply
}

pub(super) fn reply_of(status: StatusCode) -> Reply {
    reply(status, &of_status(status))
}
