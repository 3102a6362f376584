use crate::builder::Limits;
use crate::candidate::Candidate;
use crate::policy::FailoverOn;
use crate::query::{Mode, Query, Repeat};
use crate::verdict::{Finding, Verdict};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The attempts to make for one request, in order. Never empty. From [`Router::plan`](crate::Router::plan).
///
/// It is its own master: it may move to another thread or task, and outlive its router.
///
/// ```
/// # use oar_routing::{Candidate, Order, Query, Router, Token};
/// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
/// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
/// # let caller = router.authenticate(Some("t"))?;
/// let plan = router.plan(&caller, &Query::model("m"), 0)?;
/// drop(router);
/// assert_eq!(plan.attempts().map(|attempt| *attempt.payload()).collect::<Vec<_>>(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Plan<T> {
    candidates: Arc<[Candidate<T>]>,
    order: Vec<usize>,
    mode: Mode,
    repeat: Repeat,
    limits: Limits,
    policy: Arc<FailoverOn>,
}

/// No candidate that is open to the caller serves what was asked for. [`Router::explain`](crate::Router::explain) says why.
///
/// ```
/// # use oar_routing::{Candidate, NoRoute, Order, Query, Router, Token};
/// let builder = Router::builder(Order::Configured).token(Token::new("t"));
/// let router = builder.candidate(Candidate::new("ears", ()).allow(["whisper-1"])).build()?;
/// let caller = router.authenticate(Some("t"))?;
/// assert_eq!(router.plan(&caller, &Query::model("gpt-4o"), 0).err(), Some(NoRoute));
/// assert_eq!(NoRoute.to_string(), "no upstream that is open to the caller serves this model");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no upstream that is open to the caller serves this model")]
pub struct NoRoute;

/// A candidate that is the only one left is given at least this long: there is nobody to hurry to.
const PATIENCE_WITH_THE_ONLY_ONE: Duration = Duration::from_secs(120);

impl<T> Plan<T> {
    /// `None` when there is nothing to attempt.
    pub(crate) fn new(
        candidates: Arc<[Candidate<T>]>,
        order: Vec<usize>,
        query: &Query<'_>,
        limits: Limits,
        policy: Arc<FailoverOn>,
    ) -> Option<Self> {
        let Query { mode, repeat, .. } = *query;
        (!order.is_empty()).then(|| Self { candidates, order, mode, repeat, limits, policy })
    }

    /// The attempts, in order. Each call begins anew.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Query, Router, Token};
    /// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
    /// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
    /// # let caller = router.authenticate(Some("t"))?;
    /// let plan = router.plan(&caller, &Query::model("m"), 0)?;
    /// let names: Vec<&str> = plan.attempts().map(|attempt| &**attempt.name()).collect();
    /// assert_eq!(names, ["first", "second"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attempts(&self) -> Attempts<'_, T> {
        Attempts { plan: self, order: self.order.iter() }
    }

    /// The first attempt, which every plan has.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Query, Router, Token};
    /// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
    /// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
    /// # let caller = router.authenticate(Some("t"))?;
    /// let plan = router.plan(&caller, &Query::model("m"), 0)?;
    /// assert_eq!(&**plan.first().name(), "first");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn first(&self) -> Attempt<'_, T> {
        self.attempts().next().expect("a plan is only made of at least one candidate of its router")
    }

    /// How many attempts there are at the most.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Query, Router, Token};
    /// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
    /// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
    /// # let caller = router.authenticate(Some("t"))?;
    /// let plan = router.plan(&caller, &Query::model("m"), 0)?;
    /// assert_eq!(plan.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn len(&self) -> usize {
        self.order.len()
    }

    /// Always false; there for those who ask for it beside [`len`](Self::len).
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Query, Router, Token};
    /// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
    /// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
    /// # let caller = router.authenticate(Some("t"))?;
    /// let plan = router.plan(&caller, &Query::model("m"), 0)?;
    /// assert!(!plan.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn attempt<'a>(&'a self, candidate: &'a Candidate<T>) -> Attempt<'a, T> {
        let policy = candidate.failover_on.as_ref().unwrap_or(&self.policy);
        Attempt { candidate, timeout: self.timeout(candidate), policy, repeat: self.repeat }
    }

    /// What the candidate says itself counts; then the patience with an only one; then the router's default.
    fn timeout(&self, candidate: &Candidate<T>) -> Duration {
        let own = candidate.timeouts;
        let alone = self.order.len() == 1 && own.plain.is_none();
        match (self.mode, alone) {
            (Mode::Stream, true) => own.stream.unwrap_or(self.limits.stream.max(PATIENCE_WITH_THE_ONLY_ONE)),
            (Mode::Stream, false) => own.stream.unwrap_or(self.limits.stream),
            (Mode::Plain, true) => self.limits.plain.max(PATIENCE_WITH_THE_ONLY_ONE),
            (Mode::Plain, false) => own.plain.unwrap_or(self.limits.plain),
        }
    }
}

