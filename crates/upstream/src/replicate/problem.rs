//! Errors as Replicate tells them: <https://www.rfc-editor.org/rfc/rfc7807>.

use super::refusal::Refusal;
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use oar_protocol::ErrorKind;
use serde_json::Value;

/// Read leniently: what is of another type than expected is not there.
struct Problem(Value);

/// The answer with which the client, or the next upstream's turn, learns of it: the status as it is, in OpenAI's words.
///
/// `redacted` makes somebody else's text fit for a client's eyes.
pub(super) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    redacted: impl Fn(&str) -> String,
) -> Refusal {
    let problem = Problem(serde_json::from_str(body).unwrap_or_default());
    let (kind, code) = kind(status);
    let message = problem.message().map(|message| redacted(&message));
    let message = message.unwrap_or_else(|| format!("Replicate answered {}", status.as_u16()));
    let mut refusal = Refusal::new(status, kind, code, message);
    refusal.retry_after = headers.get(RETRY_AFTER).cloned().or_else(|| problem.seconds().map(HeaderValue::from));
    refusal
}

impl Problem {
    /// What is wrong, and with which inputs unless that was said already.
    fn message(&self) -> Option<String> {
        let detail = text(&self.0, "detail").or_else(|| text(&self.0, "title"))?.trim();
        let fields = self.0.get("invalid_fields").and_then(Value::as_array).into_iter().flatten();
        let more = fields.filter_map(|field| {
            let (name, wrong) = (text(field, "field")?, text(field, "description")?);
            (!detail.contains(wrong)).then(|| format!("; {name}: {wrong}"))
        });
        Some(detail.to_owned() + &more.collect::<String>())
    }

    /// How long to wait, in whole seconds: a field of its own, or `Your rate limit resets in ~30s.`
    fn seconds(&self) -> Option<u64> {
        let told = self.0.get("retry_after").and_then(Value::as_f64).filter(|told| (0.0..=1e6).contains(told));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 1e6")]
        let told = told.map(|told| told.ceil() as u64);
        told.or_else(|| seconds_in(text(&self.0, "detail")?))
    }
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn seconds_in(detail: &str) -> Option<u64> {
    let (_, after) = detail.split_once("resets in ")?;
    let after = after.strip_prefix('~').unwrap_or(after);
    let (seconds, _) = after.split_once('s')?;
    seconds.trim_end().parse().ok()
}

fn kind(status: StatusCode) -> (ErrorKind, &'static str) {
    match status.as_u16() {
        401 => (ErrorKind::AuthenticationError, "invalid_api_key"),
        402 => (ErrorKind::RateLimitError, "insufficient_quota"),
        403 => (ErrorKind::PermissionError, "permission_denied"),
        404 => (ErrorKind::InvalidRequestError, "model_not_found"),
        429 => (ErrorKind::RateLimitError, "rate_limit_exceeded"),
        408 | 504 => (ErrorKind::TimeoutError, "upstream_timeout"),
        503 => (ErrorKind::OverloadedError, "overloaded"),
        400..=499 => (ErrorKind::InvalidRequestError, "invalid_request"),
        _ => (ErrorKind::UpstreamError, "upstream_error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> (Value, Option<HeaderValue>) {
        let status = StatusCode::from_u16(status).expect("a status");
        let refusal = refusal(status, &HeaderMap::new(), body, str::to_owned);
        (serde_json::from_slice(&refusal.json()).expect("JSON"), refusal.retry_after)
    }

    #[test]
    fn the_detail_becomes_the_message() {
        let body =
            r#"{"title":"Unauthenticated","detail":"You did not pass a valid authentication token","status":401}"#;
        let (error, _) = read(401, body);
        assert_eq!(error["error"]["message"], "You did not pass a valid authentication token");
        assert_eq!(
            (&error["error"]["type"], &error["error"]["code"]),
            (&"authentication_error".into(), &"invalid_api_key".into())
        );
        assert_eq!(read(404, r#"{"title":"Not found"}"#).0["error"]["message"], "Not found");
        assert_eq!(read(422, r#"{"detail":["x"],"title":"Odd"}"#).0["error"]["message"], "Odd");
        assert_eq!(read(502, "<html>").0["error"]["message"], "Replicate answered 502");
    }

    #[test]
    fn the_inputs_at_fault_are_told_once() {
        let message = |detail: &str, fields: Value| {
            let body = serde_json::json!({"detail": detail, "status": 422, "invalid_fields": fields});
            read(422, &body.to_string()).0["error"]["message"].as_str().expect("a text").to_owned()
        };
        let field = |name, told| serde_json::json!({"type": "x", "field": name, "description": told});
        let fields = Value::from(vec![field("input.seed", "must be an integer"), field("input", "prompt is required")]);
        let expected = "Input validation failed; input.seed: must be an integer; input: prompt is required";
        assert_eq!(message("Input validation failed", fields.clone()), expected);
        let told = "- input.seed: must be an integer\n- input.prompt: prompt is required\n";
        assert_eq!(message(told, fields), told.trim());
        assert_eq!(message("Input validation failed", "odd".into()), "Input validation failed");
    }

    #[test]
    fn how_long_to_wait_is_found_wherever_it_is_told() {
        let wait = |body| read(429, body).1.map(|after| after.to_str().expect("text").to_owned());
        let told = r#"{"detail":"Request was throttled. Your rate limit resets in ~30s."}"#;
        assert_eq!(wait(told).as_deref(), Some("30"));
        assert_eq!(wait(r#"{"detail":"resets in 5 s"}"#).as_deref(), Some("5"));
        assert_eq!(wait(r#"{"detail":"resets in ~30s","retry_after":4}"#).as_deref(), Some("4"));
        assert_eq!(wait(r#"{"retry_after":1.2}"#).as_deref(), Some("2"));
        assert_eq!(wait(r#"{"detail":"resets in ~3s","retry_after":-1}"#).as_deref(), Some("3"));
        assert_eq!(wait(r#"{"detail":"resets in a moment, seriously"}"#), None);
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("7"))]);
        let told = refusal(StatusCode::TOO_MANY_REQUESTS, &headers, told, str::to_owned);
        assert_eq!(told.retry_after, headers.get(RETRY_AFTER).cloned());
    }
}
