//! What each token opens, worked out once.

use crate::candidate::{Access, Candidate};
use crate::set::Set;
use crate::token::{Digest, DigestKey, Fingerprint, Token};
use std::collections::HashMap;
use std::sync::Arc;

/// The candidates that are open; shared by all tokens that open the same ones.
pub(crate) type Grant = Arc<Set>;

/// What a token opens, and how it is called where it must not be shown.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) open: Grant,
    pub(crate) fingerprint: Fingerprint,
}

/// All tokens, by their digests.
pub(crate) struct Passes {
    key: DigestKey,
    by_digest: HashMap<Digest, Pass>,
    anyone: Grant,
}

/// Where one token is listed.
struct Listing {
    fingerprint: Fingerprint,
    global: bool,
    owners: Vec<usize>,
}

impl Passes {
    pub(crate) fn new<T>(key: DigestKey, tokens: &[Token], candidates: &[Candidate<T>]) -> Self {
        let usual = grant(candidates, |_, access| matches!(access, Access::Global | Access::Anyone));
        let anyone = grant(candidates, |_, access| matches!(access, Access::Anyone));
        let listings = listings(&key, tokens, candidates);
        let pass = |listing: Listing| {
            let open = if listing.owners.is_empty() { Arc::clone(&usual) } else { own_grant(candidates, &listing) };
            Pass { open, fingerprint: listing.fingerprint }
        };
        let by_digest = listings.into_iter().map(|(digest, listing)| (digest, pass(listing))).collect();
        Self { key, by_digest, anyone }
    }

    /// The pass of a token. How long this takes says nothing about the token and does not grow with their number: the map
    /// is keyed by digests under a key that nobody outside knows, and the hit is confirmed in constant time.
    pub(crate) fn of(&self, token: &str) -> Option<&Pass> {
        let digest = self.key.digest(token);
        let (known, pass) = self.by_digest.get_key_value(&digest)?;
        known.is(&digest).then_some(pass)
    }

    /// What is open to those without a pass.
    pub(crate) const fn anyone(&self) -> &Grant {
        &self.anyone
    }

    pub(crate) fn len(&self) -> usize {
        self.by_digest.len()
    }
}

/// Collects where each token is listed. An empty token is nobody's: it would let in all who present nothing.
fn listings<T>(key: &DigestKey, tokens: &[Token], candidates: &[Candidate<T>]) -> HashMap<Digest, Listing> {
    let mut listings = HashMap::new();
    for token in tokens.iter().filter(|token| !token.is_empty()) {
        listing(&mut listings, key, token).global = true;
    }
    for (index, candidate) in candidates.iter().enumerate() {
        let Access::Tokens(own) = &candidate.access else { continue };
        for token in own.iter().filter(|token| !token.is_empty()) {
            listing(&mut listings, key, token).owners.push(index);
        }
    }
    listings
}

fn listing<'a>(listings: &'a mut HashMap<Digest, Listing>, key: &DigestKey, token: &Token) -> &'a mut Listing {
    let fresh = || Listing { fingerprint: token.fingerprint(), global: false, owners: Vec::new() };
    listings.entry(token.digest(key)).or_insert_with(fresh)
}

fn own_grant<T>(candidates: &[Candidate<T>], listing: &Listing) -> Grant {
    grant(candidates, |index, access| match access {
        Access::Global => listing.global,
        Access::Tokens(_) => listing.owners.contains(&index),
        Access::Anyone => true,
    })
}

fn grant<T>(candidates: &[Candidate<T>], opens: impl Fn(usize, &Access) -> bool) -> Grant {
    let is_open = |index| candidates.get(index).is_some_and(|candidate| opens(index, &candidate.access));
    Arc::new(Set::of(candidates.len(), is_open))
}
