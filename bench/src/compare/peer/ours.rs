use crate::compare::behind::Behind;
use crate::compare::exercise::TOKEN;
use crate::database::Database;
use std::time::Duration;

/// What still waits to be recorded is recorded first.
pub(super) const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Two upstreams, of which the first answers; everything else as it comes out of the box.
pub(super) fn configuration(behind: &Behind, database: &Database) -> String {
    let (url, keys) = (behind.url(), database.keys());
    let entry = |name| format!("  - {{name: {name}, sk: key-of-{name}, endpoint: '{url}/v1'}}\n");
    let entries = ["first", "second"].map(entry).concat();
    format!("address: 127.0.0.1:0\nauthorization: {TOKEN}\n{keys}upstreams:\n{entries}")
}
