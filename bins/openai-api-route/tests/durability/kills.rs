use crate::binary;
use oar_bench::kills::{Load, Store, kill};
use std::time::Duration;

/// A second is promised; what one process here writes for another, on a machine that is busy, gets two.
async fn check(store: Store) {
    let seconds = Duration::from_secs;
    let load = Load { kills: 4, seed: 8, rate: 100, longest: seconds(4), grace: seconds(2) };
    let found = kill(store, binary(), load).await.unwrap();
    assert_eq!(found.mistakes.count(), 0, "{found}");
    assert!(found.due > 0 && found.kills == 4, "{found}");
}

/// D08: each start finds what the last kill has left, a write-ahead log among it.
#[tokio::test]
async fn killed_at_any_moment_it_leaves_a_whole_sqlite_file_with_every_row_once() {
    check(Store::Sqlite).await;
}

/// D08.
#[tokio::test]
async fn killed_at_any_moment_it_leaves_every_row_once_in_postgres() {
    check(Store::Postgres).await;
}
