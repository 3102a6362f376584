//! A stop lets what runs finish, for as long as it may take; it takes nothing new, and loses no record.

use crate::service::{Database, Service, begin_stream, chat, config, end_stream, paused};
use oar_testkit::{Ending, Gate, RawClient, Script, ScriptedUpstream, Step};
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

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
    let upstream = paused(&gate).await;
    let service = Service::start(&config(&database.line(), &[("only", &upstream)])).await;
    let addr = service.addr;
    let mut client = begin_stream(&service).await;

    let stopping = service.tell_to_stop();
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(TcpStream::connect(addr).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    gate.open();
    end_stream(&mut client).await;
    assert_eq!(client.read_to_close().await.1, Ending::Fin);
    stopping.stopped().await.unwrap();
    let row = database.rows().await.remove(0);
    assert_eq!((row.status, row.outcome.as_deref()), (Some(200), Some("ok")));
}

/// Connections of one kind.
async fn clients(service: &Service, count: usize, bytes: &[u8]) -> Vec<RawClient> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = RawClient::connect(service.addr).await.unwrap();
        client.send(bytes).await.unwrap();
        clients.push(client);
    }
    clients
}

/// L01.
#[tokio::test(start_paused = true)]
async fn what_is_idle_ends_at_once_and_what_runs_has_its_time() {
    let gate = Gate::new();
    let (streaming, good) = (paused(&gate).await, ScriptedUpstream::answering(200, &[], "good").await.unwrap());
    let text = config("dbtype: none", &[("stream", &streaming), ("good", &good)])
        .replace("name: stream,", "name: stream, allow: [stream],")
        .replace("name: good,", "name: good, allow: [good],");
    let service = Service::start(&text).await;
    let mut streams = clients(&service, 50, &chat("stream")).await;
    for client in &mut streams {
        client.read_head().await.unwrap();
        assert_eq!(client.read_chunk().await.unwrap(), "data: 1\n\n");
    }
    let mut idle = clients(&service, 20, &chat("good")).await;
    for client in &mut idle {
        assert_eq!(client.read_response().await.unwrap().text(), "good");
    }
    idle.extend(clients(&service, 5, b"").await);
    idle.extend(clients(&service, 5, b"PRI * HT").await);
    // Each of the last has been accepted when a later one is served.
    service.ask(chat("good")).await;

    let (addr, since) = (service.addr, Instant::now());
    let stopping = service.tell_to_stop();
    for client in &mut idle {
        assert_eq!(client.read_to_close().await.1, Ending::Fin);
    }
    assert!(TcpStream::connect(addr).await.is_err());
    assert!(since.elapsed() < Duration::from_millis(100));
    tokio::time::sleep(Duration::from_secs(20)).await;
    gate.open();
    for client in &mut streams {
        end_stream(client).await;
    }
    stopping.stopped().await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(21));
}

/// L01.
#[tokio::test]
async fn what_runs_when_the_time_is_over_is_cut_and_told_as_drained() {
    let database = Database::new();
    let stream = Script::after_request([Step::event_stream(), Step::event("1"), Step::Hang]);
    let (streaming, hanging) =
        (ScriptedUpstream::start(stream).await.unwrap(), ScriptedUpstream::hanging().await.unwrap());
    let text = config(&database.line(), &[("stream", &streaming), ("hang", &hanging)])
        .replace("name: stream,", "name: stream, allow: [stream],")
        .replace("name: hang,", "name: hang, allow: [hang], timeout: 300,");
    let service = Service::start(&text).await;
    let mut stream = clients(&service, 1, &chat("stream")).await.remove(0);
    stream.read_head().await.unwrap();
    stream.read_chunk().await.unwrap();
    let mut waiting = clients(&service, 1, &chat("hang")).await.remove(0);
    hanging.until_read(1).await;

    // From here on nothing happens on any socket until the time is over.
    tokio::time::pause();
    let since = Instant::now();
    let stopping = service.tell_to_stop();
    stopping.stopped().await.unwrap();
    let elapsed = since.elapsed();
    assert!((30..=32).contains(&elapsed.as_secs()), "{elapsed:?}");
    tokio::time::resume();
    let told = stream.read_chunk().await.unwrap();
    assert!(told.starts_with(br#"data: {"error":"#), "{told:?}");
    assert_eq!(stream.read_chunk().await, None, "no proper end");
    assert_eq!(waiting.read_response().await, None);
    for row in database.rows().await {
        assert_eq!(row.outcome.as_deref(), Some("drained"), "{row:?}");
    }
    assert_eq!(database.rows().await.len(), 2);
}
