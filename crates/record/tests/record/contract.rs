//! What both stores promise.

use crate::exchanges::{answer, exchange, moment, row};
use crate::scratch::{Database, Kept, Postgres, Sqlite};
use oar_exchange::Observer;
use oar_record::{CreatedAt, DropReason, FIELD_CAP_BYTES, Recorder, Row, Store};
use oar_testkit::canary;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

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
pub(crate) use on_both;

on_both! {
    rows_come_back_as_they_were_written_newest_first,
    a_row_written_twice_is_there_once,
    more_rows_than_a_statement_takes_are_written,
    long_and_odd_text_survives,
    a_go_database_keeps_its_rows_and_go_can_still_insert,
    a_database_opens_again_and_by_two_at_once,
    an_abandoned_write_leaves_a_store_that_works,
    a_row_that_breaks_a_constraint_is_dropped_alone,
    what_a_row_says_is_not_told_when_it_is_refused,
    everything_queued_is_in_the_store_after_stop,
    poison_in_a_full_batch_costs_nothing,
    two_prompts_that_interleave_stay_with_their_requests,
    a_clock_that_jumps_moves_moments_and_no_duration,
}

fn ids(rows: &[Row]) -> Vec<&str> {
    rows.iter().filter_map(|row| row.exchange_id.as_deref()).collect()
}

fn told(row: &Row) -> serde_json::Value {
    serde_json::to_value(row).unwrap()
}

async fn rows_come_back_as_they_were_written_newest_first(database: impl Database) {
    let mut store = database.open().await;
    store.write(&[row("a"), row("b")].map(Arc::new)).await.unwrap();
    store.write(&[row("c")].map(Arc::new)).await.unwrap();
    let recent = store.recent(2).await.unwrap();
    assert_eq!(ids(&recent), ["c", "b"]);
    let expected = Row { id: Some(3), ..row("c") };
    assert_eq!(told(&recent[0]), told(&expected));
    assert_eq!(recent[0].created_at, Some(CreatedAt(moment())));
}

async fn a_row_written_twice_is_there_once(database: impl Database) {
    let mut store = database.open().await;
    store.write(&[row("a"), row("b")].map(Arc::new)).await.unwrap();
    let changed = Row { status: Some(500), ..row("b") };
    store.write(&[changed, row("c"), row("c")].map(Arc::new)).await.unwrap();
    let recent = store.recent(10).await.unwrap();
    assert_eq!(ids(&recent), ["c", "b", "a"]);
    assert_eq!(recent[1].status, Some(200));
}

async fn more_rows_than_a_statement_takes_are_written(database: impl Database) {
    let mut store = database.open().await;
    let rows: Vec<_> = (0..2_500).map(|number| Arc::new(row(&format!("x{number}")))).collect();
    store.write(&rows).await.unwrap();
    store.write(&[]).await.unwrap();
    assert_eq!(store.recent(5_000).await.unwrap().len(), 2_500);
}

async fn long_and_odd_text_survives(database: impl Database) {
    let mut store = database.open().await;
    let mut odd = exchange("a");
    odd.request.body = format!("你好 '; DROP TABLE records; -- \0 {}", "é".repeat(FIELD_CAP_BYTES)).into();
    odd.request.headers.insert("x-stainless-odd", http::HeaderValue::from_bytes(b"\xff\xfe").unwrap());
    let row = Row::from_exchange(&odd, "gateway-1");
    store.write(&[Arc::new(row.clone())]).await.unwrap();
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
    store.write(&[row("ours")].map(Arc::new)).await.unwrap();
    database.sql(GO_INSERT).await;

    let recent = store.recent(10).await.unwrap();
    let hosts: Vec<_> = recent.iter().filter_map(|row| row.hostname.as_deref()).collect();
    assert_eq!(hosts, ["go", "gateway-1", "go", "go"]);
    assert_eq!((recent[3].status, recent[3].exchange_id.as_deref(), recent[3].truncated), (Some(200), None, None));
    assert_eq!(recent[3].created_at.unwrap().to_string(), "2024-01-02 03:04:05.5+00:00");
}

async fn a_database_opens_again_and_by_two_at_once(database: impl Database) {
    let (mut one, mut two) = tokio::join!(database.open(), database.open());
    one.write(&[row("a")].map(Arc::new)).await.unwrap();
    two.write(&[row("b")].map(Arc::new)).await.unwrap();
    let mut three = database.open().await;
    assert_eq!(ids(&three.recent(10).await.unwrap()), ["b", "a"]);
}

