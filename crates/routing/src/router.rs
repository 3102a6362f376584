use crate::builder::{Builder, Limits};
use crate::candidate::Candidate;
use crate::explain::Explanation;
use crate::lists::Lists;
use crate::passes::{Grant, Passes};
use crate::plan::{NoRoute, Plan};
use crate::policy::FailoverOn;
use crate::query::Query;
use crate::set::Set;
use crate::token::{DigestKey, Fingerprint};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Knows every candidate and every token, and answers who may use what.
///
/// Immutable: a changed configuration makes a new router. Cloning shares it. Take one router for the whole of a request: a
/// [`Caller`] is known to the router that let them in, and to its clones.
///
/// ```
/// use oar_routing::{Candidate, Order, Query, Router, Token};
///
/// let router = Router::builder(Order::Configured)
///     .token(Token::new("team-token"))
///     .candidate(Candidate::new("cheap", "https://cheap.example.com/v1").deny(["gpt-4o"]))
///     .candidate(Candidate::new("good", "https://good.example.com/v1"))
///     .build()?;
/// let caller = router.authenticate(Some("team-token"))?;
/// let plan = router.plan(&caller, &Query::model("gpt-4o"), 0)?;
/// assert_eq!(plan.attempts().map(|attempt| *attempt.payload()).collect::<Vec<_>>(), ["https://good.example.com/v1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Router<T> {
    id: RouterId,
    candidates: Arc<[Candidate<T>]>,
    order: Order,
    limits: Limits,
    policy: Arc<FailoverOn>,
    passes: Arc<Passes>,
    lists: Arc<Lists>,
}

/// Tells a router from every other of this process: what is open to a caller is told by places among its candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RouterId(u64);

impl RouterId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// In which order the candidates of a plan are tried.
///
/// ```
/// # use oar_routing::{Candidate, Order, Query, Router, Token};
/// let builder = Router::builder(Order::Shuffled).token(Token::new("t"));
/// let router = ["a", "b", "c"].into_iter().fold(builder, |all, name| all.candidate(Candidate::new(name, ()))).build()?;
/// let caller = router.authenticate(Some("t"))?;
/// let order = |seed| router.plan(&caller, &Query::model("m"), seed).map(|plan| format!("{plan:?}"));
/// assert_eq!(order(7), order(7), "a seed always gives the same order");
/// assert!((0..100).any(|seed| order(seed) != order(7)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they were added.
    #[default]
    Configured,
    /// Shuffled anew for each plan, by its seed.
    Shuffled,
}

/// Someone who was let in, and the candidates open to them. From [`Router::authenticate`].
///
/// Good for the router that made it, and its clones: at any other router nothing is open to them.
///
/// ```
/// # use oar_routing::{Access, Candidate, Order, Router, Token};
/// let builder = Router::builder(Order::Configured).token(Token::new("t"));
/// let router = builder.candidate(Candidate::new("open", ()).access(Access::Anyone)).build()?;
/// assert!(router.authenticate(Some("t"))?.fingerprint().is_some());
/// assert!(router.authenticate(Some("never heard of"))?.fingerprint().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Caller {
    router: RouterId,
    open: Grant,
    fingerprint: Option<Fingerprint>,
}

impl Caller {
    /// The fingerprint of their token; `None` for those who presented no token that opens anything, and use what is open
    /// to anyone.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Router, Token};
    /// # let builder = Router::builder(Order::Configured).candidate(Candidate::new("only", ()));
    /// let router = builder.token(Token::new("team-token-of-some-length")).build()?;
    /// let caller = router.authenticate(Some("team-token-of-some-length"))?;
    /// assert_eq!(caller.fingerprint().map(ToString::to_string).as_deref(), Some("team…6bdf5767"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }
}

/// The token, or its absence, opens no candidate.
///
/// ```
/// # use oar_routing::{Candidate, Order, Router, Token, Unauthorized};
/// let builder = Router::builder(Order::Configured).candidate(Candidate::new("only", ()));
/// let router = builder.token(Token::new("team-token")).build()?;
/// assert_eq!(router.authenticate(None).err(), Some(Unauthorized));
/// assert_eq!(Unauthorized.to_string(), "no upstream is open to this token");
/// # Ok::<(), oar_routing::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no upstream is open to this token")]
pub struct Unauthorized;

impl<T> Router<T> {
    /// Starts a router.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Router};
    /// let router = Router::builder(Order::Configured).candidate(Candidate::new("only", "any payload")).build()?;
    /// # Ok::<(), oar_routing::BuildError>(())
    /// ```
    pub const fn builder(order: Order) -> Builder<T> {
        Builder::new(order)
    }

