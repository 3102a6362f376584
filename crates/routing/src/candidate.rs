use crate::policy::FailoverOn;
use crate::query::Query;
use crate::token::Token;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// One upstream before any request: its name, who may use it, for which models, and how long it may take.
///
/// `T` is what it is to the embedder: an address, a client, a handle. The router never looks at it.
///
/// ```
/// use oar_routing::{Access, Candidate, FailoverOn, Query, Timeouts, Token};
/// use std::time::Duration;
///
/// let candidate = Candidate::new("thinker", "https://thinker.example.com/v1")
///     .access(Access::Tokens(vec![Token::new("my-token")]))
///     .allow(["o1", "o3"])
///     .timeouts(Timeouts { stream: Some(Duration::from_secs(60)), ..Timeouts::default() })
///     .failover_on(FailoverOn::Standard);
/// assert!(candidate.serves(&Query::model("o3")));
/// assert!(!candidate.serves(&Query::model("gpt-4o")));
/// ```
#[derive(Clone, Debug)]
pub struct Candidate<T> {
    pub(crate) name: Arc<str>,
    pub(crate) payload: T,
    pub(crate) access: Access,
    pub(crate) allow: Option<HashSet<Box<str>>>,
    pub(crate) deny: HashSet<Box<str>>,
    pub(crate) timeouts: Timeouts,
    pub(crate) failover_on: Option<FailoverOn>,
}

/// Who may use a candidate.
///
/// ```
/// # use oar_routing::{Access, Candidate, Order, Router, Token};
/// let mine = Access::Tokens(vec![Token::new("my-token")]);
/// let router = Router::builder(Order::Configured)
///     .token(Token::new("team-token"))
///     .candidate(Candidate::new("ours", ()).access(Access::Global))
///     .candidate(Candidate::new("mine", ()).access(mine))
///     .candidate(Candidate::new("demo", ()).access(Access::Anyone))
///     .build()?;
/// let open_to = |token| router.authenticate(token).map(|caller| router.candidates(&caller).count());
/// assert_eq!((open_to(Some("team-token")), open_to(Some("my-token")), open_to(None)), (Ok(2), Ok(2), Ok(1)));
/// # Ok::<(), oar_routing::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// Bearers of the router's own tokens.
    #[default]
    Global,
    /// Bearers of these tokens, and of no other. An empty one is ignored; without any, it is closed to everybody.
    Tokens(Vec<Token>),
    /// Everybody, with or without a token.
    Anyone,
}

/// How long one attempt at a candidate may take to the response head; `None` means the router's default. Not zero.
///
/// ```
/// # use oar_routing::{Candidate, Timeouts};
/// # use std::time::Duration;
/// let patient = Timeouts { plain: Some(Duration::from_secs(600)), ..Timeouts::default() };
/// let candidate = Candidate::new("slow", ()).timeouts(patient);
/// assert_eq!(patient.stream, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For ordinary requests.
    pub plain: Option<Duration>,
    /// For requests that ask for a stream.
    pub stream: Option<Duration>,
}

impl<T> Candidate<T> {
    /// A candidate for every model, open to the router's tokens, with the router's time limits and policy.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Query};
    /// let candidate = Candidate::new("first", "https://first.example.com/v1");
    /// assert!(candidate.serves(&Query::model("any")));
    /// ```
    pub fn new(name: impl Into<Arc<str>>, payload: T) -> Self {
        Self {
            name: name.into(),
            payload,
            access: Access::default(),
            allow: None,
            deny: HashSet::new(),
            timeouts: Timeouts::default(),
            failover_on: None,
        }
    }

