//! Feishu and Lark.

mod message;

use super::address::Address;
use super::http::{Http, Reply, SetupError};
use crate::alert::Alert;
use crate::notifier::{Notifier, NotifyError, Said};
use async_trait::async_trait;
use message::Message;
use secrecy::SecretString;
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// "Too many requests", by the two codes under which it was seen.
const BUSY_CODES: [i64; 2] = [11232, 9499];

/// A bot takes 5 messages in a second.
const PACE: Duration = Duration::from_millis(250);

/// A custom bot of Feishu or Lark: a plain text message, or a card.
///
/// Wire format: <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>. The bot answers 200 even when it
/// refuses; only `"code": 0` in its answer is a success.
///
/// ```
/// # use oar_notify::{Feishu, Http, Notifier, feishu};
/// let url = "https://open.feishu.cn/open-apis/bot/v2/hook/1".into();
/// let robot = Feishu::new(&Http::new()?, &url, Some("hush".into()), feishu::Style::Card)?;
/// assert_eq!((robot.name(), robot.pace().as_millis()), ("feishu", 250));
/// assert!(!format!("{robot:?}").contains("hush"));
/// # Ok::<(), oar_notify::SetupError>(())
/// ```
#[derive(Debug)]
pub struct Feishu {
    http: Http,
    address: Address,
    secret: Option<SecretString>,
    style: Style,
}

/// How a message looks.
///
/// ```
/// assert_eq!(oar_notify::feishu::Style::default(), oar_notify::feishu::Style::Text);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    #[default]
    Text,
    /// A card whose head has the colour of what it tells: red, green when it is over, grey for a test.
    Card,
}

#[derive(Deserialize)]
struct Answer {
    code: i64,
    #[serde(default)]
    msg: String,
}

impl Feishu {
    /// A bot at `webhook`, which signs its messages when the bot was given a `secret`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Address`] when `webhook` is no URL.
    ///
    /// ```
    /// # use oar_notify::{Feishu, Http, feishu};
    /// let error = Feishu::new(&Http::new()?, &"open.feishu.cn".into(), None, feishu::Style::Text).expect_err("no URL");
    /// assert_eq!(error.to_string(), "channel address is not an absolute http or https URL");
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn new(
        http: &Http,
        webhook: &SecretString,
        secret: Option<SecretString>,
        style: Style,
    ) -> Result<Self, SetupError> {
        Ok(Self { http: http.clone(), address: Address::parse(webhook)?, secret, style })
    }

    fn message(&self, alert: &Alert, unix_seconds: u64) -> Message {
        let message = match self.style {
            Style::Text => Message::text(alert),
            Style::Card => Message::card(alert),
        };
        match &self.secret {
            Some(secret) => message.signed(unix_seconds, secret),
            None => message,
        }
    }

    fn judge(&self, reply: &Reply) -> Result<(), NotifyError> {
        let answer: Option<Answer> = serde_json::from_slice(&reply.body).ok();
        let plain = reply.refusal(&self.address, self.secret.as_ref());
        match answer {
            Some(Answer { code: 0, .. }) if reply.status.is_success() => Ok(()),
            Some(Answer { code, msg }) if code != 0 => Err(NotifyError::Refused {
                code: code.to_string(),
                said: Said::new(&self.address.redact(&msg, self.secret.as_ref())),
                temporary: BUSY_CODES.contains(&code) || plain.is_temporary(),
                wait: reply.wait,
            }),
            _ if reply.status.is_success() => Err(NotifyError::Answer),
            _ => Err(plain),
        }
    }
}

