use oar_routing::Fingerprint;
use oar_upstream::{Description, Upstream};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// An upstream as the gateway uses it: the API itself, and what the story of an attempt says about it.
#[derive(Clone)]
pub struct Backend {
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) endpoint: Arc<str>,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) passes_client_token: bool,
    pub(crate) patience: Patience,
}

/// How long an answer may keep its client waiting once its head has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until the first event of a stream; until then another upstream may still be tried. Default: 300 s.
    pub first_event: Duration,
    /// Between two bytes. Default: 300 s.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let limit = Duration::from_secs(300);
        Self { first_event: limit, idle: limit }
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
        Self { upstream, endpoint: endpoint.into(), key, passes_client_token, patience: Patience::default() }
    }

    /// Sets how long its answers are waited for once their heads have come.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }
}

impl CredentialLabel {
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
