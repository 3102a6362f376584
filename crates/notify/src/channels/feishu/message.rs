//! What is posted to a bot.

use crate::alert::{Alert, Kind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

/// What is posted to a bot. Of at most 20 KB, which a text of 2 KiB never reaches.
#[derive(Serialize)]
pub(super) struct Message {
    #[serde(flatten)]
    signature: Option<Signature>,
    #[serde(flatten)]
    content: Value,
}

#[derive(Serialize)]
struct Signature {
    timestamp: String,
    sign: String,
}

impl Message {
    /// Plain text, in which `<at user_id="all">` would ping: an alert's text has no `<`.
    pub(super) fn text(alert: &Alert) -> Self {
        let content = json!({ "msg_type": "text", "content": { "text": alert.text() } });
        Self { signature: None, content }
    }

    /// A card. Every text in it is `plain_text`, in which nothing is marked up.
    pub(super) fn card(alert: &Alert) -> Self {
        let text = alert.text();
        let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
        let content = json!({
            "msg_type": "interactive",
            "card": {
                "config": { "wide_screen_mode": true },
                "header": { "template": colour(alert.kind()), "title": { "tag": "plain_text", "content": title } },
                "elements": [{ "tag": "div", "text": { "tag": "plain_text", "content": rest } }],
            },
        });
        Self { signature: None, content }
    }

    /// The same, with proof that whoever posts it knows `secret`.
    pub(super) fn signed(self, unix_seconds: u64, secret: &SecretString) -> Self {
        Self { signature: Some(Signature::at(unix_seconds, secret)), ..self }
    }
}

const fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Alert | Kind::Summary | Kind::Records | Kind::Reload => "red",
        Kind::Recovered => "green",
        Kind::Test => "grey",
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
