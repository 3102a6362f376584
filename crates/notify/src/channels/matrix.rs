use super::http::{Address, Http, SetupError};
use crate::alert::Alert;
use crate::notifier::{Notifier, NotifyError};
use async_trait::async_trait;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// What the URL of a room's messages ends with, but for the transaction.
const SEND: &str = "/send/m.room.message";

/// A Matrix room, or a relay that writes to one.
///
/// Two kinds of URL have been in use as `MATRIX_API`, and both work:
///
/// - `{homeserver}/_matrix/client/…/rooms/{room}/send/m.room.message?access_token=…`: the message is put there as the
///   client-server API has it (<https://spec.matrix.org/latest/client-server-api/>), under the alert's id, so that a
///   repeated message is shown once. The token moves from the query to the `authorization` header.
/// - anything else is a relay: it is posted a JSON object with `msgtype`, `message` and `body`.
#[derive(Debug)]
pub struct Matrix {
    http: Http,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Room { messages: Address, token: Option<SecretString> },
    Relay(Address),
}

impl Matrix {
    /// The room or the relay at `url`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Address`] when `url` is none.
    pub fn new(http: &Http, url: &SecretString) -> Result<Self, SetupError> {
        let address = Address::parse(url)?;
        let target = Target::room(address.expose()).unwrap_or(Target::Relay(address));
        Ok(Self { http: http.clone(), target })
    }
}

#[async_trait]
impl Notifier for Matrix {
    fn name(&self) -> &str {
        "matrix"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        let request = match &self.target {
            Target::Room { messages, token } => {
                let request = self.http.put(&transaction(messages, &alert.id)).json(&event(alert));
                match token {
                    Some(token) => request.bearer_auth(token.expose_secret()),
                    None => request,
                }
            }
            Target::Relay(address) => self.http.post(address).json(&relayed(alert)),
        };
        self.http.deliver(request).await
    }
}

impl Target {
    fn room(url: &Url) -> Option<Self> {
        let path = url.path();
        let end = path.find(SEND)? + SEND.len();
        let path = path.get(..end).filter(|path| path.contains("/_matrix/client/"))?;
        let (tokens, rest): (Vec<_>, Vec<_>) = url.query_pairs().partition(|(key, _)| key == "access_token");
        let mut messages = url.clone();
        messages.set_path(path);
        messages.set_query(None);
        if !rest.is_empty() {
            messages.query_pairs_mut().extend_pairs(rest);
        }
        let token = tokens.into_iter().next().map(|(_, token)| token.into_owned().into());
        Some(Self::Room { messages: Address::of(messages), token })
    }
}

/// Where the message of this id is put.
fn transaction(messages: &Address, id: &str) -> Address {
    let mut url = messages.expose().clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(id);
    }
    Address::of(url)
}

/// A notice, as bots write; `m.mentions` without a name says that nobody is to be pinged.
fn event(alert: &Alert) -> Value {
    json!({ "msgtype": "m.notice", "body": alert.text(), "m.mentions": {} })
}

/// The Go version called the type `message`; relays written for it still read that.
fn relayed(alert: &Alert) -> Value {
    json!({ "msgtype": "m.text", "message": "m.text", "body": alert.text() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::server::{Request, Server, hook};
    use crate::testing::{alert, http};

    async fn sent_to(path: &str) -> Request {
        let server = Server::start().await;
        let matrix = Matrix::new(&http(), &hook(&server, path)).expect("a URL");
        let alert = alert();
        let (request, result) = tokio::join!(server.answer("200 OK", r#"{"event_id":"$1"}"#), matrix.notify(&alert));
        assert!(result.is_ok(), "{result:?}");
        request
    }

    #[tokio::test]
    async fn a_room_is_put_a_notice_that_mentions_nobody_with_the_token_in_the_header() {
        let path = "/_matrix/client/v3/rooms/%21abc%3Aserver/send/m.room.message?access_token=canary%2Bt";
        let request = sent_to(path).await;
        let expected = "PUT /_matrix/client/v3/rooms/%21abc%3Aserver/send/m.room.message/0190-exchange HTTP/1.1";
        assert_eq!(request.line, expected);
        assert_eq!(request.header("authorization"), Some("Bearer canary+t"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.json(), json!({ "msgtype": "m.notice", "body": alert().text(), "m.mentions": {} }));
    }

    #[tokio::test]
    async fn a_transaction_in_the_url_is_replaced_and_other_parameters_stay() {
        let path = "/_matrix/client/r0/rooms/!abc:server/send/m.room.message/1?user_id=%40bot%3As&access_token=canary";
        let request = sent_to(path).await;
        let target = "/_matrix/client/r0/rooms/!abc:server/send/m.room.message/0190-exchange?user_id=%40bot%3As";
        assert_eq!(request.line, format!("PUT {target} HTTP/1.1"));
    }

    #[tokio::test]
    async fn a_relay_is_posted_all_the_words_that_relays_read() {
        let request = sent_to("/hooks/matrix?key=1").await;
        assert_eq!(request.line, "POST /hooks/matrix?key=1 HTTP/1.1");
        assert_eq!(request.header("authorization"), None);
        let expected = json!({ "msgtype": "m.text", "message": "m.text", "body": alert().text() });
        assert_eq!(request.json(), expected);
    }

    #[test]
    fn neither_the_token_nor_the_url_is_shown() {
        for path in ["/_matrix/client/v3/rooms/r/send/m.room.message?access_token=canary", "/canary"] {
            let url = SecretString::from(format!("https://matrix.example{path}"));
            let shown = format!("{:?}", Matrix::new(&http(), &url).expect("a URL"));
            assert!(!shown.contains("canary") && !shown.contains("matrix.example"), "{shown}");
        }
    }
}
