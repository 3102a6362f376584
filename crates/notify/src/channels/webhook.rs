use super::http::{Address, Http, SetupError};
use crate::alert::{Alert, Tried};
use crate::notifier::{Notifier, NotifyError};
use crate::trouble::Trouble;
use async_trait::async_trait;
use oar_exchange::Outcome;
use secrecy::SecretString;
use serde::Serialize;

/// Any endpoint that is posted the alert as JSON, and says with a 2xx status that it took it.
///
/// ```json
/// {
///   "type": "alert",
///   "id": "0190f5fe-7c00-7a00-8000-000000000000",
///   "hostname": "gateway-1",
///   "text": "openai-api-route on gateway-1\n…",
///   "troubles": [{ "upstream": "primary", "reason": "head_timeout" }],
///   "outcome": "ok",
///   "request_id": "…",
///   "model": "gpt-4o",
///   "attempts": [{ "upstream": "primary", "result": "head_timeout", "status": null, "elapsed_ms": 10000 }],
///   "more": 0
/// }
/// ```
#[derive(Debug)]
pub struct Webhook {
    http: Http,
    address: Address,
}

#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    id: &'a str,
    hostname: &'a str,
    text: String,
    troubles: Vec<TroublePart<'a>>,
    outcome: Option<&'static str>,
    request_id: Option<&'a str>,
    model: Option<&'a str>,
    attempts: Vec<AttemptPart<'a>>,
    more: u64,
}

#[derive(Serialize)]
struct TroublePart<'a> {
    upstream: Option<&'a str>,
    reason: String,
}

#[derive(Serialize)]
struct AttemptPart<'a> {
    upstream: &'a str,
    result: &'static str,
    status: Option<u16>,
    elapsed_ms: u128,
}

impl Webhook {
    /// The endpoint at `url`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Address`] when `url` is none.
    pub fn new(http: &Http, url: &SecretString) -> Result<Self, SetupError> {
        Ok(Self { http: http.clone(), address: Address::parse(url)? })
    }
}

#[async_trait]
impl Notifier for Webhook {
    fn name(&self) -> &str {
        "webhook"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        self.http.deliver(self.http.post(&self.address).json(&Payload::from(alert))).await
    }
}

impl<'a> From<&'a Alert> for Payload<'a> {
    fn from(alert: &'a Alert) -> Self {
        Self {
            r#type: "alert",
            id: &alert.id,
            hostname: &alert.hostname,
            text: alert.text(),
            troubles: alert.troubles.iter().map(TroublePart::from).collect(),
            outcome: alert.outcome.map(Outcome::as_str),
            request_id: alert.request_id.as_deref(),
            model: alert.model.as_deref(),
            attempts: alert.attempts.iter().map(AttemptPart::from).collect(),
            more: alert.more,
        }
    }
}

impl<'a> From<&'a Trouble> for TroublePart<'a> {
    fn from(trouble: &'a Trouble) -> Self {
        Self { upstream: trouble.upstream.as_deref(), reason: trouble.reason.to_string() }
    }
}

impl<'a> From<&'a Tried> for AttemptPart<'a> {
    fn from(tried: &'a Tried) -> Self {
        Self {
            upstream: &tried.upstream,
            result: tried.result.as_str(),
            status: tried.status,
            elapsed_ms: tried.elapsed.as_millis(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::server::{Server, hook};
    use crate::testing::{alert, http, http_with_limit};
    use serde_json::json;
    use std::error::Error;
    use std::time::Duration;

    fn webhook(server: &Server) -> Webhook {
        Webhook::new(&http(), &hook(server, "/canary")).expect("a URL")
    }

    #[tokio::test]
    async fn the_alert_is_posted_as_json() {
        let server = Server::start().await;
        let (hook, mut alert) = (webhook(&server), alert());
        alert.more = 3;
        let (request, result) = tokio::join!(server.answer("204 No Content", ""), hook.notify(&alert));
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(request.line, "POST /canary HTTP/1.1");
        assert_eq!(request.header("content-type"), Some("application/json"));
        let expected = json!({
            "type": "alert",
            "id": "0190-exchange",
            "hostname": "gateway-1",
            "text": alert.text(),
            "troubles": [
                { "upstream": null, "reason": "all_failed" },
                { "upstream": "primary", "reason": "head_timeout" },
                { "upstream": "spare", "reason": "status 503" },
            ],
            "outcome": "all_failed",
            "request_id": "req-1",
            "model": "gpt-4o",
            "attempts": [
                { "upstream": "primary", "result": "head_timeout", "status": null, "elapsed_ms": 1500 },
                { "upstream": "spare", "result": "status", "status": 503, "elapsed_ms": 1500 },
            ],
            "more": 3,
        });
        assert_eq!(request.json(), expected);
    }

    #[tokio::test]
    async fn only_2xx_is_a_success_and_redirects_are_not_followed() {
        for (status, code, temporary) in [
            ("302 Found\r\nlocation: /elsewhere", 302, false),
            ("404 Not Found", 404, false),
            ("429 Too Many Requests", 429, true),
            ("500 Internal Server Error", 500, true),
        ] {
            let server = Server::start().await;
            let (hook, alert) = (webhook(&server), alert());
            let (_, result) = tokio::join!(server.answer(status, "no"), hook.notify(&alert));
            let error = result.expect_err(status);
            assert!(matches!(error, NotifyError::Status(told) if told == code), "{error:?}");
            assert_eq!(error.is_temporary(), temporary, "{status}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_hangs_is_given_up() {
        let server = Server::start().await;
        let limit = Duration::from_millis(50);
        let hook = Webhook::new(&http_with_limit(limit), &hook(&server, "/canary")).expect("a URL");
        let alert = alert();
        let result = tokio::select! {
            never = server.hang() => match never {},
            result = hook.notify(&alert) => result,
        };
        assert!(matches!(result, Err(NotifyError::Timeout(told)) if told == limit), "{result:?}");
    }

    #[tokio::test]
    async fn an_endpoint_that_is_gone_is_unreachable_and_its_url_stays_secret() {
        let server = Server::start().await;
        let hook = webhook(&server);
        drop(server);
        let error = hook.notify(&alert()).await.expect_err("nobody listens");
        assert!(matches!(error, NotifyError::Unreachable(_)) && error.is_temporary(), "{error:?}");
        let mut shown = format!("{hook:?} {error} {error:?}");
        let mut cause = error.source();
        while let Some(error) = cause {
            shown.push_str(&error.to_string());
            cause = error.source();
        }
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn an_address_that_is_no_url_is_an_error_that_does_not_show_it() {
        for wrong in ["", "canary", "/canary", "ftp://canary", "hooks.example/canary"] {
            let error = Webhook::new(&http(), &wrong.into()).expect_err(wrong);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }
}
