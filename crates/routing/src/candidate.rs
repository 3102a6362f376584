use crate::policy::FailoverOn;
use crate::query::Query;
use crate::token::Token;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// One upstream before any request: its name, who may use it, for which models, and how long it may take.
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
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// Bearers of the router's own tokens.
    #[default]
    Global,
    /// Bearers of these tokens, and of no other.
    Tokens(Vec<Token>),
    /// Everybody, with or without a token.
    Anyone,
}

/// How long one attempt at a candidate may take to the response head; `None` means the router's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For ordinary requests.
    pub plain: Option<Duration>,
    /// For requests that ask for a stream.
    pub stream: Option<Duration>,
}

impl<T> Candidate<T> {
    /// A candidate for every model, open to the router's tokens, with the router's time limits.
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

    /// Sets who may use it.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Serves only these names, exactly as written; an empty list serves all.
    #[must_use]
    pub fn allow(mut self, names: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        let names: HashSet<_> = names.into_iter().map(Into::into).collect();
        self.allow = (!names.is_empty()).then_some(names);
        self
    }

    /// Does not serve these names, even if they are allowed.
    #[must_use]
    pub fn deny(mut self, names: impl IntoIterator<Item = impl Into<Box<str>>>) -> Self {
        self.deny = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets its own time limits.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets after which of its failures the next candidate is tried, in place of the router's policy.
    #[must_use]
    pub fn failover_on(mut self, policy: FailoverOn) -> Self {
        self.failover_on = Some(policy);
        self
    }

    /// Its name.
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it is to the embedder.
    pub const fn payload(&self) -> &T {
        &self.payload
    }

    /// The names it serves, in no particular order, if it serves only some. Denied names are left out.
    pub fn allowed(&self) -> Option<impl Iterator<Item = &str>> {
        let allow = self.allow.as_ref()?;
        Some(allow.iter().filter(|name| !self.deny.contains(*name)).map(AsRef::as_ref))
    }

    /// Whether it serves this query.
    ///
    /// The allow list is asked first, then the deny list.
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