    /// Of what has been checked; tokens are kept under `key`.
    pub(crate) fn new(checked: Builder<T>, key: DigestKey) -> Self {
        let passes = Passes::new(key, &checked.tokens, &checked.candidates);
        let lists = Lists::new(&checked.candidates);
        Self {
            id: RouterId::next(),
            candidates: checked.candidates.into(),
            order: checked.order,
            limits: checked.limits,
            policy: Arc::new(checked.policy),
            passes: Arc::new(passes),
            lists: Arc::new(lists),
        }
    }

    /// Tells who presents `token`: the secret alone, without `Bearer`.
    ///
    /// How long it takes says nothing about the token, and does not grow with the number of tokens.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`] when the token opens nothing and nothing is open to anyone.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Router, Token};
    /// # let builder = Router::builder(Order::Configured).candidate(Candidate::new("only", ()));
    /// let router = builder.token(Token::new("team-token")).build()?;
    /// assert!(router.authenticate(Some("team-token")).is_ok());
    /// assert!(router.authenticate(Some("Team-Token")).is_err());
    /// # Ok::<(), oar_routing::BuildError>(())
    /// ```
    pub fn authenticate(&self, token: Option<&str>) -> Result<Caller, Unauthorized> {
        let (open, fingerprint) = match token.and_then(|token| self.passes.of(token)) {
            Some(pass) => (&pass.open, Some(pass.fingerprint.clone())),
            None if self.passes.anyone().is_empty() => return Err(Unauthorized),
            None => (self.passes.anyone(), None),
        };
        Ok(Caller { router: self.id, open: Arc::clone(open), fingerprint })
    }

    /// The ordered attempts for one request. `seed` decides a shuffled order, and nothing else: draw one for each request,
    /// or pass 0 when the order is as configured.
    ///
    /// # Errors
    ///
    /// [`NoRoute`] when no candidate that is open to the caller serves what the query names.
    ///
    /// ```
    /// # use oar_routing::{Candidate, NoRoute, Order, Query, Router, Token};
    /// let builder = Router::builder(Order::Configured).token(Token::new("t"));
    /// let router = builder.candidate(Candidate::new("ears", ()).allow(["whisper-1"])).build()?;
    /// let caller = router.authenticate(Some("t"))?;
    /// assert_eq!(router.plan(&caller, &Query::model("whisper-1"), 0)?.len(), 1);
    /// assert_eq!(router.plan(&caller, &Query::model("gpt-4o"), 0).err(), Some(NoRoute));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn plan(&self, caller: &Caller, query: &Query<'_>, seed: u64) -> Result<Plan<T>, NoRoute> {
        let mut order = self.lists.serving(self.open_to(caller).ok_or(NoRoute)?, query);
        if self.order == Order::Shuffled {
            shuffle(&mut order, seed);
        }
        Plan::new(Arc::clone(&self.candidates), order, query, self.limits, Arc::clone(&self.policy)).ok_or(NoRoute)
    }

    /// Says which candidates a plan for this query would have, and why each other one is left out.
    ///
    /// ```
    /// # use oar_routing::{Candidate, Order, Query, Router, Token};
    /// let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("all", ()));
    /// let router = builder.candidate(Candidate::new("ears", ()).allow(["whisper-1"])).build()?;
    /// let explanation = router.explain(&router.authenticate(Some("t"))?, &Query::model("gpt-4o"));
    /// assert_eq!(explanation.to_string(), "planned: all; left out: ears (not on its allow list)");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, caller: &Caller, query: &Query<'_>) -> Explanation {
        let open = self.open_to(caller);
        Explanation::new(&self.candidates, |index| open.is_some_and(|open| open.contains(index)), query)
    }

    /// The candidates that are open to the caller, in configured order, whatever models they serve: for a list of models.
    ///
    /// ```
    /// # use oar_routing::{Access, Candidate, Order, Router, Token};
    /// let builder = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("ours", ()));
    /// let mine = Access::Tokens(vec![Token::new("my-token")]);
    /// let router = builder.candidate(Candidate::new("mine", ()).access(mine)).build()?;
    /// let caller = router.authenticate(Some("my-token"))?;
    /// assert_eq!(router.candidates(&caller).map(|candidate| &**candidate.name()).collect::<Vec<_>>(), ["mine"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn candidates<'a>(&'a self, caller: &'a Caller) -> impl Iterator<Item = &'a Candidate<T>> {
        let open = self.open_to(caller).into_iter().flat_map(Set::iter);
        open.filter_map(|index| self.candidates.get(index))
    }

    /// `None` for a caller of another router, whose candidates stand in other places.
    fn open_to<'a>(&self, caller: &'a Caller) -> Option<&'a Set> {
        (caller.router == self.id).then_some(&*caller.open)
    }
}

impl<T> Clone for Router<T> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            candidates: Arc::clone(&self.candidates),
            order: self.order,
            limits: self.limits,
            policy: Arc::clone(&self.policy),
            passes: Arc::clone(&self.passes),
            lists: Arc::clone(&self.lists),
        }
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
