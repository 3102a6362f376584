use super::*;
use diesel::connection::SimpleConnection;

const GO_TABLE: &str = "CREATE TABLE records (id integer PRIMARY KEY AUTOINCREMENT, hostname text, upstream_endpoint text, \
    upstream_sk text, created_at datetime, ip text, body text, model text, response text, response_time integer, \
    elapsed_time integer, status integer, authorization text, user_agent text, headers text); \
    INSERT INTO records (hostname) VALUES ('go')";

fn sql(path: &std::path::Path, statements: &str) {
    use diesel::Connection;
    SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(statements).unwrap();
}

fn row(id: &str) -> Row {
    Row { exchange_id: Some(id.to_owned()), ..Row::default() }
}

/// D11: any file is large for this one.
#[tokio::test]
async fn a_large_table_gets_its_indices_one_by_one_and_the_one_that_rows_need_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.sqlite");
    sql(&path, GO_TABLE);
    let mut store = SqliteStore::open_as(File { path: path.clone(), small: 0 }).await.unwrap();
    assert!(!store.is_ready() && store.missing.len() == schema::INDICES.len());
    store.write(&[]).await.unwrap();
    assert!(store.is_ready() && store.missing.len() == schema::INDICES.len() - 1);
    let nothing_to_delete = Retention::default();
    while store.tend(&nothing_to_delete, SystemTime::UNIX_EPOCH).await.unwrap() == Tended::More {
        store.write(&[row("a"), row("b")]).await.unwrap();
    }
    assert!(store.missing.is_empty());
    let again = SqliteStore::open_as(File { path, small: 0 }).await.unwrap();
    assert!(again.is_ready() && again.missing.is_empty());
    assert_eq!(store.recent(10).await.unwrap().len(), 3);
}

/// D06: SQLite's handle is not trusted again after what its disk said; after any other failure it is.
#[tokio::test]
async fn the_file_is_opened_anew_after_a_failure_that_may_have_harmed_the_handle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.sqlite");
    let mut store = SqliteStore::open(&path).await.unwrap();
    for (said, kept) in
        [("disk I/O error", false), ("database or disk is full", true), ("string or blob too big", true)]
    {
        let fail = format!("CREATE TRIGGER fail BEFORE INSERT ON records BEGIN SELECT RAISE(FAIL, '{said}'); END");
        sql(&path, &fail);
        store.write(&[row("a")]).await.unwrap_err();
        assert_eq!(store.connection.is_some(), kept, "{said}");
        sql(&path, "DROP TRIGGER fail");
        store.write(&[row("b")]).await.unwrap();
    }
}
