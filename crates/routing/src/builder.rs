use crate::candidate::Candidate;
use crate::policy::FailoverOn;
use crate::router::{Order, Router};
use crate::token::{DigestKey, Token};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Collects what a router is made of, and checks it once. From [`Router::builder`].
///
/// ```
/// use oar_routing::{Candidate, FailoverOn, Order, Router, Token};
/// use std::time::Duration;
///
/// let router = Router::builder(Order::Configured)
///     .token(Token::new("team-token"))
///     .timeouts(Duration::from_secs(60), Duration::from_secs(5))
///     .failover_on(FailoverOn::Standard)
///     .candidate(Candidate::new("first", "https://first.example.com/v1"))
///     .candidate(Candidate::new("second", "https://second.example.com/v1"))
///     .build()?;
/// assert_eq!(router.authenticate(Some("team-token")).map(|caller| router.candidates(&caller).count()), Ok(2));
/// # Ok::<(), oar_routing::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Builder<T> {
    pub(crate) order: Order,
    pub(crate) limits: Limits,
    pub(crate) policy: FailoverOn,
    pub(crate) tokens: Vec<Token>,
    pub(crate) candidates: Vec<Candidate<T>>,
}

/// Time limits for candidates that have none of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) plain: Duration,
    pub(crate) stream: Duration,
}

/// Why a router cannot be built.
///
/// ```
/// use oar_routing::{BuildError, Candidate, Order, Router};
///
/// let twice = Router::builder(Order::Configured).candidate(Candidate::new("a", 1)).candidate(Candidate::new("a", 2));
/// let error = twice.build().expect_err("no record could tell them apart");
/// assert!(matches!(&error, BuildError::DuplicateName(name) if &**name == "a"));
/// assert_eq!(error.to_string(), "two candidates are named `a`");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is nobody to route to.
    #[error("there is no candidate")]
    NoCandidate,
    /// Two candidates have one name, so no record could tell them apart.
    #[error("two candidates are named `{0}`")]
    DuplicateName(Arc<str>),
    /// A time limit of zero would fail every attempt. It is the candidate's own, or the router's for want of one.
    #[error("a time limit of candidate `{0}` is zero: its own, or the router's default")]
    ZeroTimeout(Arc<str>),
    /// The system has no random numbers to key the token digests with.
    #[error("the system has no random numbers")]
    NoRandomness(#[source] getrandom::Error),
}

impl<T> Builder<T> {
    pub(crate) const fn new(order: Order) -> Self {
        let limits = Limits { plain: Duration::from_secs(120), stream: Duration::from_secs(10) };
        Self { order, limits, policy: FailoverOn::Any, tokens: Vec::new(), candidates: Vec::new() }
    }

    /// Adds a token that opens every candidate with [`Access::Global`](crate::Access::Global). An empty token is ignored:
    /// it would let in everybody who presents nothing.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Router, Token, Unauthorized};
    /// let builder = Router::builder(Order::Configured).candidate(Candidate::new("only", ()));
    /// let router = builder.token(Token::new("team-a")).token(Token::new("team-b")).token(Token::new("")).build()?;
    /// assert!(router.authenticate(Some("team-b")).is_ok());
    /// assert_eq!(router.authenticate(Some("")).err(), Some(Unauthorized));
    /// # Ok::<(), oar_routing::BuildError>(())
    /// ```
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.tokens.push(token);
        self
    }

    /// Adds a candidate after those already there.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Router, Token};
    /// let builder = Router::builder(Order::Configured).token(Token::new("t"));
    /// let router = builder.candidate(Candidate::new("first", 1)).candidate(Candidate::new("second", 2)).build()?;
    /// let caller = router.authenticate(Some("t"))?;
    /// assert_eq!(router.candidates(&caller).map(|candidate| *candidate.payload()).collect::<Vec<_>>(), [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn candidate(mut self, candidate: Candidate<T>) -> Self {
        self.candidates.push(candidate);
        self
    }

    /// Sets the time limits to a response head for candidates without their own. Default: 120 s, and 10 s for streams. Who
    /// is the only one of a plan may be given more, as [`Attempt::timeout`](crate::Attempt::timeout) says.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Mode, Order, Query, Router, Token};
    /// # use std::time::Duration;
    /// let builder = Router::builder(Order::Configured).token(Token::new("t"));
    /// let builder = builder.candidate(Candidate::new("first", ())).candidate(Candidate::new("second", ()));
    /// let router = builder.timeouts(Duration::from_secs(60), Duration::from_secs(5)).build()?;
    /// let caller = router.authenticate(Some("t"))?;
    /// let limit = |mode| router.plan(&caller, &Query::model("m").mode(mode), 0).map(|plan| plan.first().timeout());
    /// assert_eq!(limit(Mode::Plain), Ok(Duration::from_secs(60)));
    /// assert_eq!(limit(Mode::Stream), Ok(Duration::from_secs(5)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn timeouts(mut self, plain: Duration, stream: Duration) -> Self {
        self.limits = Limits { plain, stream };
        self
    }

    /// Sets after which failures the next candidate is tried. Default: [`FailoverOn::Any`]. A candidate's own counts more.
    ///
    /// ```
    /// # use oar_routing::{Candidate, FailoverOn, Finding, Order, Query, Router, Token, Verdict};
    /// let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("only", ()));
    /// let router = builder.failover_on(FailoverOn::Standard).build()?;
    /// let plan = router.plan(&router.authenticate(Some("t"))?, &Query::model("m"), 0)?;
    /// assert_eq!(plan.first().judge(Finding::Status(422)), Verdict::Relay);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn failover_on(mut self, policy: FailoverOn) -> Self {
        self.policy = policy;
        self
    }

    /// Checks everything and builds the router.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] names what is wrong with the candidates.
    ///
    /// ```
    /// # use oar_routing::{BuildError, Order, Router};
    /// let nobody = Router::<()>::builder(Order::Configured).build();
    /// assert!(matches!(nobody, Err(BuildError::NoCandidate)));
    /// ```
    pub fn build(self) -> Result<Router<T>, BuildError> {
        self.check()?;
        let key = DigestKey::random().map_err(BuildError::NoRandomness)?;
        Ok(Router::new(self, key))
    }

    fn check(&self) -> Result<(), BuildError> {
        if self.candidates.is_empty() {
            return Err(BuildError::NoCandidate);
        }
        let mut names = HashSet::new();
        for candidate in &self.candidates {
            if !names.insert(&candidate.name) {
                return Err(BuildError::DuplicateName(candidate.name.clone()));
            }
            let plain = candidate.timeouts.plain.unwrap_or(self.limits.plain);
            let stream = candidate.timeouts.stream.unwrap_or(self.limits.stream);
            if plain.is_zero() || stream.is_zero() {
                return Err(BuildError::ZeroTimeout(candidate.name.clone()));
            }
        }
        Ok(())
    }
}
