//! A store of the embedder's own, in place of the configuration's database: the example, and what counts for any.

#[path = "../../examples/custom_store.rs"]
#[allow(dead_code, reason = "the tests run all of it but `main`")]
mod custom_store;

use crate::service::{Database, Service, TOKEN, chat, chat_as, chat_body, config, parse};
use async_trait::async_trait;
use oar_app::App;
use oar_app::record::{Row, Store, StoreError};
use oar_testkit::ScriptedUpstream;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::mpsc;

#[tokio::test]
async fn each_request_is_one_line_of_the_examples_file_and_the_database_stays_shut() {
    let upstream = ScriptedUpstream::answering(200, &[("content-type", "text/plain")], "good").await.unwrap();
    let database = Database::new();
    let path = database.folder.path().join("records.jsonl");
    let file = config(&database.line(), &[("only", &upstream)]);
    let service = Service::run(custom_store::app(parse(&file), path.clone()).unwrap()).await;
    service.ask(chat("m")).await;
    service.ask(chat_as("canary-wrong", "m")).await;
    service.stop().await;

    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let statuses: Vec<_> = rows.iter().map(|row| &row["status"]).collect();
    assert_eq!(statuses, [200, 401]);
    assert_eq!((&rows[0]["body"], &rows[0]["response"]), (&Value::from(chat_body("m")), &Value::from("good")));
    assert_eq!(rows[0]["hostname"], "test-host");
    assert!(!text.contains(TOKEN));
    assert!(!database.path.exists(), "the file that the configuration names");
}

#[test]
fn the_examples_own_configuration_is_good() {
    custom_store::app(parse(custom_store::CONFIG), "records.jsonl".into()).unwrap();
}

/// Hands each row to the test.
struct Shelf(mpsc::Sender<Arc<Row>>);

#[async_trait]
impl Store for Shelf {
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
        for row in rows {
            self.0.try_send(Arc::clone(row)).expect("a place");
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_is_kept_is_for_the_file_to_say_also_after_a_reload_and_without_a_database() {
    let upstream = ScriptedUpstream::answering(200, &[("content-type", "text/plain")], "good").await.unwrap();
    let file = |lines| config(&format!("dbtype: none\n{lines}"), &[("only", &upstream)]);
    let (stored, mut rows) = mpsc::channel(8);
    let app = App::builder(parse(&file("record: {request: no}"))).store(Box::new(Shelf(stored))).build().unwrap();
    let service = Service::run(app).await;
    service.ask(chat("m")).await;
    let row = rows.recv().await.expect("a row");
    assert_eq!((row.body.as_deref(), row.response.as_deref()), (None, Some("good")));

    service.reload(&file("record: {response: no}")).await;
    service.ask(chat("m")).await;
    let row = rows.recv().await.expect("a row");
    assert_eq!((row.body.as_deref(), row.response.as_deref()), (Some(chat_body("m").as_str()), None));
    service.stop().await;
}
