//! What a gateway goes by: what a request may use up, and what its story tells.

use bytes::BytesMut;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use oar_protocol::TrustedProxies;
use oar_routing::{Caller, Fingerprint};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// What a gateway goes by, whoever its upstreams are.
///
/// ```
/// # use oar_gateway::{CredentialLabel, Keep, KeepHeaders, Rules};
/// let rules = Rules { keep: Keep::NOTHING, headers: KeepHeaders::OfTheBody, ..Rules::default() };
/// assert_eq!(rules.label, CredentialLabel::Fingerprint);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What one request may use up.
    pub limits: Limits,
    /// How the tokens of callers are called in stories.
    pub label: CredentialLabel,
    /// What is kept of a request that no upstream was asked for, and of the others where its upstream says nothing else.
    pub keep: Keep,
    /// Which headers of a request its story holds.
    pub headers: KeepHeaders,
    /// Whose word counts about the address of a client. Default: nobody's.
    pub trusted_proxies: TrustedProxies,
}

/// What one request may use up. A limit of [`Duration::MAX`] is none.
///
/// ```
/// # use {oar_gateway::Limits, std::time::Duration};
/// let limits = Limits { total: Some(Duration::from_secs(90)), ..Limits::default() };
/// assert_eq!((limits.body_bytes, limits.buffered_bytes), (64 << 20, 512 << 20));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest request body. Default: 64 MiB.
    pub body_bytes: usize,
    /// How much all request bodies may hold together until they have been answered; who finds no room waits for 5 s and
    /// is refused then. Default: 512 MiB.
    pub buffered_bytes: usize,
    /// How long a request body may take. Default: 120 s.
    pub body_time: Duration,
    /// How long a request body may be silent between two pieces. Default: 30 s.
    pub body_idle: Duration,
    /// How long trying one upstream after the other may take in all, until a head (and the first event of a stream) has
    /// arrived; none by default.
    pub total: Option<Duration>,
    /// How long an upstream may take to list its models. Default: 5 s.
    pub listing: Duration,
    /// How long a listing is remembered. Default: 60 s.
    pub listing_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024 * 1024,
            buffered_bytes: 512 * 1024 * 1024,
            body_time: Duration::from_secs(120),
            body_idle: Duration::from_secs(30),
            total: None,
            listing: Duration::from_secs(5),
            listing_age: Duration::from_secs(60),
        }
    }
}

/// What of the texts of a request and its answer its story holds.
///
/// ```
/// # use oar_gateway::Keep;
/// let questions = Keep { response_bytes: 0, ..Keep::default() };
/// assert_eq!((questions.request_bytes, Keep::NOTHING.request_bytes), (1 << 20, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The most bytes of the request's body; 0 for none of it. Default: 1 MiB.
    pub request_bytes: usize,
    /// The most bytes of the answer's text; 0 for none of it. Default: 1 MiB.
    pub response_bytes: usize,
}

impl Keep {
    /// Nothing of either.
    pub const NOTHING: Self = Self { request_bytes: 0, response_bytes: 0 };

    /// As much of each as one of the two keeps.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            request_bytes: self.request_bytes.max(other.request_bytes),
            response_bytes: self.response_bytes.max(other.response_bytes),
        }
    }
}

impl Default for Keep {
    fn default() -> Self {
        let mebibyte = 1024 * 1024;
        Self { request_bytes: mebibyte, response_bytes: mebibyte }
    }
}

/// Which headers of a request its story holds. Credentials are in none.
///
/// ```
/// assert_eq!(oar_gateway::KeepHeaders::default(), oar_gateway::KeepHeaders::All);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepHeaders {
    /// All.
    #[default]
    All,
    /// Those alone that tell what the body is.
    OfTheBody,
}

const OF_THE_BODY: [HeaderName; 2] = [header::CONTENT_TYPE, header::CONTENT_ENCODING];

impl KeepHeaders {
    pub(crate) fn of(self, headers: &HeaderMap) -> HeaderMap {
        match self {
            Self::All => copied(headers),
            Self::OfTheBody => {
                let value = |name: HeaderName| headers.get(&name).cloned().map(|value| (name, value));
                OF_THE_BODY.into_iter().filter_map(value).collect()
            }
        }
    }
}

/// The same headers in memory of their own: a share of what was read would hold all of the buffer it was read into, and the
/// connection would need another one for its next request.
fn copied(headers: &HeaderMap) -> HeaderMap {
    let mut copy = headers.clone();
    let mut texts = BytesMut::with_capacity(headers.values().map(HeaderValue::len).sum());
    for value in copy.values_mut() {
        texts.extend_from_slice(value.as_bytes());
        // What was a value is one.
        if let Ok(mut own) = HeaderValue::from_maybe_shared(texts.split().freeze()) {
            own.set_sensitive(value.is_sensitive());
            *value = own;
        }
    }
    copy
}

/// How tokens and keys are called in the stories that observers hear.
///
/// ```
/// assert_eq!(oar_gateway::CredentialLabel::default(), oar_gateway::CredentialLabel::Fingerprint);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialLabel {
    /// By a fingerprint that does not give them away.
    #[default]
    Fingerprint,
    /// By themselves, as the Go version recorded them.
    Plain,
}

impl CredentialLabel {
    /// The label of the token that a caller presented.
    pub(crate) fn of_caller(self, caller: &Caller, token: &SecretString) -> String {
        match (self, caller.fingerprint()) {
            (Self::Fingerprint, Some(known)) => known.as_str().to_owned(),
            (Self::Fingerprint, None) | (Self::Plain, _) => self.of(token),
        }
    }

    pub(crate) fn of(self, secret: &SecretString) -> String {
        match self {
            Self::Fingerprint => Fingerprint::of(secret.expose_secret()).to_string(),
            Self::Plain => secret.expose_secret().to_owned(),
        }
    }
}
