use crate::backend::CredentialLabel;
use crate::keep::{Keep, KeepHeaders};
use oar_protocol::TrustedProxies;
use std::time::Duration;

/// What a gateway goes by, whoever its upstreams are.
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

/// What one request may use up.
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