async fn an_abandoned_write_leaves_a_store_that_works(database: impl Database) {
    let mut store = database.open().await;
    let rows = [row("a"), row("b")].map(Arc::new);
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

/// A09: PostgreSQL quotes the whole row that breaks a constraint. The database's watch looks at the log.
async fn what_a_row_says_is_not_told_when_it_is_refused(database: impl Database) {
    let mut store = database.open().await;
    database.sql("CREATE UNIQUE INDEX one_prompt ON records (body)").await;
    store.write(&[row("a")].map(Arc::new)).await.unwrap();
    let error = store.write(&[row("b")].map(Arc::new)).await.unwrap_err();
    canary::assert_none("a refusal", format!("{error:?} {}", error.source().unwrap()));
    let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
    recorder.finished(&Arc::new(exchange("c")));
    let counters = recorder.counters();
    writer.run(async { Duration::from_secs(30) }).await;
    assert_eq!(counters.dropped(DropReason::Invalid), 1);
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

/// D10: what cannot be stored as it is is made storable, and the other 499 rows never notice.
async fn poison_in_a_full_batch_costs_nothing(database: impl Database) {
    let mut store = database.open().await;
    let mut poison = exchange("poison");
    let mut body = vec![b'x'; 200 * 1024 * 1024];
    body[..6].copy_from_slice(b"a\0b\xff\xfec");
    poison.request.body = body.into();
    poison.request.bytes = poison.request.body.len() as u64;
    poison.request.path = "/v1/\0".to_owned();
    let mut rows: Vec<_> = (0..499).map(|number| Arc::new(row(&number.to_string()))).collect();
    rows.insert(250, Arc::new(Row::from_exchange(&poison, "gateway-1")));
    store.write(&rows).await.unwrap();
    let kept = store.recent(1_000).await.unwrap();
    let poison = kept.iter().find(|row| row.exchange_id.as_deref() == Some("poison")).unwrap();
    let body = poison.body.as_ref().unwrap();
    assert_eq!((kept.len(), poison.truncated, body.len() <= FIELD_CAP_BYTES + 100), (500, Some(true), true));
    assert!(!body.contains('\0') && body.contains('\u{fffd}'), "{}", &body[..20]);
}

/// D14.
async fn two_prompts_that_interleave_stay_with_their_requests(database: impl Database) {
    let (recorder, writer) = Recorder::start(Box::new(database.open().await), "gateway-1");
    for number in 0..1_000 {
        for prompt in ["apples", "oranges"] {
            let mut exchange = exchange(&format!("{prompt}-{number}"));
            exchange.request.body = format!("{{\"{prompt}\":{number}}}").into();
            exchange.answer = answer("text/plain", if prompt == "apples" { "red" } else { "orange" });
            recorder.finished(&Arc::new(exchange));
        }
    }
    writer.run(async { Duration::from_secs(30) }).await;
    let kept = database.open().await.recent(3_000).await.unwrap();
    assert_eq!(kept.len(), 2_000);
    for row in kept {
        let (prompt, number) = row.exchange_id.as_ref().unwrap().split_once('-').unwrap();
        assert_eq!(row.body, Some(format!("{{\"{prompt}\":{number}}}")));
        assert_eq!(row.response.as_deref(), Some(if prompt == "apples" { "red" } else { "orange" }));
    }
}

/// D12: an hour back, two years forward, before 1970.
async fn a_clock_that_jumps_moves_moments_and_no_duration(database: impl Database) {
    let mut store = database.open().await;
    let hour = Duration::from_secs(3_600);
    let moments = [moment(), moment() - hour, moment() + 2 * 365 * 24 * hour, UNIX_EPOCH - hour];
    for (number, moment) in moments.into_iter().enumerate() {
        let mut exchange = exchange(&number.to_string());
        exchange.started_at = moment;
        store.write(&[Row::from_exchange(&exchange, "gateway-1")].map(Arc::new)).await.unwrap();
    }
    let kept = store.recent(10).await.unwrap();
    let told: Vec<_> = kept.iter().rev().map(|row| row.created_at.unwrap()).collect();
    assert_eq!(told, moments.map(CreatedAt));
    assert!(kept.iter().all(|row| (row.elapsed_time, row.response_time) == (Some(1_500_000_000), Some(900_000_000))));
}
