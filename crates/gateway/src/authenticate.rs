//! Who calls: from the headers alone, before a byte of the body is read.

use crate::backend::Backend;
use crate::reject::Reject;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
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
    /// Takes every credential out of `headers`.
    pub(crate) fn take(headers: &mut HeaderMap, upgrading: bool) -> Self {
        let in_subprotocol = if upgrading { take_from_subprotocols(headers) } else { None };
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let presented = match (values.next(), values.next()) {
            (None, _) => in_subprotocol.map_or(Self::Nothing, Self::Token),
            (Some(value), None) => token_of(value).map_or(Self::Nothing, Self::Token),
            (Some(_), Some(_)) => Self::Contradiction,
        };
        headers.remove(header::AUTHORIZATION);
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
    let text = value.to_str().ok()?.trim();
    let token = match text.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
        _ => text,
    };
    (!token.is_empty()).then(|| token.into())
}

/// Removes the key from the offered subprotocols and leaves the others.
fn take_from_subprotocols(headers: &mut HeaderMap) -> Option<SecretString> {
    let offered = headers.get(SUBPROTOCOL)?.to_str().ok()?.to_owned();
    let (keys, others): (Vec<&str>, Vec<&str>) =
        offered.split(',').map(str::trim).partition(|name| name.starts_with(KEY_SUBPROTOCOL));
    let key = keys.first()?.strip_prefix(KEY_SUBPROTOCOL)?;
    match HeaderValue::try_from(others.join(", ")) {
        Ok(others) if !others.is_empty() => headers.insert(SUBPROTOCOL, others),
        Ok(_) | Err(_) => headers.remove(SUBPROTOCOL),
    };
    (!key.is_empty()).then(|| key.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        let presented = Presented::take(&mut headers, false);
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
    fn a_browsers_key_is_taken_out_of_the_subprotocols() {
        let mut headers = HeaderMap::new();
        headers.insert(SUBPROTOCOL, HeaderValue::from_static("realtime, openai-insecure-api-key.k-1, openai-beta.v1"));
        let presented = Presented::take(&mut headers, true);
        assert_eq!(presented.token().map(ExposeSecret::expose_secret), Some("k-1"));
        assert_eq!(headers[SUBPROTOCOL], "realtime, openai-beta.v1");
    }
}
