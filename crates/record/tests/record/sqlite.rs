use crate::exchanges::{exchange, row};
use crate::scratch::{Database, Sqlite};
use diesel::connection::SimpleConnection;
use oar_exchange::Observer;
use oar_record::{DropReason, OpenError, Recorder, Retention, Row, SqliteStore, Store, Tended};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Opening this path fails, names the path, and gives this cause.
async fn check_refusal(path: &Path, cause: &str) {
    let error = SqliteStore::open(path).await.expect_err("no database can be here");
    assert!(matches!(error, OpenError::Sqlite { .. }) && !error.is_temporary(), "{error:?}");
    assert!(error.to_string().contains(&format!("`{}`", path.display())), "{error}");
    let told = error.source().unwrap().to_string();
    assert!(told.contains(cause), "{told}");
}

/// D01.
#[tokio::test]
async fn a_path_where_no_database_can_be_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    check_refusal(&directory.path().join("missing/db.sqlite"), "No such file").await;
    check_refusal(Path::new("/dev/null/db.sqlite"), "Not a directory").await;
    check_refusal(directory.path(), "unable to open").await;
}

/// D01.
#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.yaml");
    let text = "upstreams: []\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    check_refusal(&path, "not a database").await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn writes_go_through_a_write_ahead_log() {
    let database = Sqlite::new().await;
    database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
    assert_eq!(database.text("SELECT journal_mode FROM pragma_journal_mode").await, "wal");
}

#[tokio::test]
async fn a_file_of_our_own_has_large_pages_and_a_go_file_keeps_its_own() {
    const PAGE_SIZE: &str = "SELECT CAST(page_size AS text) FROM pragma_page_size";
    let (ours, go) = (Sqlite::new().await, Sqlite::new().await);
    go.sql(Sqlite::GO_TABLE).await;
    for (database, bytes) in [(&ours, "16384"), (&go, "4096")] {
        database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
        assert_eq!(database.text(PAGE_SIZE).await, bytes);
    }
}

#[tokio::test]
async fn moments_are_stored_as_the_go_driver_stores_them() {
    let database = Sqlite::new().await;
    database.open().await.write(&[row("a")].map(Arc::new)).await.unwrap();
    let stored = database.text("SELECT CAST(created_at AS text) FROM records").await;
    assert_eq!(stored, "2026-03-04 05:06:07.000123+00:00");
}

/// D07: for longer than `busy_timeout`.
#[tokio::test]
async fn rows_wait_for_another_writer_however_long_it_takes() {
    let database = Sqlite::new().await;
    let (recorder, writer) = Recorder::start(Box::new(database.open().await), "gateway-1");
    let mut other = database.connection();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let counters = recorder.counters();
    let traffic = async {
        for number in 0..700 {
            recorder.finished(&Arc::new(exchange(&number.to_string())));
        }
        // The first try has waited for all of its five seconds.
        while counters.store_is_up() {
            tokio::task::yield_now().await;
        }
        other.batch_execute("COMMIT").unwrap();
        Duration::from_secs(30)
    };
    let started = Instant::now();
    writer.run(traffic).await;
    assert!(started.elapsed() >= Duration::from_secs(5));
    assert_eq!(counters.written(), 700);
    assert_eq!(DropReason::ALL.map(|reason| counters.dropped(reason)), [0; DropReason::ALL.len()]);
    assert_eq!(database.text("SELECT CAST(count(*) AS text) FROM records").await, "700");
}

const MEBIBYTE: u64 = 1024 * 1024;

/// The bytes of the write-ahead log.
fn log_bytes(database: &Sqlite) -> u64 {
    std::fs::metadata(database.path.with_extension("sqlite-wal")).map_or(0, |log| log.len())
}

