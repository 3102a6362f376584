//! A channel's URL, and how to keep it secret.

use super::http::SetupError;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// What is shorter is a word, as a rule, and no secret; if it is one, hiding its letters everywhere would tell it.
const SECRET_FROM_BYTES: usize = 6;

/// What stands where a secret was.
const REDACTED: &str = "[REDACTED]";

/// A channel's URL, which lets whoever knows it write to the channel.
#[derive(Clone)]
pub(super) struct Address(Url);

impl Address {
    pub(super) fn parse(address: &SecretString) -> Result<Self, SetupError> {
        let url = Url::parse(address.expose_secret().trim()).map_err(|_| SetupError::Address)?;
        if matches!(url.scheme(), "http" | "https") { Ok(Self(url)) } else { Err(SetupError::Address) }
    }

    pub(super) fn of(url: Url) -> Self {
        Self(url)
    }

    pub(super) fn expose(&self) -> &Url {
        &self.0
    }

    /// `text` without any part of the address and without `secret`: channels repeat what they were sent.
    pub(super) fn redact(&self, text: &str, secret: Option<&SecretString>) -> String {
        let mut secrets = self.parts();
        secrets.extend(secret.map(|secret| secret.expose_secret().to_owned()));
        secrets.retain(|secret| secret.len() >= SECRET_FROM_BYTES);
        // The longest first: one may be in another.
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }

    fn parts(&self) -> Vec<String> {
        let Self(url) = self;
        let known = [url.host_str(), Some(url.username()), url.password(), url.fragment()];
        let segments = url.path_segments().into_iter().flatten();
        let mut parts: Vec<_> = known.into_iter().flatten().chain(segments).map(str::to_owned).collect();
        parts.extend(url.query().into_iter().flat_map(|query| query.split(['&', '='])).map(str::to_owned));
        parts.extend(url.query_pairs().flat_map(|(key, value)| [key.into_owned(), value.into_owned()]));
        let without_escapes: Vec<_> = parts.iter().map(|part| decoded(part)).collect();
        parts.extend(without_escapes);
        parts
    }
}

/// Without percent escapes (RFC 3986, 2.1); what is none stays.
fn decoded(part: &str) -> String {
    let mut pieces = part.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let escaped = piece.split_at_checked(2).and_then(|(hex, rest)| Some((u8::from_str_radix(hex, 16).ok()?, rest)));
        let (byte, rest) = escaped.unwrap_or((b'%', piece));
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_the_address_and_no_secret_is_repeated() {
        let url = "https://user-canary:pass-canary@host.example/hook/canary-hook?key=canary%2Bkey#canary-end";
        let address = Address::parse(&url.into()).expect("a URL");
        let said = "user-canary pass-canary host.example /hook/canary-hook canary%2Bkey canary+key canary-end canary";
        let told = address.redact(said, Some(&"canary".into()));
        assert!(!told.contains("canary") && !told.contains("host.example"), "{told}");
        assert!(told.contains("/hook/[REDACTED]"), "{told}");
    }

    /// What a server says of a path it has decoded first.
    #[test]
    fn no_part_is_repeated_without_its_escapes() {
        let url = "https://us%C3%A9r-canary:p%40ss-canary@h/hook%2Fcanary/%ff%zz";
        let address = Address::parse(&url.into()).expect("a URL");
        let told = address.redact("usér-canary p@ss-canary hook/canary", None);
        assert_eq!(told, "[REDACTED] [REDACTED] [REDACTED]");
    }

    #[test]
    fn what_is_no_secret_stays() {
        let address = Address::parse(&"http://127.0.0.1:1/hook?v=1".into()).expect("a URL");
        let said = "the hook of version 1 is gone";
        for short in ["", "o", "hook"] {
            assert_eq!(address.redact(said, Some(&short.into())), said);
        }
    }
}
