//! What columns that hold JSON say.

use serde::Deserialize;
use std::borrow::Cow;

/// One try, as the column `attempts` tells it.
#[derive(Deserialize)]
pub(crate) struct Try<'a> {
    #[serde(borrow, default)]
    pub(crate) upstream: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) result: Cow<'a, str>,
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) ms: u64,
    #[serde(borrow, default)]
    pub(crate) request_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) detail: Option<Cow<'a, str>>,
}

/// The tries; none of a text that is no list of them.
pub(crate) fn tries(column: Option<&str>) -> Vec<Try<'_>> {
    column.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
