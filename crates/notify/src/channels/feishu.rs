use super::http::{Address, Http, SetupError};
use crate::alert::Alert;
use crate::notifier::{Notifier, NotifyError};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// "Too many requests", by the two codes under which it was seen.
const BUSY_CODES: [i64; 2] = [11232, 9499];

/// A custom bot of Feishu or Lark: a plain text message.
///
/// Wire format: <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>. The bot answers 200 even when it
/// refuses; only `"code": 0` in its answer is a success.
#[derive(Debug)]
pub struct Feishu {
    http: Http,
    address: Address,
    secret: Option<SecretString>,
}

#[derive(Serialize)]
struct Message {
    #[serde(flatten)]
    signature: Option<Signature>,
    msg_type: &'static str,
    content: Content,
}

#[derive(Serialize)]
struct Content {
    text: String,
}

#[derive(Serialize)]
struct Signature {
    timestamp: String,
    sign: String,
}

#[derive(Deserialize)]
struct Reply {
    code: i64,
}

impl Feishu {
    /// A bot at `webhook`, which signs its messages when the bot was given a `secret`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Address`] when `webhook` is no URL.
    pub fn new(http: &Http, webhook: &SecretString, secret: Option<SecretString>) -> Result<Self, SetupError> {
        Ok(Self { http: http.clone(), address: Address::parse(webhook)?, secret })
    }

    fn message(&self, alert: &Alert, unix_seconds: u64) -> Message {
        Message {
            signature: self.secret.as_ref().map(|secret| Signature::at(unix_seconds, secret)),
            msg_type: "text",
            content: Content { text: alert.text() },
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
        let response = self.http.send(request).await?;
        let status = response.status();
        judge(status, &self.http.read(response).await?)
    }
}

impl Signature {
    /// The secret is part of the key and the message is empty: unlike what the word suggests, nothing of the alert is
    /// signed.
    fn at(unix_seconds: u64, secret: &SecretString) -> Self {
        let key = format!("{unix_seconds}\n{}", secret.expose_secret());
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        Self { timestamp: unix_seconds.to_string(), sign: STANDARD.encode(mac.finalize().into_bytes()) }
    }
}

fn judge(status: StatusCode, body: &[u8]) -> Result<(), NotifyError> {
    let code = serde_json::from_slice(body).map(|Reply { code }| code);
    match code {
        Ok(0) if status.is_success() => Ok(()),
        Ok(code) if code != 0 => Err(NotifyError::Refused { code, temporary: BUSY_CODES.contains(&code) }),
        _ if status.is_success() => Err(NotifyError::Answer),
        _ => Err(NotifyError::Status(status.as_u16())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::server::{Server, hook};
    use crate::testing::{alert, http};
    use serde_json::json;
    use std::time::Duration;

    const OK: &str = r#"{"code":0,"msg":"success","data":{},"StatusCode":0,"StatusMessage":"success"}"#;

    fn feishu(server: &Server, secret: Option<&str>) -> Feishu {
        let webhook = hook(server, "/open-apis/bot/v2/hook/canary");
        Feishu::new(&http(), &webhook, secret.map(SecretString::from)).expect("a URL")
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
        assert_eq!(request.line, "POST /open-apis/bot/v2/hook/canary HTTP/1.1");
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.json(), json!({ "msg_type": "text", "content": { "text": alert.text() } }));
    }

    #[test]
    fn a_signed_message_carries_its_time_and_the_signature_over_nothing() {
        let bot = Feishu::new(&http(), &"http://127.0.0.1/h00k".into(), Some("hush".into())).expect("a URL");
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
        assert_eq!(body["sign"], Signature::at(timestamp, &"canary".into()).sign);
    }

    #[tokio::test]
    async fn status_200_with_another_code_than_zero_is_a_failure() {
        for (code, temporary) in [(19001, false), (19021, false), (9499, true), (11232, true)] {
            let result = reply_of("200 OK", &format!(r#"{{"code":{code},"msg":"no"}}"#)).await;
            let Err(NotifyError::Refused { code: told, temporary: is_temporary }) = result else {
                unreachable!("{code}: {result:?}")
            };
            assert_eq!((told, is_temporary), (code, temporary));
        }
    }

    #[tokio::test]
    async fn the_code_tells_more_than_the_status_and_no_code_is_no_success() {
        let refused = reply_of("400 Bad Request", r#"{"code":19024}"#).await;
        assert!(matches!(refused, Err(NotifyError::Refused { code: 19024, temporary: false })), "{refused:?}");
        let zero = reply_of("502 Bad Gateway", r#"{"code":0}"#).await;
        assert!(matches!(zero, Err(NotifyError::Status(502))), "{zero:?}");
        let page = reply_of("404 Not Found", "<html>").await;
        assert!(matches!(page, Err(NotifyError::Status(404))), "{page:?}");
        for silent in ["", "{}", "<html>", r#"{"StatusCode":0}"#] {
            let result = reply_of("200 OK", silent).await;
            assert!(matches!(result, Err(NotifyError::Answer)), "{silent}: {result:?}");
        }
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_and_its_connection_closed() {
        let server = Server::start().await;
        let (bot, alert) = (feishu(&server, None), alert());
        let (written, result) = tokio::join!(server.answer_endlessly(), bot.notify(&alert));
        assert!(matches!(result, Err(NotifyError::Answer)), "{result:?}");
        // What lies beyond the cap is what the sockets of both ends can hold.
        assert!((Http::REPLY_CAP_BYTES..64 << 20).contains(&written), "{written}");
    }
}
