//! Matrix: a room, or a relay.

use super::address::Address;
use super::http::{Http, Reply, SetupError};
use crate::alert::Alert;
use crate::notifier::{Notifier, NotifyError, Said};
use crate::text::tame_to;
use async_trait::async_trait;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The longest word for a refusal that is repeated.
const CODE_CAP_CHARS: usize = 64;

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
///
/// ```
/// # use oar_notify::{Http, Matrix, Notifier};
/// let http = Http::new()?;
/// let room = Matrix::room(&http, &"https://matrix.example.com".into(), "!abc:example.com", "hush".into())?;
/// let relay = Matrix::new(&http, &"https://relay.example.com/hook?key=hush".into())?;
/// assert_eq!((room.name(), relay.name()), ("matrix", "matrix"));
/// assert!(!format!("{room:?}{relay:?}").contains("hush"));
/// # Ok::<(), oar_notify::SetupError>(())
/// ```
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
    ///
    /// ```
    /// # use oar_notify::{Http, Matrix};
    /// let url = "https://h/_matrix/client/v3/rooms/%21abc%3Ah/send/m.room.message?access_token=hush";
    /// assert!(Matrix::new(&Http::new()?, &url.into()).is_ok());
    /// assert!(Matrix::new(&Http::new()?, &"/hook".into()).is_err());
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn new(http: &Http, url: &SecretString) -> Result<Self, SetupError> {
        let address = Address::parse(url)?;
        let target = Target::room(address.expose()).unwrap_or(Target::Relay(address));
        Ok(Self { http: http.clone(), target })
    }

    /// The room with the ID `room` (`!abc:example.com`) on `homeserver`, written to with `token`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Address`] when `homeserver` is no URL.
    ///
    /// ```
    /// # use oar_notify::{Http, Matrix};
    /// assert!(Matrix::room(&Http::new()?, &"https://matrix.example.com".into(), "!abc:h", "hush".into()).is_ok());
    /// assert!(Matrix::room(&Http::new()?, &"matrix.example.com".into(), "!abc:h", "hush".into()).is_err());
    /// # Ok::<(), oar_notify::SetupError>(())
    /// ```
    pub fn room(http: &Http, homeserver: &SecretString, room: &str, token: SecretString) -> Result<Self, SetupError> {
        let base = Address::parse(homeserver)?;
        let base = base.expose().as_str().trim_end_matches('/');
        let messages = format!("{base}/_matrix/client/v3/rooms/{}{SEND}", escape(room)).into();
        let target = Target::Room { messages: Address::parse(&messages)?, token: Some(token) };
        Ok(Self { http: http.clone(), target })
    }
}

/// Percent-encodes everything that is not unreserved (RFC 3986, 2.3), as the specification shows room IDs.
fn escape(room: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    room.bytes().map(escape).collect()
}

#[async_trait]
impl Notifier for Matrix {
    fn name(&self) -> &str {
        "matrix"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        let (request, address, token) = match &self.target {
            Target::Room { messages, token } => {
                let request = self.http.put(&transaction(messages, &alert.id)).json(&event(alert));
                let request = match token {
                    Some(token) => request.bearer_auth(token.expose_secret()),
                    None => request,
                };
                (request, messages, token.as_ref())
            }
            Target::Relay(address) => (self.http.post(address).json(&relayed(alert)), address, None),
        };
        self.http.deliver(request, |reply| refusal(reply, address, token)).await
    }
}

/// How a server of Matrix says no: <https://spec.matrix.org/latest/client-server-api/#standard-error-response>.
#[derive(Deserialize)]
struct Complaint {
    errcode: String,
    #[serde(default)]
    error: String,
    /// Servers from before version 1.10 of the specification say it here, and not in `retry-after`.
    retry_after_ms: Option<u64>,
}

