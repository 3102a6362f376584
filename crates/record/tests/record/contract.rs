//! What both stores promise.

use crate::exchanges::{exchange, moment, row};
use crate::scratch::{Database, Kept, Postgres, Sqlite};
use oar_exchange::Observer;
use oar_record::{CreatedAt, DropReason, FIELD_CAP_BYTES, Recorder, Row, Store};
use std::sync::Arc;
use std::time::Duration;

/// Runs each of these functions on a database of either kind.
macro_rules! on_both {
    ($($name:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(<super::Sqlite as super::Database>::new().await).await; })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name(<super::Postgres as super::Database>::new().await).await; })*
        }
    };
}

on_both! {
    rows_come_back_as_they_were_written_newest_first,
    a_row_written_twice_is_there_once,
    more_rows_than_a_statement_takes_are_written,
    long_and_odd_text_survives,
    a_go_database_keeps_its_rows_and_go_can_still_insert,
    a_database_opens_again_and_by_two_at_once,
    an_abandoned_write_leaves_a_store_that_works,
    a_row_that_breaks_a_constraint_is_dropped_alone,
    everything_queued_is_in_the_store_after_stop,
}

fn ids(rows: &[Row]) -> Vec<&str> {
    rows.iter().filter_map(|row| row.exchange_id.as_deref()).collect()
}

fn told(row: &Row) -> serde_json::Value {
    serde_json::to_value(row).unwrap()
}

async fn rows_come_back_as_they_were_written_newest_first(database: impl Database) {
    let mut store = database.open().await;
    store.write(&[row("a"), row("b")]).await.unwrap();
    store.write(&[row("c")]).await.unwrap();
    let recent = store.recent(2).await.unwrap();
    assert_eq!(ids(&recent), ["c", "b"]);
    let expected = Row { id: Some(3), ..row("c") };
    assert_eq!(told(&recent[0]), told(&expected));
    assert_eq!(recent[0].created_at, Some(CreatedAt(moment())));
}

async fn a_row_written_twice_is_there_once(database: impl Database) {
    let mut store = database.open().await;
    store.write(&[row("a"), row("b")]).await.unwrap();
    let changed = Row { status: Some(500), ..row("b") };
    store.write(&[changed, row("c"), row("c")]).await.unwrap();
    let recent = store.recent(10).await.unwrap();
    assert_eq!(ids(&recent), ["c", "b", "a"]);
    assert_eq!(recent[1].status, Some(200));
}

async fn more_rows_than_a_statement_takes_are_written(database: impl Database) {
    let mut store = database.open().await;
    let rows: Vec<Row> = (0..2_500).map(|number| row(&format!("x{number}"))).collect();
    store.write(&rows).await.unwrap();
    store.write(&[]).await.unwrap();
    assert_eq!(store.recent(5_000).await.unwrap().len(), 2_500);
}

async fn long_and_odd_text_survives(database: impl Database) {
    let mut store = database.open().await;
    let mut odd = exchange("a");
    odd.request.body = format!("你好 '; DROP TABLE records; -- \0 {}", "é".repeat(FIELD_CAP_BYTES)).into();
    odd.request.headers.insert("x-odd", http::HeaderValue::from_bytes(b"\xff\xfe").unwrap());
    let row = Row::from_exchange(&odd, "gateway-1");
    store.write(std::slice::from_ref(&row)).await.unwrap();
    let recent = store.recent(1).await.unwrap();
    assert_eq!((&recent[0].body, &recent[0].headers), (&row.body, &row.headers));
    assert_eq!(recent[0].truncated, Some(true));
}

async fn a_go_database_keeps_its_rows_and_go_can_still_insert<D: Database>(database: D) {
    const GO_INSERT: &str = "INSERT INTO records (hostname, upstream_endpoint, upstream_sk, created_at, ip, body, model, \
        response, response_time, elapsed_time, status, \"authorization\", user_agent, headers) VALUES ('go', 'https://h/v1', \
        'sk', '2024-01-02 11:04:05.5+08:00', '::1', '{}', 'gpt-4', 'hi', 1, 2, 200, 'token', 'ua', '{\"A\":[\"b\"]}')";
    database.sql(D::GO_TABLE).await;
    database.sql(GO_INSERT).await;
    database.sql(GO_INSERT).await;

    let mut store = database.open().await;
    store.write(&[row("ours")]).await.unwrap();
    database.sql(GO_INSERT).await;

    let recent = store.recent(10).await.unwrap();
    let hosts: Vec<_> = recent.iter().filter_map(|row| row.hostname.as_deref()).collect();
    assert_eq!(hosts, ["go", "gateway-1", "go", "go"]);
    assert_eq!((recent[3].status, recent[3].exchange_id.as_deref(), recent[3].truncated), (Some(200), None, None));
    assert_eq!(recent[3].created_at.unwrap().to_string(), "2024-01-02 03:04:05.5+00:00");
}

async fn a_database_opens_again_and_by_two_at_once(database: impl Database) {
    let (mut one, mut two) = tokio::join!(database.open(), database.open());
    one.write(&[row("a")]).await.unwrap();
    two.write(&[row("b")]).await.unwrap();
    let mut three = database.open().await;
    assert_eq!(ids(&three.recent(10).await.unwrap()), ["b", "a"]);
}

async fn an_abandoned_write_leaves_a_store_that_works(database: impl Database) {
    let mut store = database.open().await;
    let rows = [row("a"), row("b")];
    for _ in 0..3 {
        // Polled once, then dropped while the database is at work.
        tokio::select! {
            biased;
            _ = store.write(&rows) => {}
            () = std::future::ready(()) => {}
        }
    }
    store.write(&rows).await.unwrap();
    assert_eq!(ids(&store.recent(10).await.unwrap()), ["b", "a"]);
}

async fn a_row_that_breaks_a_constraint_is_dropped_alone(database: impl Database) {
    let store = database.open().await;
    database.sql("CREATE UNIQUE INDEX one_of_each ON records (user_agent)").await;
    let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
    for number in 0..20 {
        let mut exchange = exchange(&format!("x{number}"));
        // The eighth says what the seventh said.
        let agent = if number == 7 { 6 } else { number };
        exchange.request.headers.insert("user-agent", agent.into());
        recorder.finished(&Arc::new(exchange));
    }
    let counters = recorder.counters();
    writer.run(async { Duration::from_secs(30) }).await;
    assert_eq!((counters.written(), counters.dropped(DropReason::Invalid)), (19, 1));
    assert_eq!(database.text("SELECT CAST(count(*) AS text) FROM records").await, "19");
}

async fn everything_queued_is_in_the_store_after_stop(database: impl Database) {
    let store = database.open().await;
    let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
    for number in 0..1_234 {
        recorder.finished(&Arc::new(exchange(&format!("x{number}"))));
    }
    let counters = recorder.counters();
    assert_eq!(counters.queued_rows(), 1_234);
    writer.run(async { Duration::from_secs(30) }).await;
    assert_eq!((counters.written(), counters.queued_rows(), counters.queued_bytes()), (1_234, 0, 0));
    assert_eq!(database.text("SELECT CAST(count(*) AS text) FROM records").await, "1234");
}