#[async_trait]
impl Notifier for Feishu {
    fn name(&self) -> &str {
        "feishu"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let request = self.http.post(&self.address).json(&self.message(alert, now.as_secs()));
        self.judge(&self.http.ask(request).await?)
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::REPLY_CAP_BYTES;
    use super::*;
    use crate::testing::server::{Server, hook};
    use crate::testing::{alert, alert_about, exchange, http, http_with_limit, status};
    use oar_exchange::Outcome;
    use serde_json::json;
    use tokio::time::timeout;

    const OK: &str = r#"{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success"}"#;

    fn feishu(server: &Server, secret: Option<&str>) -> Feishu {
        let webhook = hook(server, "/open-apis/bot/v2/hook/canary-hook");
        Feishu::new(&http(), &webhook, secret.map(SecretString::from), Style::Text).expect("a URL")
    }

    async fn reply_of(status: &str, body: &str) -> Result<(), NotifyError> {
        let server = Server::start().await;
        let bot = feishu(&server, None);
        let alert = alert();
        tokio::join!(server.answer(status, body), bot.notify(&alert)).1
    }

    #[tokio::test]
    async fn the_message_is_plain_text() {
        let server = Server::start().await;
        let (bot, alert) = (feishu(&server, None), alert());
        let (request, result) = tokio::join!(server.answer("200 OK", OK), bot.notify(&alert));
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(request.line, "POST /open-apis/bot/v2/hook/canary-hook HTTP/1.1");
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.json(), json!({ "msg_type": "text", "content": { "text": alert.text() } }));
    }

    #[tokio::test]
    async fn a_card_has_the_first_line_as_its_head_in_the_colour_of_what_it_tells() {
        let server = Server::start().await;
        let bot = Feishu::new(&http(), &hook(&server, "/canary"), None, Style::Card).expect("a URL");
        let alert = alert();
        let (request, result) = tokio::join!(server.answer("200 OK", OK), bot.notify(&alert));
        assert!(result.is_ok(), "{result:?}");
        let text = alert.text();
        let (title, rest) = text.split_once('\n').expect("lines");
        let expected = json!({
            "msg_type": "interactive",
            "card": {
                "config": { "wide_screen_mode": true },
                "header": { "template": "red", "title": { "tag": "plain_text", "content": title } },
                "elements": [{ "tag": "div", "text": { "tag": "plain_text", "content": rest } }],
            },
        });
        assert_eq!(request.json(), expected);
    }

    /// N04: 20 KB is what a bot takes.
    #[test]
    fn the_longest_card_is_one_that_a_bot_takes() {
        let long: Vec<_> = (0..40).map(|n| status(&format!("{n}-{}", "\\\"".repeat(500)), 500)).collect();
        let bot =
            Feishu::new(&http(), &"http://127.0.0.1/h00k".into(), Some("hush".into()), Style::Card).expect("a URL");
        let card = bot.message(&alert_about(&exchange(Outcome::AllFailed, &long)), 1_700_000_000);
        let bytes = serde_json::to_vec(&card).expect("JSON").len();
        assert!((Alert::TEXT_CAP_BYTES..20_000).contains(&bytes), "{bytes}");
    }