impl<T> fmt::Debug for Plan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.attempts().map(|attempt| Arc::clone(attempt.name()))).finish()
    }
}

/// The attempts of a plan, in order. From [`Plan::attempts`].
///
/// ```
/// # use oar_routing::{Candidate, Order, Query, Router, Token};
/// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
/// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
/// # let caller = router.authenticate(Some("t"))?;
/// # let plan = router.plan(&caller, &Query::model("m"), 0)?;
/// let mut attempts = plan.attempts();
/// assert_eq!(attempts.next().map(|attempt| *attempt.payload()), Some(1));
/// assert_eq!(attempts.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Attempts<'a, T> {
    plan: &'a Plan<T>,
    order: std::slice::Iter<'a, usize>,
}

impl<'a, T> Iterator for Attempts<'a, T> {
    type Item = Attempt<'a, T>;

    fn next(&mut self) -> Option<Attempt<'a, T>> {
        let index = *self.order.next()?;
        Some(self.plan.attempt(self.plan.candidates.get(index)?))
    }
}

/// One try at one candidate. From [`Plan::attempts`].
///
/// ```
/// # use oar_routing::{Candidate, Order, Query, Router, Token};
/// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
/// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
/// # let caller = router.authenticate(Some("t"))?;
/// # let plan = router.plan(&caller, &Query::model("m"), 0)?;
/// let first = plan.first();
/// assert_eq!((&**first.name(), *first.payload(), first.timeout().as_secs()), ("first", 1, 120));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Attempt<'a, T> {
    candidate: &'a Candidate<T>,
    timeout: Duration,
    policy: &'a FailoverOn,
    repeat: Repeat,
}

impl<'a, T> Attempt<'a, T> {
    /// The candidate's name.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Query, Router, Token};
    /// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
    /// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
    /// # let caller = router.authenticate(Some("t"))?;
    /// # let plan = router.plan(&caller, &Query::model("m"), 0)?;
    /// assert_eq!(&**plan.first().name(), "first");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn name(&self) -> &'a Arc<str> {
        &self.candidate.name
    }

    /// What the candidate is to the embedder.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Query, Router, Token};
    /// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
    /// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
    /// # let caller = router.authenticate(Some("t"))?;
    /// # let plan = router.plan(&caller, &Query::model("m"), 0)?;
    /// assert_eq!(*plan.first().payload(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn payload(&self) -> &'a T {
        &self.candidate.payload
    }

    /// How long this attempt may take until a response head has arrived. Never zero.
    ///
    /// The candidate's own limit, or else the router's. But the only one of a plan, if it has no limit of its own for plain
    /// requests, is given 120 s where the router's default is shorter: there is nobody to hurry to.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Mode, Order, Query, Router, Token};
    /// let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("all", ()));
    /// let router = builder.candidate(Candidate::new("some", ()).deny(["o1"])).build()?;
    /// let caller = router.authenticate(Some("t"))?;
    /// let seconds = |model| {
    ///     let plan = router.plan(&caller, &Query::model(model).mode(Mode::Stream), 0);
    ///     plan.map(|plan| plan.first().timeout().as_secs())
    /// };
    /// assert_eq!((seconds("gpt-4o"), seconds("o1")), (Ok(10), Ok(120)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Decides what to do after this attempt. Pure: the same finding always gets the same verdict.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Finding, Order, Query, Router, Token, Verdict};
    /// # let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("first", 1));
    /// # let router = builder.candidate(Candidate::new("second", 2)).build()?;
    /// # let caller = router.authenticate(Some("t"))?;
    /// # let plan = router.plan(&caller, &Query::model("m"), 0)?;
    /// assert_eq!(plan.first().judge(Finding::Status(200)), Verdict::Relay);
    /// assert_eq!(plan.first().judge(Finding::Status(503)), Verdict::TryNext);
    /// assert_eq!(plan.first().judge(Finding::Misconfigured), Verdict::Stop);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn judge(&self, finding: Finding) -> Verdict {
        Verdict::on(finding, self.policy, self.repeat)
    }
}
