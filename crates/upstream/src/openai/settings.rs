use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fmt;

/// The keys that an upstream of `type: openai` takes.
///
/// ```
/// use oar_upstream::openai::Settings;
///
/// let settings: Settings = serde_json::from_str(r#"{"sk": "asis", "endpoint": "http://127.0.0.1:8000/v1"}"#)?;
/// assert!(!settings.keep_header);
/// assert!(serde_json::from_str::<Settings>(r#"{"end_point": "http://127.0.0.1:8000/v1"}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The key presented to the upstream as `Authorization: Bearer`; `asis` passes the client's own token on.
    pub sk: SecretString,
    /// Where the API is: `https://api.openai.com/v1`. Its path replaces the leading `/v1` of each request.
    pub endpoint: String,
    /// Passes all of the client's headers but credentials, cookies and forwarding headers, not only those of the API.
    /// Default: false.
    pub keep_header: bool,
}

/// Why settings make no upstream. The message names no secret.
///
/// ```
/// use oar_upstream::openai::{OpenAi, Settings, Transport};
/// use std::time::Duration;
///
/// let settings = Settings { endpoint: "https://me:secret@api.test/v1".into(), ..Settings::default() };
/// let error = OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).expect_err("a password");
/// assert_eq!(error.to_string(), "the endpoint must have no user, query or fragment");
/// ```
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The endpoint has no scheme, another scheme, or no host.
    #[error("`{0}` is not an absolute http or https URL")]
    NotAbsolute(String),
    /// The endpoint looks like nothing of the kind. It may be a key in the wrong place, so it is not shown.
    #[error("the endpoint is not an absolute http or https URL")]
    NoUrl,
    /// The endpoint carries what belongs elsewhere: a user, a query, a fragment.
    #[error("the endpoint must have no user, query or fragment")]
    Decorated,
    /// The key has characters that no header can carry.
    #[error("the key has characters that cannot be sent in a header")]
    UnsendableKey,
}

impl SettingsError {
    /// The key of the settings that is at fault.
    ///
    /// ```
    /// use oar_upstream::openai::SettingsError;
    ///
    /// assert_eq!(SettingsError::UnsendableKey.key(), "sk");
    /// ```
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NotAbsolute(_) | Self::NoUrl | Self::Decorated => "endpoint",
            Self::UnsendableKey => "sk",
        }
    }

    /// What to write instead, where it can be guessed.
    ///
    /// ```
    /// use oar_upstream::openai::SettingsError;
    ///
    /// let error = SettingsError::NotAbsolute("api.openai.com/v1".into());
    /// assert_eq!(error.hint().as_deref(), Some("write `https://api.openai.com/v1`"));
    /// ```
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAbsolute(given) if given.starts_with("http://") || given.starts_with("https://") => {
                Some("write one such as `https://api.openai.com/v1`, without spaces".into())
            }
            Self::NotAbsolute(given) if given.contains("://") => Some("write http:// or https://".into()),
            Self::NotAbsolute(given) => Some(format!("write `https://{given}`")),
            Self::NoUrl => Some("write one such as `https://api.openai.com/v1`; keys go into `sk`".into()),
            Self::Decorated => Some("keys go into `sk`".into()),
            Self::UnsendableKey => Some("remove line breaks and control characters from `sk`".into()),
        }
    }
}

/// A checked endpoint.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// Without a trailing slash: ``, `/v1`, `/openai/v1`.
    path: String,
}

