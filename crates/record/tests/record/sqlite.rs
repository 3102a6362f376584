use crate::exchanges::row;
use crate::scratch::{Database, Sqlite};
use oar_record::{OpenError, SqliteStore, Store, StoreError};
use std::error::Error;
use std::path::Path;

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
    database.open().await.write(&[row("a")]).await.unwrap();
    assert_eq!(database.text("SELECT journal_mode FROM pragma_journal_mode").await, "wal");
}

#[tokio::test]
async fn moments_are_stored_as_the_go_driver_stores_them() {
    let database = Sqlite::new().await;
    database.open().await.write(&[row("a")]).await.unwrap();
    let stored = database.text("SELECT CAST(created_at AS text) FROM records").await;
    assert_eq!(stored, "2026-03-04 05:06:07.000123+00:00");
}

/// D05: a trigger says what SQLite says when the disk is full, until it is dropped.
#[tokio::test]
async fn a_full_disk_is_the_stores_fault_and_passes() {
    let database = Sqlite::new().await;
    let mut store = database.open().await;
    store.write(&[row("a")]).await.unwrap();
    database
        .sql("CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END")
        .await;
    let error = store.write(&[row("b")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    database.sql("DROP TRIGGER full").await;
    store.write(&[row("b")]).await.unwrap();
    assert_eq!(store.recent(10).await.unwrap().len(), 2);
    assert_eq!(database.text("SELECT integrity_check FROM pragma_integrity_check").await, "ok");
}
