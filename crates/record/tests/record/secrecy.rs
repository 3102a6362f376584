use crate::exchanges::{exchange, row};
use crate::scratch::{Database, Sqlite};
use oar_record::{PostgresStore, Recorder, Store};
use oar_testkit::ScriptedUpstream;
use oar_testkit::canary::assert_none;
use std::sync::Arc;

/// A09: rows hold prompts, and whatever the operator asked for; they are for the database alone.
#[tokio::test]
async fn nothing_prints_a_password_or_what_a_row_holds() {
    let mut told = exchange("x1");
    told.caller = Some("canary-plain-token".to_owned());
    told.attempts[1].key = Some("canary-plain-key".into());
    let row = oar_record::Row::from_exchange(&told, "gateway-1");
    assert_none("a row's `Debug`", format!("{row:?}{row:#?}"));

    let store = Sqlite::new().await.open().await;
    assert_none("a store's `Debug`", format!("{store:?}"));
    let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
    oar_exchange::Observer::finished(&recorder, &told.into());
    assert_none("the queue's `Debug`", format!("{recorder:?}{writer:?}{:?}", recorder.counters()));
}

/// A09: it is not there, so every word of what is told is about the DSN.
#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_the_password_or_the_rows() {
    let nobody = ScriptedUpstream::refusing().unwrap();
    let login = "postgres://canary-user:canary-password";
    let dsn = format!("{login}@{}/records?sslmode=disable&application_name=canary", nobody.addr());
    let mut store = PostgresStore::lazy(&dsn.clone().into()).unwrap();
    let error = store.write(&[row("x1")].map(Arc::new)).await.unwrap_err();
    assert_none("a store's error", format!("{error} {error:?} {store:?}"));
    let error = PostgresStore::connect(&dsn.clone().into()).await.unwrap_err();
    assert_none("a store's error", format!("{error} {error:?}"));
}
