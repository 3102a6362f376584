//! What goes, what stays, and what that costs those who write.

use crate::contract::on_both;
use crate::exchanges::{exchange, moment, row};
use crate::scratch::{Database, Kept, Postgres, Sqlite};
use oar_exchange::Observer;
use oar_record::{CreatedAt, RETENTION_STEP_ROWS, Recorder, Retention, Row, Store, Tended};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

on_both! {
    what_is_too_old_goes_in_small_steps_and_nothing_younger,
    the_oldest_go_until_the_rest_is_small_enough,
    nothing_goes_that_nobody_asked_for,
    rows_that_a_larger_cap_allows_stay,
    old_rows_go_while_new_ones_are_written,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH: Retention = Retention { age: Some(Duration::from_secs(30 * 24 * 60 * 60)), bytes: None };

fn row_of(id: &str, moment: SystemTime) -> Row {
    Row { created_at: Some(CreatedAt(moment)), ..row(id) }
}

/// Tends until there is nothing left to do; how many rows each step deleted.
async fn tend(store: &mut impl Kept, retention: &Retention, database: &impl Database) -> Vec<usize> {
    let mut steps = Vec::new();
    let mut before = count(database).await;
    loop {
        let tended = store.tend(retention, moment()).await.unwrap();
        let after = count(database).await;
        steps.push(before - after);
        before = after;
        if tended == Tended::Done {
            return steps;
        }
    }
}

async fn count(database: &impl Database) -> usize {
    database.text("SELECT CAST(count(*) AS text) FROM records").await.parse().unwrap()
}

async fn what_is_too_old_goes_in_small_steps_and_nothing_younger(database: impl Database) {
    let mut store = database.open().await;
    let second = Duration::from_secs(1);
    let old = (0..1_200).map(|number| row_of(&format!("old-{number}"), moment() - 40 * DAY + number * second));
    let just_old = [row_of("just-old", moment() - 30 * DAY - second)];
    let young = [
        row_of("just-young", moment() - 30 * DAY + second),
        row_of("future", moment() + 700 * DAY),
        row_of("new", moment()),
    ];
    // The young are in between, as after a clock that was set wrong.
    let rows: Vec<_> = young.into_iter().chain(old).chain(just_old).map(Arc::new).collect();
    store.write(&rows).await.unwrap();
    // The Go version's moments have offsets: 2026-02-02 06:00 and 04:00 in UTC, an hour on either side of the limit.
    for moment in ["2026-02-01 18:00:00.5-12:00", "2026-02-02 18:00:00.5+14:00"] {
        database.sql(&format!("INSERT INTO records (created_at, hostname) VALUES ('{moment}', 'go')")).await;
    }
    database.sql("INSERT INTO records (hostname) VALUES ('no moment')").await;

    let steps = tend(&mut store, &MONTH, &database).await;
    assert!(steps.iter().all(|deleted| *deleted <= RETENTION_STEP_ROWS), "{steps:?}");
    let kept = store.recent(100).await.unwrap();
    let told: Vec<_> = kept.iter().map(|row| row.exchange_id.as_deref().or(row.hostname.as_deref()).unwrap()).collect();
    assert!(told.ends_with(&["new", "future", "just-young"]), "{told:?}");
    assert!(told.contains(&"no moment"), "{told:?}");
    let of_go: Vec<_> = kept.iter().filter(|row| row.hostname.as_deref() == Some("go")).collect();
    assert!(
        of_go.iter().any(|row| row.created_at > Some(CreatedAt(moment() - 30 * DAY))),
        "the younger one stays: {told:?}"
    );
    assert!(of_go.len() <= 2 && told.len() <= 6, "{told:?}");
}

/// Text that no database makes smaller.
fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + (state >> 33) as u8 % 90)
    };
    (0..bytes).map(next).collect()
}

async fn the_oldest_go_until_the_rest_is_small_enough(database: impl Database) {
    const CAP: u64 = 4_000_000;
    let mut store = database.open().await;
    let body = noise(50_000);
    let rows = (0..200).map(|number| Row { body: Some(body.clone()), ..row(&number.to_string()) });
    let rows: Vec<_> = rows.map(Arc::new).collect();
    store.write(&rows).await.unwrap();

    let retention = Retention { age: None, bytes: Some(CAP) };
    let steps = tend(&mut store, &retention, &database).await;
    let kept = store.recent(1_000).await.unwrap();
    let ids: Vec<u32> = kept.iter().map(|row| row.exchange_id.as_ref().unwrap().parse().unwrap()).collect();
    // What a database adds to a row differs, and how much free room it keeps.
    assert!((60..=80).contains(&ids.len()), "{} {steps:?}", ids.len());
    assert_eq!(ids, (0..200).rev().take(ids.len()).collect::<Vec<_>>(), "the newest stay");
    // What is small enough stays as it is, also in the eyes of another store, as after a restart.
    assert_eq!(tend(&mut store, &retention, &database).await, [0]);
    assert_eq!(tend(&mut database.open().await, &retention, &database).await, [0]);
    store.write(&[row("next")].map(Arc::new)).await.unwrap();
}

/// A reload may come while many steps are still to be taken.
async fn rows_that_a_larger_cap_allows_stay(database: impl Database) {
    let mut store = database.open().await;
    let body = noise(100_000);
    let rows = (0..200).map(|number| Row { body: Some(body.clone()), ..row(&number.to_string()) });
    store.write(&rows.map(Arc::new).collect::<Vec<_>>()).await.unwrap();
    let (small, large) =
        (Retention { age: None, bytes: Some(1_000_000) }, Retention { age: None, bytes: Some(1 << 30) });
    assert_eq!(store.tend(&small, moment()).await.unwrap(), Tended::More);
    let left = count(&database).await;
    tend(&mut store, &large, &database).await;
    assert_eq!(count(&database).await, left);
}

async fn nothing_goes_that_nobody_asked_for(database: impl Database) {
    let mut store = database.open().await;
    store.write(&[row_of("a", UNIX_EPOCH), row_of("b", moment())].map(Arc::new)).await.unwrap();
    assert_eq!(tend(&mut store, &Retention::default(), &database).await, [0]);
    let generous = Retention { age: Some(100 * 365 * DAY), bytes: Some(1 << 40) };
    assert_eq!(tend(&mut store, &generous, &database).await, [0]);
}

async fn old_rows_go_while_new_ones_are_written(database: impl Database) {
    let mut store = database.open().await;
    let old: Vec<_> = (0..3_000).map(|number| Arc::new(row_of(&format!("old-{number}"), moment()))).collect();
    store.write(&old).await.unwrap();
    let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
    // However old a row of March 2026 is when this runs.
    recorder.retain(Retention { age: Some(DAY), bytes: None });
    let traffic = async {
        let mut number = 0;
        while count(&database).await > usize::try_from(recorder.counters().written()).unwrap() + 100 {
            if recorder.counters().queued_rows() < 1_000 {
                let mut exchange = exchange(&format!("new-{number}"));
                exchange.started_at = SystemTime::now();
                recorder.finished(&Arc::new(exchange));
                number += 1;
            }
            tokio::task::yield_now().await;
        }
        Duration::from_secs(30)
    };
    writer.run(traffic).await;
    let counters = recorder.counters();
    let new = database.text("SELECT CAST(count(*) AS text) FROM records WHERE exchange_id LIKE 'new-%'").await;
    assert_eq!((new.parse(), counters.queued_rows()), (Ok(counters.written()), 0));
    assert!(counters.written() > 0);
}
