use oar_routing::Fingerprint;
use oar_upstream::{Description, Upstream};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;

/// An upstream as the gateway uses it: the API itself, and what the story of an attempt says about it.
#[derive(Clone)]
pub struct Backend {
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) endpoint: Arc<str>,
    pub(crate) key: Option<Arc<str>>,
    pub(crate) passes_client_token: bool,
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
        Self { upstream, endpoint: endpoint.into(), key, passes_client_token }
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
