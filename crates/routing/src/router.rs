use crate::candidate::Candidate;
use crate::explain::Explanation;
use crate::lists::Lists;
use crate::passes::{Grant, Passes};
use crate::plan::{NoRoute, Plan};
use crate::policy::FailoverOn;
use crate::query::Query;
use crate::token::{DigestKey, Fingerprint, Token};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Knows every candidate and every token, and answers who may use what.
///
/// Immutable: a changed configuration makes a new router. Cloning shares it.
pub struct Router<T> {
    pub(crate) candidates: Arc<[Candidate<T>]>,
    pub(crate) order: Order,
    pub(crate) limits: Limits,
    policy: Arc<FailoverOn>,
    passes: Arc<Passes>,
    lists: Arc<Lists>,
}

/// In which order the candidates of a plan are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they were added.
    #[default]
    Configured,
    /// Shuffled anew for each plan, by its seed.
    Shuffled,
}

/// Time limits for candidates that have none of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) plain: Duration,
    pub(crate) stream: Duration,
}

/// Someone who was let in, and the candidates open to them.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) open: Grant,
    fingerprint: Option<Fingerprint>,
}

impl Caller {
    /// The fingerprint of their token; `None` for those who presented no token that opens anything, and use what is open
    /// to anyone.
    pub const fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }
}

/// The token, or its absence, opens no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no upstream is open to this token")]
pub struct Unauthorized;

/// Why a router cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is nobody to route to.
    #[error("there is no candidate")]
    NoCandidate,
    /// Two candidates have one name, so no record could tell them apart.
    #[error("two candidates are named `{0}`")]
    DuplicateName(Arc<str>),
    /// A time limit of zero would fail every attempt.
    #[error("a time limit of candidate `{0}` is zero")]
    ZeroTimeout(Arc<str>),
    /// The system has no random numbers to key the token digests with.
    #[error("the system has no random numbers")]
    NoRandomness(#[source] getrandom::Error),
}

/// Collects what a router is made of, and checks it once.
#[derive(Debug)]
pub struct Builder<T> {
    order: Order,
    limits: Limits,
    policy: FailoverOn,
    tokens: Vec<Token>,
    candidates: Vec<Candidate<T>>,
}

impl<T> Builder<T> {
    /// Adds a token that opens every candidate with [`Access::Global`](crate::Access::Global). An empty token is ignored: it would let in
    /// everybody who presents nothing.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.tokens.push(token);
        self
    }

    /// Adds a candidate after those already there.
    #[must_use]
    pub fn candidate(mut self, candidate: Candidate<T>) -> Self {
        self.candidates.push(candidate);
        self
    }

    /// Sets the time limits to a response head for candidates without their own. Default: 120 s, and 10 s for streams.
    #[must_use]
    pub const fn timeouts(mut self, plain: Duration, stream: Duration) -> Self {
        self.limits = Limits { plain, stream };
        self
    }

    /// Sets after which failures the next candidate is tried. Default: [`FailoverOn::Any`].
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
    pub fn build(self) -> Result<Router<T>, BuildError> {
        self.check()?;
        let key = DigestKey::random().map_err(BuildError::NoRandomness)?;
        let passes = Arc::new(Passes::new(key, &self.tokens, &self.candidates));
        let lists = Arc::new(Lists::new(&self.candidates));
        let (candidates, policy) = (self.candidates.into(), Arc::new(self.policy));
        Ok(Router { candidates, order: self.order, limits: self.limits, policy, passes, lists })
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

impl<T> Router<T> {
    /// Starts a router.
    pub const fn builder(order: Order) -> Builder<T> {
        let limits = Limits { plain: Duration::from_secs(120), stream: Duration::from_secs(10) };
        Builder { order, limits, policy: FailoverOn::Any, tokens: Vec::new(), candidates: Vec::new() }
    }

    /// Tells who presents `token`.
    ///
    /// How long it takes says nothing about the token, and does not grow with the number of tokens.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`] when the token opens nothing and nothing is open to anyone.
    pub fn authenticate(&self, token: Option<&str>) -> Result<Caller, Unauthorized> {
        match token.and_then(|token| self.passes.of(token)) {
            Some(pass) => Ok(Caller { open: Arc::clone(&pass.open), fingerprint: Some(pass.fingerprint.clone()) }),
            None if self.passes.anyone().is_empty() => Err(Unauthorized),
            None => Ok(Caller { open: Arc::clone(self.passes.anyone()), fingerprint: None }),
        }
    }

    /// The ordered attempts for one request; `seed` decides a shuffled order.
    ///
    /// # Errors
    ///
    /// [`NoRoute`] when no candidate that is open to the caller serves what the query names.
    pub fn plan(&self, caller: &Caller, query: &Query<'_>, seed: u64) -> Result<Plan<T>, NoRoute> {
        let mut order = self.lists.serving(&caller.open, query);
        if self.order == Order::Shuffled {
            shuffle(&mut order, seed);
        }
        Plan::new(Arc::clone(&self.candidates), order, query, self.limits, Arc::clone(&self.policy)).ok_or(NoRoute)
    }

    /// Says which candidates a plan for this query would have, and why each other one is left out.
    pub fn explain(&self, caller: &Caller, query: &Query<'_>) -> Explanation {
        Explanation::new(&self.candidates, &caller.open, query)
    }

    /// The candidates that are open to the caller, in configured order, whatever models they serve.
    pub fn candidates<'a>(&'a self, caller: &'a Caller) -> impl Iterator<Item = &'a Candidate<T>> {
        caller.open.iter().filter_map(|index| self.candidates.get(index))
    }
}

impl<T> fmt::Debug for Router<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.candidates.iter().map(|candidate| &*candidate.name).collect();
        f.debug_struct("Router")
            .field("candidates", &names)
            .field("order", &self.order)
            .field("tokens", &self.passes.len())
            .finish()
    }
}

/// Fisher and Yates's shuffle, fed by SplitMix64, so that a seed gives the same order on every machine.
fn shuffle(order: &mut [usize], seed: u64) {
    let mut state = seed;
    for last in (1..order.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let choices = last as u64 + 1;
        order.swap(last, (bits % choices) as usize);
    }
}
