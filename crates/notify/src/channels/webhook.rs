//! Any endpoint that takes JSON.

use super::address::Address;
use super::http::{Http, SetupError};
use crate::alert::Alert;
use crate::notifier::{Notifier, NotifyError};
use async_trait::async_trait;
use secrecy::SecretString;

/// Any endpoint that is posted the alert as JSON, and says with a 2xx status that it took it.
///
/// ```json
/// {
///   "type": "alert",
///   "kind": "alert",
///   "id": "0190f5fe-7c00-7a00-8000-000000000000",
///   "hostname": "gateway-1",
///   "text": "[gateway-1] upstream primary fails: timed out before the first byte (head_timeout)\n…",
///   "troubles": [{ "upstream": "primary", "reason": "head_timeout" }],
///   "recovered": [],
///   "outcome": "ok",
///   "request_id": "…",
///   "model": "gpt-4o",
///   "attempts": [{ "upstream": "primary", "result": "head_timeout", "status": null, "elapsed_ms": 10000 }],
///   "more": 0
/// }
/// ```
///
/// `kind` is one of `alert`, `recovered`, `summary`, `records`, `reload` and `test`, and all keys are always there.
/// `outcome`, `request_id`, `model` and `attempts` are those of one request, so of an `alert` alone. In a `summary` each of
/// `troubles` has its number of `times`. A `recovered` message has, for each that works again, `{ "subject": "upstream",
/// "upstream": "primary", "faults": 12, "lasted_ms": 200000 }`; `subject` is `upstream`, `requests`, `records` or
/// `configuration`.
#[derive(Debug)]
pub struct Webhook {
    http: Http,
    address: Address,
}

impl Webhook {
    /// The endpoint at `url`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Address`] when `url` is none.
    ///
    /// ```
    /// # use oar_notify::{Http, Notifier, Webhook};
    /// let webhook = Webhook::new(&Http::new()?, &"https://alerts.example.com/hook?key=hush".into())?;
    /// assert_eq!(webhook.name(), "webhook");
    /// assert!(!format!("{webhook:?}").contains("hush"));
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
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
        let request = self.http.post(&self.address).json(alert);
        self.http.deliver(request, |reply| reply.refusal(&self.address, None)).await
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
    use tokio::time::timeout;

    fn webhook(server: &Server) -> Webhook {
        Webhook::new(&http(), &hook(server, "/canary")).expect("a URL")
    }

    #[tokio::test]
    async fn the_alert_is_posted_as_json() {
        let server = Server::start().await;
        let (hook, alert) = (webhook(&server), alert());
        let (request, result) = tokio::join!(server.answer("204 No Content", ""), hook.notify(&alert));
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(request.line, "POST /canary HTTP/1.1");
        assert_eq!(request.header("content-type"), Some("application/json"));
        let expected = json!({
            "type": "alert",
            "kind": "alert",
            "id": "0190-exchange",
            "hostname": "gateway-1",
            "text": alert.text(),
            "troubles": [
                { "upstream": null, "reason": "all_failed" },
                { "upstream": "primary", "reason": "head_timeout" },
                { "upstream": "spare", "reason": "status 503" },
            ],
            "recovered": [],
            "outcome": "all_failed",
            "request_id": "req-1",
            "model": "gpt-4o",
            "attempts": [
                { "upstream": "primary", "result": "head_timeout", "status": null, "elapsed_ms": 1500 },
                { "upstream": "spare", "result": "status", "status": 503, "elapsed_ms": 1500 },
            ],
            "more": 0,
        });
        assert_eq!(request.json(), expected);
    }

    /// N02
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
            let (_, result) = tokio::join!(server.answer(status, "no\n/canary"), hook.notify(&alert));
            let error = result.expect_err(status);
            assert_eq!(error.to_string(), format!("channel answered with status {code}: no /[REDACTED]"));
            assert!(matches!(error, NotifyError::Status { status: told, .. } if told == code), "{error:?}");
            assert_eq!(error.is_temporary(), temporary, "{status}");
        }
    }

    /// N02: of a success nothing is read, of a refusal as much as is shown could be in.
    #[tokio::test]
    async fn an_endless_answer_is_left_and_its_connection_closed() {
        for (status, is_taken) in [("200 OK", true), ("503 Busy", false)] {
            let server = Server::start().await;
            let (hook, alert) = (webhook(&server), alert());
            let (written, result) = tokio::join!(server.answer_endlessly(status), hook.notify(&alert));
            assert_eq!(result.is_ok(), is_taken, "{result:?}");
            assert!(written < 64 << 20, "{written}");
        }
    }

    #[tokio::test]
    async fn a_busy_endpoint_says_when_it_wants_to_be_asked_again() {
        for (header, expected) in [("3", Some(3)), (" 120 ", Some(120)), ("soon", None), ("-1", None)] {
            let server = Server::start().await;
            let (hook, alert, status) = (webhook(&server), alert(), format!("429 Busy\r\nretry-after: {header}"));
            let (_, result) = tokio::join!(server.answer(&status, ""), hook.notify(&alert));
            let error = result.expect_err("busy");
            assert_eq!((error.wait(), error.is_temporary()), (expected.map(Duration::from_secs), true), "{header}");
        }
    }

    #[tokio::test]
    async fn the_first_two_hundred_characters_of_an_error_are_told() {
        let server = Server::start().await;
        let (hook, alert, page) = (webhook(&server), alert(), "龙".repeat(5000));
        let (_, result) = tokio::join!(server.answer("500 Oops", &page), hook.notify(&alert));
        let told = result.expect_err("an error").to_string();
        assert_eq!(told.chars().filter(|c| *c == '龙').count(), 200);
        assert!(told.ends_with('…'), "{told}");
    }

    /// N02: the worker gives a try no more time than the endpoint has.
    #[tokio::test]
    async fn a_refusal_whose_body_never_comes_is_a_refusal() {
        let server = Server::start().await;
        let limit = Duration::from_secs(2);
        let hook = Webhook::new(&http_with_limit(limit), &hook(&server, "/canary")).expect("a URL");
        let alert = alert();
        let result = tokio::select! {
            never = server.stall("404 Not Found") => match never {},
            result = timeout(limit, hook.notify(&alert)) => result,
        };
        assert!(matches!(result, Ok(Err(NotifyError::Status { status: 404, .. }))), "{result:?}");
    }

    /// N02
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

    /// N02
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
}
