use super::*;
use crate::scratch::{Database, Sqlite};
use std::sync::Arc;

fn row(id: &str) -> Row {
    Row { exchange_id: Some(id.to_owned()), ..Row::default() }
}

/// D11: any file is large for this one.
#[tokio::test]
async fn a_large_table_gets_its_indices_one_by_one_and_the_one_that_rows_need_first() {
    let database = Sqlite::new().await;
    database.sql(Sqlite::GO_TABLE).await;
    database.sql("INSERT INTO records (hostname) VALUES ('go')").await;
    let mut store = SqliteStore::open_as(File { path: database.path.clone(), small: 0 }).await.unwrap();
    assert!(!store.is_ready() && store.missing.len() == schema::INDICES.len());
    store.write(&[]).await.unwrap();
    assert!(store.is_ready() && store.missing.len() == schema::INDICES.len() - 1);
    let nothing_to_delete = Retention::default();
    while store.tend(&nothing_to_delete, SystemTime::UNIX_EPOCH).await.unwrap() == Tended::More {
        store.write(&[row("a"), row("b")].map(Arc::new)).await.unwrap();
    }
    assert!(store.missing.is_empty());
    let again = SqliteStore::open_as(File { path: database.path.clone(), small: 0 }).await.unwrap();
    assert!(again.is_ready() && again.missing.is_empty());
    assert_eq!(store.recent(10).await.unwrap().len(), 3);
}

/// D06: SQLite's handle is not trusted again after what its disk said; after any other failure it is.
#[tokio::test]
async fn the_file_is_opened_anew_after_a_failure_that_may_have_harmed_the_handle() {
    let database = Sqlite::new().await;
    let mut store = database.open().await;
    for (said, kept) in
        [("disk I/O error", false), ("database or disk is full", true), ("string or blob too big", true)]
    {
        let fail = format!("CREATE TRIGGER fail BEFORE INSERT ON records BEGIN SELECT RAISE(FAIL, '{said}'); END");
        database.sql(&fail).await;
        store.write(&[row("a")].map(Arc::new)).await.unwrap_err();
        assert_eq!(store.connection.is_some(), kept, "{said}");
        database.sql("DROP TRIGGER fail").await;
        store.write(&[row("b")].map(Arc::new)).await.unwrap();
    }
}

/// Rows go together as far as they fill a statement, and the rest one by one.
#[tokio::test]
async fn rows_arrive_once_and_in_order_however_many_there_are() {
    for count in [1_usize, 19, 20, 21, 45] {
        let database = Sqlite::new().await;
        let mut store = database.open().await;
        let rows: Vec<_> = (0..count).map(|number| Arc::new(row(&number.to_string()))).collect();
        store.write(&rows).await.unwrap();
        let kept = store.recent(100).await.unwrap().into_iter().rev();
        let kept: Vec<_> = kept.map(|kept| Arc::new(Row { id: None, ..kept })).collect();
        assert_eq!(kept, rows, "{count}");
    }
}

/// One that is known is passed over, one that is refused for another reason takes the batch with it.
#[tokio::test]
async fn a_row_among_others_is_passed_over_only_when_it_is_known() {
    let database = Sqlite::new().await;
    let mut store = database.open().await;
    database.sql("CREATE UNIQUE INDEX other ON records (path)").await;
    let batch = |first: i64| (first..first + 30).map(|number| Arc::new(row(&number.to_string()))).collect::<Vec<_>>();
    store.write(&batch(0)).await.unwrap();
    store.write(&batch(10)).await.unwrap();
    assert_eq!(store.recent(100).await.unwrap().len(), 40);

    let named = |id: &str| Arc::new(Row { path: Some("/v1".to_owned()), ..row(id) });
    store.write(&[named("a")]).await.unwrap();
    let mut batch = batch(40);
    batch.insert(5, named("b"));
    assert!(matches!(store.write(&batch).await, Err(StoreError::Rejected(_))));
    assert_eq!(store.recent(100).await.unwrap().len(), 41);
}

#[tokio::test]
async fn the_statements_for_rows_are_read_once_for_each_connection() {
    use diesel::Connection;
    use diesel::connection::InstrumentationEvent;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    let database = Sqlite::new().await;
    let mut store = database.open().await;
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    store.connection.as_mut().unwrap().set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
            counted.fetch_add(1, Relaxed);
        }
    });
    for batch in 0..3 {
        let rows: Vec<_> = (0..45).map(|number| Arc::new(row(&format!("{batch}-{number}")))).collect();
        store.write(&rows).await.unwrap();
    }
    assert_eq!(read.load(Relaxed), 2);
}
