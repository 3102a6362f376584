//! `record.retention` of the file reaches the database.

use crate::service::{Database, Service, chat, config};
use oar_record::{CreatedAt, Row, SqliteStore, Store};
use oar_testkit::ScriptedUpstream;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

fn row(id: &str, days_ago: u64) -> Row {
    let moment = SystemTime::now() - Duration::from_secs(days_ago * 24 * 60 * 60);
    Row { exchange_id: Some(id.to_owned()), created_at: Some(CreatedAt(moment)), ..Row::default() }
}

#[tokio::test]
async fn rows_go_when_the_file_says_so() {
    let (database, upstream) = (Database::new(), ScriptedUpstream::answering(200, &[], "good").await.unwrap());
    let mut store = SqliteStore::open(&database.path).await.unwrap();
    store.write(&[row("old", 31), row("young", 29)].map(Arc::new)).await.unwrap();
    let retention = format!("{}\nrecord: {{retention: {{days: 30}}}}", database.line());
    let service = Service::start(&config(&retention, &[("only", &upstream)])).await;
    while database.rows().await.len() != 1 {}
    service.ask(chat("m")).await;
    service.stop().await;
    let rows = database.rows().await;
    let ids: Vec<_> = rows.iter().map(|row| row.exchange_id.as_deref().unwrap()).collect();
    assert_eq!((ids.len(), ids[0]), (2, "young"));
}
