//! The plain case with PostgreSQL: the table is made, rows arrive, and a stop loses none.

use crate::program::{Folder, TOKEN, chat, config};
use oar_record::{PostgresStore, Row};
use oar_testkit::ScriptedUpstream;
use std::time::{SystemTime, UNIX_EPOCH};

/// The scratch server, with a password that it does not ask for, to see it stay unsaid.
fn dsn() -> String {
    let url = std::env::var("OAR_TEST_POSTGRES");
    let url = url.expect("run `make test`, which starts a scratch PostgreSQL and sets OAR_TEST_POSTGRES");
    url.replacen("postgres@", "postgres:canary-password@", 1)
}

/// The rows that this machine wrote: other tests may use the same table.
async fn rows_of(hostname: &str) -> Vec<Row> {
    let mut store = PostgresStore::connect(&dsn().into()).await.unwrap();
    let rows = store.recent(1000).await.unwrap();
    rows.into_iter().filter(|row| row.hostname.as_deref() == Some(hostname)).rev().collect()
}

#[tokio::test]
async fn rows_reach_postgres_before_it_ends_and_its_password_reaches_nobody() {
    let refusing = ScriptedUpstream::refusing().unwrap();
    let good = ScriptedUpstream::answering(200, &[("content-type", "text/plain")], "good").await.unwrap();
    let hostname = format!("test-{}", SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos());
    let database = format!("hostname: {hostname}\ndbtype: postgres\ndbaddr: '{}'", dsn());
    let folder = Folder::new(&config(&database, &[("first", &refusing), ("second", &good)]));
    let gateway = folder.serve(&["-dblog"]).await;
    gateway.ask(chat(TOKEN, "m")).await;
    gateway.ask(chat("canary-wrong", "m")).await;
    let left = gateway.end("TERM").await;
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(left.stderr.contains("TRACE"), "everything is logged");

    let rows = rows_of(&hostname).await;
    let [served, refused] = &rows[..] else { panic!("two rows: {rows:?}") };
    assert_eq!((served.status, served.outcome.as_deref()), (Some(200), Some("ok")));
    assert_eq!((served.upstream.as_deref(), served.response.as_deref()), (Some("second"), Some("good")));
    assert!(served.attempts.as_deref().unwrap().contains("connect_refused"));
    assert_eq!((refused.status, refused.outcome.as_deref()), (Some(401), Some("rejected")));
    assert!(!folder.database().exists());
}
