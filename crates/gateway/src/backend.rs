use crate::keep::Keep;
use oar_routing::{Caller, Fingerprint};
use oar_upstream::{Description, Upstream};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An upstream as the gateway uses it: the API itself, and what the story of an attempt says about it.
#[derive(Clone)]
pub struct Backend {
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) endpoint: Arc<str>,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) passes_client_token: bool,
    pub(crate) patience: Patience,
    pub(crate) keep: Option<Keep>,
    pub(crate) on_client_close: OnClientClose,
}

/// What becomes of an answer that has begun when the client leaves before it is complete. Before it has begun, leaving
/// ends every attempt at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnClientClose {
    /// It is dropped, which ends the upstream's work.
    #[default]
    Cancel,
    /// It is read to its end, so that the story tells all of it: for 10 min at most, as long as the upstream may be
    /// silent, and while no more than [`DRAINS_CAP`](crate::DRAINS_CAP) others are.
    Drain,
}

/// How long an upstream may keep a client waiting, beside the time until its response head, which is the router's to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From the head of a stream to its first event; until then another upstream may still be tried. Default: 300 s.
    pub first_event: Duration,
    /// Between two bytes. Default: 300 s.
    pub idle: Duration,
    /// One attempt in all, from its start to the response head and, of a stream, on to the first event; when it has passed,
    /// another upstream is tried. It shortens the other limits and lengthens none. Default: none.
    pub total: Option<Duration>,
    /// How long the client of a stream may hear nothing before it is sent a comment, so that no proxy on the way takes the
    /// connection for dead. A stream without an event begins then: nobody else is tried any more. Default: none, ever.
    pub heartbeat: Option<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        let limit = Duration::from_secs(300);
        Self { first_event: limit, idle: limit, total: None, heartbeat: None }
    }
}

impl Patience {
    /// When an attempt that begins at `now` is over, if all attempts are at `until`.
    pub(crate) fn until(&self, now: Instant, until: Option<Instant>) -> Option<Instant> {
        let own = self.total.map(|total| now + total);
        own.into_iter().chain(until).min()
    }
}

/// How tokens and keys are called in the stories that observers hear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialLabel {
    /// By a fingerprint that does not give them away.
    #[default]
    Fingerprint,
    /// By themselves, as the Go version recorded them.
    Plain,
}

impl Backend {
    /// A backend whose key is called by its fingerprint.
    pub fn new(upstream: Arc<dyn Upstream>) -> Self {
        Self::labelled(upstream, CredentialLabel::Fingerprint)
    }

    /// A backend whose key is called as `label` says.
    pub fn labelled(upstream: Arc<dyn Upstream>, label: CredentialLabel) -> Self {
        let Description { endpoint, key, passes_client_token, .. } = upstream.describe();
        let key = key.map(|key| label.of(&key).into());
        Self {
            upstream,
            endpoint: endpoint.into(),
            key,
            passes_client_token,
            patience: Patience::default(),
            keep: None,
            on_client_close: OnClientClose::default(),
        }
    }

    /// Sets how long it is waited for.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Sets what is kept of the requests it is asked; by default what [`Rules::keep`](crate::Rules::keep) says.
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Sets what becomes of its answer when the client leaves.
    #[must_use]
    pub fn on_client_close(mut self, on_client_close: OnClientClose) -> Self {
        self.on_client_close = on_client_close;
        self
    }
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

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
