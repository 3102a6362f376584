use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many paths are told apart; the rest are counted as `other`.
const PATHS_CAP: usize = 1024;

/// How often each path was asked.
#[derive(Default)]
pub(super) struct Hits(Mutex<BTreeMap<String, u64>>);

impl Hits {
    pub(super) fn count(&self, path: &str) {
        let mut hits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if hits.len() < PATHS_CAP || hits.contains_key(path) { path } else { "other" };
        *hits.entry(key.to_owned()).or_default() += 1;
    }

    pub(super) fn of(&self, path: &str) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied().unwrap_or_default()
    }

    pub(super) fn json(&self) -> Value {
        json!(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
