use crate::binary;
use oar_bench::outage::{Times, Trouble, endure};
use std::time::Duration;
use tokio::sync::Barrier;

/// Every request is answered as if nothing were, and is a row or is counted as dropped when the database is back.
async fn check(trouble: Trouble) {
    let times = Times { away: Duration::from_secs(2), lead: Duration::from_millis(500), rate: 100 };
    let found = endure(trouble, binary(), times, &Barrier::new(1)).await.unwrap();
    assert_eq!(found.mistakes(), Vec::<String>::new(), "{found}");
    assert!(found.sent >= 200, "{found}");
}

/// D07: as by a backup, or somebody's forgotten transaction.
#[tokio::test]
async fn while_another_process_holds_the_sqlite_file_nobody_notices_and_no_row_is_lost() {
    check(Trouble::SqliteLocked).await;
}

/// D04: it accepts connections, and answers nothing.
#[tokio::test]
async fn while_all_of_postgres_hangs_nobody_notices_and_every_row_is_accounted_for() {
    check(Trouble::PostgresFrozen).await;
}

/// D03.
#[tokio::test]
async fn while_postgres_is_gone_nobody_notices_and_every_row_is_accounted_for() {
    check(Trouble::PostgresStopped).await;
}