fn refusal(reply: &Reply, address: &Address, token: Option<&SecretString>) -> NotifyError {
    let plain = reply.refusal(address, token);
    let Ok(Complaint { errcode, error, retry_after_ms }) = serde_json::from_slice(&reply.body) else { return plain };
    NotifyError::Refused {
        code: tame_to(&address.redact(&errcode, token), CODE_CAP_CHARS),
        said: Said::new(&address.redact(&error, token)),
        temporary: plain.is_temporary(),
        wait: reply.wait.or(retry_after_ms.map(Duration::from_millis)),
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
    let text = alert.text();
    json!({
        "msgtype": "m.notice",
        "body": text,
        "format": "org.matrix.custom.html",
        "formatted_body": html(&text),
        "m.mentions": {},
    })
}

/// The same lines, the first of them bold.
fn html(text: &str) -> String {
    let escaped = escape_html(text);
    let (title, rest) = escaped.split_once('\n').unwrap_or((&escaped, ""));
    format!("<strong>{title}</strong><br>{}", rest.replace('\n', "<br>"))
}

fn escape_html(text: &str) -> String {
    let entities = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;")];
    entities.iter().fold(text.to_owned(), |text, (mark, entity)| text.replace(mark, entity))
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

    async fn refusal(status: &str, body: &str) -> NotifyError {
        let server = Server::start().await;
        let room = Matrix::room(&http(), &hook(&server, ""), "!canary:server", "canary".into()).expect("a URL");
        let alert = alert();
        tokio::join!(server.answer(status, body), room.notify(&alert)).1.expect_err("refused")
    }

    #[tokio::test]
    async fn a_room_is_put_a_notice_that_mentions_nobody_with_the_token_in_the_header() {
        let path = "/_matrix/client/v3/rooms/%21abc%3Aserver/send/m.room.message?access_token=canary%2Bt";
        let request = sent_to(path).await;
        let expected = "PUT /_matrix/client/v3/rooms/%21abc%3Aserver/send/m.room.message/0190-exchange HTTP/1.1";
        assert_eq!(request.line, expected);
        assert_eq!(request.header("authorization"), Some("Bearer canary+t"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        let text = alert().text();
        let expected = json!({
            "msgtype": "m.notice",
            "body": text,
            "format": "org.matrix.custom.html",
            "formatted_body": html(&text),
            "m.mentions": {},
        });
        assert_eq!(request.json(), expected);
    }

    /// N04
    #[test]
    fn the_first_line_is_bold_and_nothing_else_is_marked_up() {
        assert_eq!(
            html("a <b>\n\"c\" & 'd'\ne"),
            "<strong>a &lt;b&gt;</strong><br>&quot;c&quot; &amp; &#39;d&#39;<br>e"
        );
    }

    #[tokio::test]
    async fn a_room_by_its_parts_is_written_to_at_the_same_place() {
        for slash in ["", "/", "/base/"] {
            let server = Server::start().await;
            let room = Matrix::room(&http(), &hook(&server, slash), "!a/b:example.com", "canary".into());
            let (room, alert) = (room.expect("a URL"), alert());
            let (request, _) = tokio::join!(server.answer("200 OK", "{}"), room.notify(&alert));
            let base = slash.trim_end_matches('/');
            let path = "/_matrix/client/v3/rooms/%21a%2Fb%3Aexample.com/send/m.room.message/0190-exchange";
            assert_eq!(request.line, format!("PUT {base}{path} HTTP/1.1"));
            assert_eq!(request.header("authorization"), Some("Bearer canary"));
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_by_its_word_without_what_it_repeats() {
        let error = refusal("403 Forbidden", r#"{"errcode":"M_FORBIDDEN","error":"@bot, canary is not in it"}"#).await;
        assert_eq!(error.to_string(), "channel refused the message with M_FORBIDDEN: ＠bot, [REDACTED] is not in it");
        assert!(!error.is_temporary());
        let page = refusal("404 Not Found", "<html>").await;
        assert_eq!(page.to_string(), "channel answered with status 404: ＜html>");
    }

    #[tokio::test]
    async fn a_busy_server_says_when_it_wants_to_be_asked_again() {
        let body = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too many","retry_after_ms":2500}"#;
        for (status, wait) in [("429 Busy", 2500), ("429 Busy\r\nretry-after: 3", 3000)] {
            let error = refusal(status, body).await;
            assert_eq!((error.wait(), error.is_temporary()), (Some(Duration::from_millis(wait)), true));
        }
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
}
