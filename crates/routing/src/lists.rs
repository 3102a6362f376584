//! Which candidates serve which names, worked out once: what a plan costs does not grow with those that have no part in it.

use crate::candidate::Candidate;
use crate::query::Query;
use crate::set::{Set, members};
use std::collections::HashMap;

/// The allow and deny lists of all candidates, by the names that stand in them.
pub(crate) struct Lists {
    named: HashMap<Box<str>, Standing>,
    /// That of the names that stand in no list.
    others: Standing,
}

/// What the candidates make of one name.
#[derive(Clone)]
struct Standing {
    /// Those that have it on their allow list, or have none.
    allowed_by: Set,
    /// Those that have it on their deny list.
    denied_by: Set,
}

impl Lists {
    pub(crate) fn new<T>(candidates: &[Candidate<T>]) -> Self {
        let have_no_list =
            Set::of(candidates.len(), |index| candidates.get(index).is_some_and(|it| it.allow.is_none()));
        let others = Standing { allowed_by: have_no_list, denied_by: Set::of(candidates.len(), |_| false) };
        let mut lists = Self { named: HashMap::new(), others };
        for (index, candidate) in candidates.iter().enumerate() {
            for name in candidate.allow.iter().flatten() {
                lists.standing(name).allowed_by.insert(index);
            }
            for name in &candidate.deny {
                lists.standing(name).denied_by.insert(index);
            }
        }
        lists
    }

    fn standing(&mut self, name: &str) -> &mut Standing {
        self.named.entry(name.into()).or_insert_with(|| self.others.clone())
    }

    /// Who of `open` serves the query, in configured order: as [`Candidate::serves`] says of each.
    pub(crate) fn serving(&self, open: &Set, query: &Query<'_>) -> Vec<usize> {
        let of = |name| self.named.get(name).unwrap_or(&self.others);
        let standing = of(query.name);
        let alias = query.alias.map_or(standing, of);
        let allowed = standing.allowed_by.union(&alias.allowed_by);
        let denied = standing.denied_by.union(&alias.denied_by);
        let serving = open.words().zip(allowed).zip(denied).map(|((open, allowed), denied)| open & allowed & !denied);
        members(serving).collect()
    }
}
