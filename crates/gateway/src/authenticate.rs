//! Who calls: from the headers alone, before a byte of the body is read.

use crate::backend::Backend;
use crate::reject::Reject;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use oar_protocol::headers;
use oar_routing::{Caller, Router};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// What the client presented.
pub(crate) enum Presented {
    Nothing,
    Token(SecretString),
    /// Two different answers to one question.
    Contradiction,
}

const SUBPROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");

/// Browsers cannot set headers on a WebSocket; OpenAI's clients put the key among the subprotocols:
/// <https://platform.openai.com/docs/guides/realtime-websocket>.
const KEY_SUBPROTOCOL: &str = "openai-insecure-api-key.";

impl Presented {
    /// Takes every credential out of `headers`, and whatever else is nobody's business but the client's or concerns its
    /// connection alone, so that no later stage can pass it on by accident.
    pub(crate) fn take(headers: &mut HeaderMap) -> Self {
        let in_subprotocol = take_from_subprotocols(headers);
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let presented = match (values.next(), values.next()) {
            (None, _) => in_subprotocol.map_or(Self::Nothing, Self::Token),
            (Some(value), None) => token_of(value).map_or(Self::Nothing, Self::Token),
            (Some(_), Some(_)) => Self::Contradiction,
        };
        // Last, because what a client says of its connection, it says to us: a token named there is still ours to read.
        headers::strip(headers, headers::is_private);
        presented
    }

    pub(crate) const fn token(&self) -> Option<&SecretString> {
        match self {
            Self::Token(token) => Some(token),
            Self::Nothing | Self::Contradiction => None,
        }
    }

    pub(crate) fn into_token(self) -> Option<SecretString> {
        match self {
            Self::Token(token) => Some(token),
            Self::Nothing | Self::Contradiction => None,
        }
    }
}

/// Asks the router who presents this.
pub(crate) fn authenticate(router: &Router<Arc<Backend>>, presented: &Presented) -> Result<Caller, Reject> {
    if let Presented::Contradiction = presented {
        return Err(Reject::Unauthorized);
    }
    let token = presented.token().map(ExposeSecret::expose_secret);
    router.authenticate(token).map_err(|_| Reject::Unauthorized)
}

/// The token of an `Authorization` header: after `Bearer` in any case, or bare. `None` when there is nothing.
fn token_of(value: &HeaderValue) -> Option<SecretString> {
    let text = value.to_str().ok()?.trim_ascii();
    let token = match text.split_at_checked("bearer".len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") && rest.starts_with(' ') => {
            rest.trim_ascii_start()
        }
        _ => text,
    };
    (!token.is_empty()).then(|| token.into())
}

/// Removes the key from the offered subprotocols, which may be spread over several headers (RFC 6455 section 11.3.4), and
/// leaves the others. What cannot be read is not passed on: it may hide a key.
fn take_from_subprotocols(headers: &mut HeaderMap) -> Option<SecretString> {
    let offered: Vec<HeaderValue> = headers.get_all(SUBPROTOCOL).iter().cloned().collect();
    if offered.is_empty() {
        return None;
    }
    headers.remove(SUBPROTOCOL);
    let readable: Option<Vec<&str>> = offered.iter().map(|value| value.to_str().ok()).collect();
    let (keys, others): (Vec<&str>, Vec<&str>) =
        readable?.into_iter().flat_map(|list| list.split(',')).map(str::trim).partition(|name| is_key(name));
    if let Some(others) = HeaderValue::try_from(others.join(", ")).ok().filter(|others| !others.is_empty()) {
        headers.insert(SUBPROTOCOL, others);
    }
    let key = keys.first()?.strip_prefix(KEY_SUBPROTOCOL)?;
    (!key.is_empty()).then(|| key.into())
}

fn is_key(subprotocol: &str) -> bool {
    subprotocol.starts_with(KEY_SUBPROTOCOL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        let presented = Presented::take(&mut headers);
        assert!(headers.is_empty(), "credentials are taken out");
        presented.into_token().map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn a_token_comes_after_bearer_in_any_case_or_bare() {
        for value in ["Bearer x", "bearer  x", "BEARER x", "x", " x "] {
            assert_eq!(presented(&[value]).as_deref(), Some("x"), "{value}");
        }
        assert_eq!(presented(&["Bearerx"]).as_deref(), Some("Bearerx"));
        assert_eq!(presented(&["Basic abc"]).as_deref(), Some("Basic abc"));
        for value in ["", " "] {
            assert_eq!(presented(&[value]), None, "{value:?}");
        }
        assert_eq!(presented(&["Bearer x", "Bearer y"]), None);
        assert_eq!(presented(&[]), None);
    }

    #[test]
    fn a_key_cannot_hide_in_a_second_list_of_subprotocols() {
        let mut headers = HeaderMap::new();
        headers.append(SUBPROTOCOL, HeaderValue::from_static("realtime"));
        headers.append(SUBPROTOCOL, HeaderValue::from_static("openai-insecure-api-key.k-1"));
        assert!(Presented::take(&mut headers).token().is_some());
        assert_eq!(headers.get_all(SUBPROTOCOL).iter().collect::<Vec<_>>(), ["realtime"]);

        headers.append(SUBPROTOCOL, HeaderValue::from_bytes(b"\xff, openai-insecure-api-key.k-1").expect("a value"));
        assert!(Presented::take(&mut headers).token().is_none());
        assert!(headers.is_empty(), "what cannot be read is not passed on");
    }

    #[test]
    fn a_browsers_key_is_taken_out_of_the_subprotocols() {
        let mut headers = HeaderMap::new();
        headers.insert(SUBPROTOCOL, HeaderValue::from_static("realtime, openai-insecure-api-key.k-1, openai-beta.v1"));
        let presented = Presented::take(&mut headers);
        assert_eq!(presented.token().map(ExposeSecret::expose_secret), Some("k-1"));
        assert_eq!(headers[SUBPROTOCOL], "realtime, openai-beta.v1");
    }
}