    /// Sets who may use it. Default: [`Access::Global`].
    ///
    /// ```
    /// # use oar_routing::{Access, Candidate, Order, Router};
    /// let open = Candidate::new("demo", ()).access(Access::Anyone);
    /// let router = Router::builder(Order::Configured).candidate(open).build()?;
    /// assert!(router.authenticate(None).is_ok());
    /// # Ok::<(), oar_routing::BuildError>(())
    /// ```
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Serves only these names, exactly as written, in place of those of an earlier call; an empty list serves all.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Query};
    /// let candidate = Candidate::new("ears", ()).allow(["whisper-1", "/v1/audio/translations"]);
    /// assert!(candidate.serves(&Query::model("whisper-1")));
    /// assert!(!candidate.serves(&Query::model("Whisper-1")));
    /// ```
    #[must_use]
    pub fn allow(mut self, names: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        let names: HashSet<_> = names.into_iter().map(Into::into).collect();
        self.allow = (!names.is_empty()).then_some(names);
        self
    }

    /// Does not serve these names, even if they are allowed, in place of those of an earlier call.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Query};
    /// let candidate = Candidate::new("cheap", ()).deny(["gpt-4o"]);
    /// assert!(!candidate.serves(&Query::model("gpt-4o")));
    /// assert!(candidate.serves(&Query::model("gpt-4o-mini")));
    /// ```
    #[must_use]
    pub fn deny(mut self, names: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        self.deny = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets its own time limits.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Timeouts};
    /// # use std::time::Duration;
    /// let limits = Timeouts { plain: None, stream: Some(Duration::from_secs(60)) };
    /// let candidate = Candidate::new("thinks long before the first word", ()).timeouts(limits);
    /// ```
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets after which of its failures the next candidate is tried, in place of the router's policy.
    ///
    /// ```
    /// # use oar_routing::{Candidate, FailoverOn, FailureClass};
    /// let when_busy = FailoverOn::These(vec![FailureClass::Status(429)]);
    /// let candidate = Candidate::new("ours", ()).failover_on(when_busy);
    /// ```
    #[must_use]
    pub fn failover_on(mut self, policy: FailoverOn) -> Self {
        self.failover_on = Some(policy);
        self
    }

    /// Its name.
    ///
    /// ```
    /// # use oar_routing::Candidate;
    /// assert_eq!(&**Candidate::new("first", ()).name(), "first");
    /// ```
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it is to the embedder.
    ///
    /// ```
    /// # use oar_routing::Candidate;
    /// assert_eq!(*Candidate::new("first", 9000).payload(), 9000);
    /// ```
    pub const fn payload(&self) -> &T {
        &self.payload
    }

    /// The names it serves, in no particular order, if it has an allow list. Denied names are left out.
    ///
    /// ```
    /// # use oar_routing::Candidate;
    /// let some = Candidate::new("some", ()).allow(["o1", "o3"]).deny(["o1"]);
    /// assert_eq!(some.allowed().map(Iterator::collect), Some(vec!["o3"]));
    /// assert!(Candidate::new("all but one", ()).deny(["o1"]).allowed().is_none());
    /// ```
    pub fn allowed(&self) -> Option<impl Iterator<Item = &str>> {
        let allow = self.allow.as_ref()?;
        Some(allow.iter().filter(|name| !self.deny.contains(*name)).map(AsRef::as_ref))
    }

    /// Whether it serves this query: its lists let it, whoever asks.
    ///
    /// The allow list is asked first, then the deny list.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Query};
    /// let candidate = Candidate::new("some", ()).allow(["o1", "o3"]).deny(["o1"]);
    /// assert!(candidate.serves(&Query::model("o3")));
    /// assert!(!candidate.serves(&Query::model("o1")));
    /// ```
    pub fn serves(&self, query: &Query<'_>) -> bool {
        self.allows(query) && !self.denies(query)
    }

    pub(crate) fn allows(&self, query: &Query<'_>) -> bool {
        self.allow.as_ref().is_none_or(|allow| query.names().any(|name| allow.contains(name)))
    }

    pub(crate) fn denies(&self, query: &Query<'_>) -> bool {
        query.names().any(|name| self.deny.contains(name))
    }
}