    #[tokio::test]
    async fn what_the_bot_repeats_of_its_address_and_secret_is_not_told() {
        let server = Server::start().await;
        let bot = feishu(&server, Some("canary-sign"));
        let alert = alert();
        for body in [r#"{"code":19021,"msg":"canary-sign does not fit hook/canary-hook"}"#, "<p>canary-sign"] {
            let status = if body.starts_with('{') { "200 OK" } else { "500 Oops" };
            let error = tokio::join!(server.answer(status, body), bot.notify(&alert)).1.expect_err("refused");
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("[REDACTED]") && !shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn a_signed_message_carries_its_time_and_the_signature_over_nothing() {
        let bot =
            Feishu::new(&http(), &"http://127.0.0.1/h00k".into(), Some("hush".into()), Style::Text).expect("a URL");
        let message = serde_json::to_value(bot.message(&alert(), 1_700_000_000)).expect("JSON");
        // printf '' | openssl dgst -sha256 -hmac "$(printf '1700000000\nhush')" -binary | base64
        let expected = json!({
            "timestamp": "1700000000",
            "sign": "hr9XYhIKnr9hsmPfMb6rGd7Y0SONRmoNUPqB7k9RizM=",
            "msg_type": "text",
            "content": { "text": alert().text() },
        });
        assert_eq!(message, expected);
    }

    #[tokio::test]
    async fn a_bot_with_a_secret_signs_with_the_time_of_sending() {
        let server = Server::start().await;
        let (bot, alert) = (feishu(&server, Some("canary")), alert());
        let (request, _) = tokio::join!(server.answer("200 OK", OK), bot.notify(&alert));
        let body = request.json();
        let timestamp: u64 = body["timestamp"].as_str().expect("a string").parse().expect("seconds");
        assert!(UNIX_EPOCH + Duration::from_secs(timestamp) <= SystemTime::now());
        let expected = serde_json::to_value(bot.message(&alert, timestamp)).expect("JSON");
        assert_eq!(body["sign"], expected["sign"]);
    }

    /// N03
    #[tokio::test]
    async fn status_200_with_another_code_than_zero_is_a_failure() {
        for (code, temporary) in [(19001, false), (19021, false), (9499, true), (11232, true)] {
            let error = reply_of("200 OK", &format!(r#"{{"code":{code},"msg":"no <b>"}}"#)).await.expect_err("refused");
            assert_eq!(error.to_string(), format!("channel refused the message with {code}: no ＜b>"));
            assert_eq!(error.is_temporary(), temporary);
        }
    }

    /// N03
    #[tokio::test]
    async fn a_bot_that_is_busy_or_broken_is_asked_again_whatever_its_code() {
        for (status, temporary) in [("429 Busy", true), ("500 Oops", true), ("400 Bad Request", false)] {
            let error = reply_of(status, r#"{"code":99991400,"msg":"frequency"}"#).await.expect_err("refused");
            assert!(matches!(&error, NotifyError::Refused { code, .. } if code == "99991400"), "{error:?}");
            assert_eq!(error.is_temporary(), temporary, "{status}");
        }
    }

    /// N03
    #[tokio::test]
    async fn the_code_tells_more_than_the_status_and_no_code_is_no_success() {
        let refused = reply_of("400 Bad Request", r#"{"code":19024}"#).await;
        assert!(
            matches!(refused, Err(NotifyError::Refused { ref code, temporary: false, .. }) if code == "19024"),
            "{refused:?}"
        );
        let zero = reply_of("502 Bad Gateway", r#"{"code":0}"#).await;
        assert!(matches!(zero, Err(NotifyError::Status { status: 502, .. })), "{zero:?}");
        let page = reply_of("404 Not Found", "<html>").await;
        assert!(matches!(page, Err(NotifyError::Status { status: 404, .. })), "{page:?}");
        for silent in ["", "{}", "<html>", r#"{"StatusCode":0}"#] {
            let result = reply_of("200 OK", silent).await;
            assert!(matches!(result, Err(NotifyError::Answer)), "{silent}: {result:?}");
        }
    }

    /// N02
    #[tokio::test]
    async fn a_refusal_whose_body_never_comes_is_a_refusal() {
        let server = Server::start().await;
        let limit = Duration::from_secs(2);
        let bot = Feishu::new(&http_with_limit(limit), &hook(&server, "/canary"), None, Style::Text).expect("a URL");
        let alert = alert();
        let result = tokio::select! {
            never = server.stall("400 Bad Request") => match never {},
            result = timeout(limit, bot.notify(&alert)) => result,
        };
        assert!(matches!(result, Ok(Err(NotifyError::Status { status: 400, .. }))), "{result:?}");
    }

    /// N02
    #[tokio::test]
    async fn an_endless_answer_is_cut_and_its_connection_closed() {
        let server = Server::start().await;
        let (bot, alert) = (feishu(&server, None), alert());
        let (written, result) = tokio::join!(server.answer_endlessly("200 OK"), bot.notify(&alert));
        assert!(matches!(result, Err(NotifyError::Answer)), "{result:?}");
        // What lies beyond the cap is what the sockets of both ends can hold.
        assert!((REPLY_CAP_BYTES..64 << 20).contains(&written), "{written}");
    }
}
