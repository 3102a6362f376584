//! A stop lets what runs finish, takes nothing new, and loses no record.

use crate::service::{Database, Service, chat, config};
use oar_testkit::{Ending, Gate, RawClient, Script, ScriptedUpstream, Step};
use std::io::ErrorKind;
use tokio::net::TcpStream;

#[tokio::test]
async fn every_row_is_written_before_the_service_has_stopped() {
    let database = Database::new();
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let service = Service::start(&config(&database.line(), &[("only", &upstream)])).await;
    for number in 0..20 {
        service.ask(chat(&format!("m-{number}"))).await;
    }
    service.stop().await;
    let models: Vec<_> = database.rows().await.into_iter().filter_map(|row| row.model).collect();
    assert_eq!(models, (0..20).map(|number| format!("m-{number}")).collect::<Vec<_>>());
}

/// L01.
#[tokio::test]
async fn a_stream_that_runs_is_finished_and_nobody_new_is_let_in() {
    let (database, gate) = (Database::new(), Gate::new());
    let steps =
        [Step::event_stream(), Step::event("1"), Step::Until(gate.clone()), Step::event("[DONE]"), Step::chunk("")];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let service = Service::start(&config(&database.line(), &[("only", &upstream)])).await;
    let addr = service.addr;
    let mut client = RawClient::connect(addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    client.read_head().await.unwrap();
    assert_eq!(client.read_chunk().await.unwrap(), "data: 1\n\n");

    let stopping = service.tell_to_stop();
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(TcpStream::connect(addr).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    gate.open();
    assert_eq!(client.read_chunk().await.unwrap(), "data: [DONE]\n\n");
    assert_eq!(client.read_chunk().await.unwrap(), "", "a clean end");
    assert_eq!(client.read_to_close().await.1, Ending::Fin);
    stopping.stopped().await.unwrap();
    let row = database.rows().await.remove(0);
    assert_eq!((row.status, row.outcome.as_deref()), (Some(200), Some("ok")));
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let service = Service::start(&config("dbtype: none", &[("only", &upstream)])).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    assert_eq!(client.read_response().await.unwrap().text(), "good");
    let stopping = service.tell_to_stop();
    assert_eq!(client.read_to_close().await, ("".into(), Ending::Fin));
    stopping.stopped().await.unwrap();
}
