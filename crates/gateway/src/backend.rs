//! An upstream as the gateway uses it, and the terms on which its answers go to clients.

use crate::idle::after;
use crate::rules::{CredentialLabel, Keep};
use oar_upstream::{Description, Upstream};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An upstream as the gateway uses it: the API itself, and what the story of an attempt says about it.
///
/// ```
/// # use oar_gateway::{Backend, OnClientClose, Patience};
/// # use oar_upstream::openai::{OpenAi, Settings, Transport};
/// # use std::{sync::Arc, time::Duration};
/// let settings = Settings { sk: "key".into(), endpoint: "https://api.example/v1".into(), ..Settings::default() };
/// let upstream = OpenAi::new(&settings, Transport::new(Duration::from_secs(5)))?;
/// let backend = Backend::new(Arc::new(upstream))
///     .patience(Patience { idle: Duration::from_secs(60), ..Patience::default() })
///     .on_client_close(OnClientClose::Drain);
/// assert_eq!(format!("{backend:?}"), "Backend { endpoint: \"https://api.example/v1\", .. }");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// assert_eq!(oar_gateway::OnClientClose::default(), oar_gateway::OnClientClose::Cancel);
/// ```
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
/// [`Duration::MAX`] is for ever.
///
/// ```
/// # use {oar_gateway::Patience, std::time::Duration};
/// let patience = Patience { heartbeat: Some(Duration::from_secs(15)), ..Patience::default() };
/// assert_eq!((patience.first_event.as_secs(), patience.idle.as_secs(), patience.total), (300, 300, None));
/// ```
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
        let own = self.total.map(|total| after(now, total));
        own.into_iter().chain(until).min()
    }
}

impl Backend {
    /// A backend whose key is called by its fingerprint.
    ///
    /// ```
    /// # let upstream = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/upstream.rs"));
    /// let backend = oar_gateway::Backend::new(upstream);
    /// assert!(format!("{backend:?}").starts_with("Backend"));
    /// ```
    pub fn new(upstream: Arc<dyn Upstream>) -> Self {
        Self::labelled(upstream, CredentialLabel::Fingerprint)
    }

    /// A backend whose key is called as `label` says.
    ///
    /// ```
    /// # use oar_gateway::{Backend, CredentialLabel, Gateway};
    /// # use oar_routing::{Access, Candidate, Order, Router};
    /// # use oar_upstream::openai::{OpenAi, Settings, Transport};
    /// # use std::{sync::Arc, time::Duration};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let settings = Settings { sk: "provider-key".into(), endpoint: "http://127.0.0.1:0/v1".into(), ..Settings::default() };
    /// # let upstream = Arc::new(OpenAi::new(&settings, Transport::new(Duration::from_secs(5)))?);
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// let backend = Arc::new(Backend::labelled(upstream, CredentialLabel::Plain));
    /// let candidate = Candidate::new("openai", backend).access(Access::Anyone);
    /// let heard = oar_testkit::Heard::new();
    /// let gateway = Gateway::builder(Router::builder(Order::Configured).candidate(candidate).build()?);
    /// gateway.observer(heard.clone()).build().serve(request).await;
    /// assert_eq!(heard.only().await.attempts[0].key.as_deref(), Some("provider-key"));
    /// # Ok(())
    /// # }
    /// ```
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

    /// Sets how long it is waited for. Default: [`Patience::default`].
    ///
    /// ```
    /// # use {oar_gateway::{Backend, Patience}, std::time::Duration};
    /// # let upstream = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/upstream.rs"));
    /// let total = Some(Duration::from_secs(90));
    /// let backend = Backend::new(upstream).patience(Patience { total, ..Patience::default() });
    /// # assert!(format!("{backend:?}").starts_with("Backend"));
    /// ```
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Sets what is kept of the requests it is asked; by default what [`Rules::keep`](crate::Rules::keep) says.
    ///
    /// ```
    /// # use oar_gateway::{Backend, Gateway, Keep};
    /// # use oar_routing::{Access, Candidate, Order, Router};
    /// # use std::sync::Arc;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let upstream = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/upstream.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/request.rs"));
    /// let backend = Arc::new(Backend::new(upstream).keep(Keep::NOTHING));
    /// let candidate = Candidate::new("hello", backend).access(Access::Anyone);
    /// let heard = oar_testkit::Heard::new();
    /// let gateway = Gateway::builder(Router::builder(Order::Configured).candidate(candidate).build()?);
    /// drop(gateway.observer(heard.clone()).build().serve(request).await);
    /// let story = heard.only().await;
    /// assert_eq!((story.request.bytes, story.request.body.len()), (16, 0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Sets what becomes of its answer when the client leaves. Default: it is dropped.
    ///
    /// ```
    /// # use oar_gateway::{Backend, OnClientClose};
    /// # let upstream = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/documented/upstream.rs"));
    /// let backend = Backend::new(upstream).on_client_close(OnClientClose::Drain);
    /// # assert!(format!("{backend:?}").starts_with("Backend"));
    /// ```
    #[must_use]
    pub fn on_client_close(mut self, on_client_close: OnClientClose) -> Self {
        self.on_client_close = on_client_close;
        self
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
