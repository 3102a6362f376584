use super::models::Model;
use secrecy::SecretString;
use serde::Deserialize;

/// Replicate's own API.
///
/// ```
/// use oar_upstream::Upstream;
/// use oar_upstream::replicate::{DEFAULT_ENDPOINT, Replicate, Settings};
///
/// let upstream = Replicate::new(Settings::default(), std::time::Duration::from_secs(5))?;
/// assert_eq!(upstream.describe().endpoint, DEFAULT_ENDPOINT);
/// # Ok::<(), oar_upstream::replicate::SettingsError>(())
/// ```
pub const DEFAULT_ENDPOINT: &str = "https://api.replicate.com/v1";

/// Where Replicate serves its streams from.
///
/// ```
/// use oar_upstream::replicate::{DEFAULT_STREAM_HOSTS, Settings};
///
/// let hosts = DEFAULT_STREAM_HOSTS.iter().copied().chain(["http://127.0.0.1:9000"]);
/// let settings = Settings { stream_hosts: Some(hosts.map(Into::into).collect()), ..Settings::default() };
/// ```
pub const DEFAULT_STREAM_HOSTS: &[&str] = &["stream.replicate.com", "streaming.api.replicate.com", "*.replicate.net"];

/// The keys of a `type: replicate` upstream that this adapter claims.
///
/// ```
/// use oar_upstream::replicate::Settings;
///
/// let settings: Settings = serde_json::from_str(r#"{"sk": "asis", "stream_hosts": ["*.replicate.net"]}"#)?;
/// assert!(settings.endpoint.is_empty() && settings.models.is_empty());
/// assert!(serde_json::from_str::<Settings>(r#"{"token": "r8"}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The API token. `asis` passes the client's own token on. Empty, every request fails.
    pub sk: SecretString,
    /// Where the API is; empty means [`DEFAULT_ENDPOINT`]. The token is sent to this origin alone.
    pub endpoint: String,
    /// Other hosts that a stream may be read from, without the token: `host`, `host:port`, `*.domain`, with `https://`
    /// before it or `http://` where encryption is not wanted. Absent means [`DEFAULT_STREAM_HOSTS`].
    pub stream_hosts: Option<Vec<String>>,
    /// What is known of some models; for each, the first entry counts that is about it. What no entry says, the model's
    /// name does. Default: none.
    pub models: Vec<Model>,
}

/// Why settings are unusable.
///
/// ```
/// use oar_upstream::replicate::{Replicate, Settings};
/// use std::time::Duration;
///
/// let settings = Settings { stream_hosts: Some(vec!["a/b".into()]), ..Settings::default() };
/// let error = Replicate::new(settings, Duration::from_secs(5)).err().expect("a path");
/// assert_eq!(error.to_string(), "`a/b` is not a host name");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// `endpoint` is no address that paths can be appended to: the value in backquotes, or words where it may be a secret.
    #[error("{0} is not an absolute http or https URL without user, query and fragment")]
    Endpoint(String),
    /// An item of `stream_hosts` names no host; told like an endpoint.
    #[error("{0} is not a host name")]
    StreamHost(String),
    /// `sk` holds characters that a header cannot carry. The key itself is not repeated.
    #[error("key has characters that are not visible ASCII")]
    Key,
    /// The HTTP client could not be made.
    #[error("HTTP client could not be made")]
    Client(#[source] crate::BodyError),
}

impl SettingsError {
    /// The key of [`Settings`] at fault, if one is.
    ///
    /// ```
    /// use oar_upstream::replicate::SettingsError;
    ///
    /// assert_eq!(SettingsError::Key.key(), Some("sk"));
    /// ```
    pub const fn key(&self) -> Option<&'static str> {
        match self {
            Self::Endpoint(_) => Some("endpoint"),
            Self::StreamHost(_) => Some("stream_hosts"),
            Self::Key => Some("sk"),
            Self::Client(_) => None,
        }
    }
}