/// Writes this many mebibytes; the longest that the log gets.
async fn write_mebibytes(store: &mut SqliteStore, count: u32, database: &Sqlite) -> u64 {
    let body = "x".repeat(128 * 1024);
    let mut longest = 0;
    for batch in 0..count {
        let rows = (0..8).map(|number| Row { body: Some(body.clone()), ..row(&format!("{batch}-{number}")) });
        store.write(&rows.map(Arc::new).collect::<Vec<_>>()).await.unwrap();
        longest = longest.max(log_bytes(database));
    }
    longest
}

/// D07: there is always somebody who reads, each for a moment, so the log never begins anew by itself.
#[tokio::test]
async fn readers_that_take_turns_do_not_make_the_log_grow() {
    const MOMENT: Duration = Duration::from_millis(20);
    const READ: &str = "BEGIN; SELECT count(*) FROM records";
    let database = Sqlite::new().await;
    let mut store = database.open().await;
    let (mut one, mut other, done) = (database.connection(), database.connection(), AtomicBool::new(false));
    one.batch_execute(READ).unwrap();
    let take_turns = || {
        while !done.load(Ordering::Relaxed) {
            let turn = Instant::now();
            while turn.elapsed() < MOMENT {
                std::thread::yield_now();
            }
            other.batch_execute(READ).unwrap();
            one.batch_execute("COMMIT").unwrap();
            std::mem::swap(&mut one, &mut other);
        }
    };
    let longest = std::thread::scope(|scope| {
        scope.spawn(take_turns);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (store, database) = (&mut store, &database);
        let write = move || runtime.block_on(write_mebibytes(store, 100, database));
        let longest = scope.spawn(write).join().unwrap();
        done.store(true, Ordering::Relaxed);
        longest
    });
    assert!(longest < 64 * MEBIBYTE, "{longest}");
}

/// D07: a reader that holds on to what it saw is not cut off, and rows are not refused for it.
#[tokio::test]
async fn a_long_reader_makes_the_log_grow_until_it_is_done() {
    let database = Sqlite::new().await;
    let mut store = database.open().await;
    store.write(&[row("a")].map(Arc::new)).await.unwrap();
    let mut reader = database.connection();
    reader.batch_execute("BEGIN; SELECT count(*) FROM records").unwrap();
    write_mebibytes(&mut store, 80, &database).await;
    assert!(log_bytes(&database) > 64 * MEBIBYTE);
    reader.batch_execute("COMMIT").unwrap();
    for id in ["b", "c"] {
        store.write(&[row(id)].map(Arc::new)).await.unwrap();
    }
    assert!(log_bytes(&database) <= 64 * MEBIBYTE, "{}", log_bytes(&database));
}

/// A file of our own gives room back; its rows do not wait for that.
#[tokio::test]
async fn what_is_deleted_makes_the_file_smaller() {
    let database = Sqlite::new().await;
    let mut store = database.open().await;
    write_mebibytes(&mut store, 20, &database).await;
    let size = || std::fs::metadata(&database.path).unwrap().len();
    let few = Retention { age: None, bytes: Some(2 * MEBIBYTE) };
    while store.tend(&few, SystemTime::now()).await.unwrap() == Tended::More {}
    drop(store);
    database.sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
    assert!(size() < 3 * MEBIBYTE, "{}", size());
}

/// A file of the Go version's has no way to do that; its room is used again.
#[tokio::test]
async fn a_go_file_keeps_its_size_and_uses_it_again() {
    let database = Sqlite::new().await;
    database.sql(Sqlite::GO_TABLE).await;
    let mut store = database.open().await;
    let pages = async || database.text("SELECT CAST(page_count AS text) FROM pragma_page_count").await;
    write_mebibytes(&mut store, 10, &database).await;
    let before = pages().await;
    let none = Retention { age: None, bytes: Some(MEBIBYTE) };
    while store.tend(&none, SystemTime::now()).await.unwrap() == Tended::More {}
    assert_eq!(pages().await, before);
    let rows: Vec<_> =
        (0..100).map(|number| Arc::new(Row { body: Some("y".repeat(50_000)), ..row(&number.to_string()) })).collect();
    store.write(&rows).await.unwrap();
    assert_eq!(pages().await, before);
}