impl Endpoint {
    /// `None` for an empty text.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, SettingsError> {
        if text.is_empty() {
            return Ok(None);
        }
        if text.contains(['?', '#', '@']) {
            return Err(SettingsError::Decorated);
        }
        let refused = || match text.contains(['.', ':', '/']) {
            true => SettingsError::NotAbsolute(text.to_owned()),
            false => SettingsError::NoUrl,
        };
        let parts = text.parse::<Uri>().map_err(|_| refused())?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return Err(refused()) };
        if ![Scheme::HTTP, Scheme::HTTPS].contains(&scheme) || authority.host().is_empty() {
            return Err(refused());
        }
        let path = parts.path_and_query.as_ref().map(PathAndQuery::path).unwrap_or_default();
        Ok(Some(Self { scheme, authority, path: path.trim_end_matches('/').to_owned() }))
    }

    /// The URL of a request: `path_and_query` follows the endpoint's own path.
    pub(super) fn join(&self, path_and_query: &str) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path_and_query}", self.path))
            .build()
    }

    /// What a person may want to know about this endpoint before it is used.
    pub(super) fn advice(&self) -> Option<String> {
        if self.authority.host() == "169.254.169.254" {
            return Some("the endpoint is a cloud's metadata address".into());
        }
        self.path.is_empty().then(|| {
            format!(
                "the endpoint has no path: chat requests go to {self}/chat/completions; most servers want {self}/v1"
            )
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// Whose key is presented.
#[derive(Debug)]
pub(super) enum Key {
    /// The configured one, as the whole header value; marked sensitive, so it cannot be printed.
    Own(HeaderValue),
    /// The client's.
    OfTheClient,
    /// None is configured.
    Missing,
}

impl Key {
    pub(super) fn new(sk: &SecretString) -> Result<Self, SettingsError> {
        match sk.expose_secret() {
            "" => Ok(Self::Missing),
            "asis" => Ok(Self::OfTheClient),
            key => bearer(key).map(Self::Own).ok_or(SettingsError::UnsendableKey),
        }
    }
}

/// `Bearer` and the key as a header value that cannot be printed; `None` when no header can carry it.
pub(super) fn bearer(key: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(format!("Bearer {key}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(endpoint: &str, suffix: &str) -> String {
        let endpoint = Endpoint::parse(endpoint).expect("an endpoint").expect("no empty one");
        endpoint.join(suffix).expect("a URL").to_string()
    }

    #[test]
    fn the_endpoints_path_replaces_the_leading_v1() {
        let suffix = "/chat/completions?x=1&y=%20";
        assert_eq!(join("https://h/openai/v1", suffix), "https://h/openai/v1/chat/completions?x=1&y=%20");
        assert_eq!(join("http://127.0.0.1:8000/v1/", suffix), "http://127.0.0.1:8000/v1/chat/completions?x=1&y=%20");
        assert_eq!(join("https://api.example.com", suffix), "https://api.example.com/chat/completions?x=1&y=%20");
        assert_eq!(join("http://[::1]:8000/v1", "/models"), "http://[::1]:8000/v1/models");
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_a_hint() {
        let refused = |text: &str| Endpoint::parse(text).expect_err(text);
        assert_eq!(refused("api.openai.com/v1").hint().as_deref(), Some("write `https://api.openai.com/v1`"));
        assert_eq!(refused("ftp://h/v1").hint().as_deref(), Some("write http:// or https://"));
        assert!(refused("https://h /v1").hint().is_some_and(|hint| hint.ends_with("without spaces")));
        for text in ["ftp://h/v1", "/v1", "https://", "h:8000", "http:///v1", "https://h /v1"] {
            assert!(matches!(refused(text), SettingsError::NotAbsolute(_)), "{text}");
        }
        for text in ["https://user:secret@h/v1", "https://h/v1?key=secret", "https://h/v1#x"] {
            let error = refused(text);
            assert_eq!(error, SettingsError::Decorated);
            assert!(!error.to_string().contains("secret"));
        }
    }

    /// A19: addresses of one's own network are what a gateway is for; one of them is nobody's API.
    #[test]
    fn the_metadata_address_is_warned_about_and_private_ones_are_not() {
        let advice = |text: &str| Endpoint::parse(text).expect(text).expect("no empty one").advice();
        assert_eq!(advice("http://169.254.169.254/v1").as_deref(), Some("the endpoint is a cloud's metadata address"));
        for text in ["http://127.0.0.1:8000/v1", "http://10.0.0.7/v1", "http://localhost:8888/v1"] {
            assert_eq!(advice(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_shown() {
        let error = Endpoint::parse("sk-very-secret").expect_err("no endpoint");
        assert!(!format!("{error} {:?}", error.hint()).contains("secret"));
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
        let error = Key::new(&"secret\r\nx-evil: 1".into()).expect_err("an unsendable key");
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn a_key_cannot_be_printed() {
        let key = Key::new(&"sk-very-secret".into()).expect("a key");
        assert!(!format!("{key:?}").contains("very"));
    }
}
