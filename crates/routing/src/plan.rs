use crate::candidate::Candidate;
use crate::policy::FailoverOn;
use crate::query::{Query, Repeat};
use crate::router::Limits;
use crate::verdict::{Finding, Verdict};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The attempts to make for one request, in order. Never empty.
pub struct Plan<T> {
    candidates: Arc<[Candidate<T>]>,
    order: Vec<usize>,
    stream: bool,
    repeat: Repeat,
    limits: Limits,
    policy: Arc<FailoverOn>,
}

/// No candidate that is open to the caller serves what was asked for.
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
        let (stream, repeat) = (query.is_stream(), query.may_repeat());
        (!order.is_empty()).then(|| Self { candidates, order, stream, repeat, limits, policy })
    }

    /// The attempts, in order.
    pub fn attempts(&self) -> Attempts<'_, T> {
        Attempts { plan: self, order: self.order.iter() }
    }

    /// The first attempt, which every plan has.
    pub fn first(&self) -> Attempt<'_, T> {
        self.attempts().next().expect("a plan is only made of at least one candidate of its router")
    }

    /// How many attempts there are at the most.
    pub const fn len(&self) -> usize {
        self.order.len()
    }

    /// Always false; there for those who ask for it beside [`len`](Self::len).
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
        match (self.stream, alone) {
            (true, true) => own.stream.unwrap_or(self.limits.stream.max(PATIENCE_WITH_THE_ONLY_ONE)),
            (true, false) => own.stream.unwrap_or(self.limits.stream),
            (false, true) => self.limits.plain.max(PATIENCE_WITH_THE_ONLY_ONE),
            (false, false) => own.plain.unwrap_or(self.limits.plain),
        }
    }
}

impl<T> fmt::Debug for Plan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.attempts().map(|attempt| Arc::clone(attempt.name()))).finish()
    }
}

/// The attempts of a plan, in order.
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

/// One try at one candidate.
#[derive(Debug)]
pub struct Attempt<'a, T> {
    candidate: &'a Candidate<T>,
    timeout: Duration,
    policy: &'a FailoverOn,
    repeat: Repeat,
}

impl<'a, T> Attempt<'a, T> {
    /// The candidate's name.
    pub const fn name(&self) -> &'a Arc<str> {
        &self.candidate.name
    }

    /// What the candidate is to the embedder.
    pub const fn payload(&self) -> &'a T {
        &self.candidate.payload
    }

    /// How long this attempt may take until a response head has arrived. Never zero.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Decides what to do after this attempt. Pure: the same finding always gets the same verdict.
    pub fn judge(&self, finding: Finding) -> Verdict {
        Verdict::on(finding, self.policy, self.repeat)
    }
}
