//! D02 to D04 with a real PostgreSQL: stopped as by a power cut, not there yet, full of clients, killing sessions.

use crate::exchanges::{exchange, row};
use crate::scratch::{Database, Postgres};
use crate::server::Server;
use oar_exchange::Observer;
use oar_record::{Counters, DropReason, PostgresStore, Recorder, Store, StoreError};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

fn record(recorder: &Recorder, ids: std::ops::Range<usize>) {
    for id in ids {
        recorder.finished(&Arc::new(exchange(&id.to_string())));
    }
}

/// Waits for something that happens on another thread or in another process.
async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What there is of rows, and of different ones.
async fn counts(dsn: &SecretString) -> (i64, i64) {
    let (client, connection) = tokio_postgres::connect(dsn.expose_secret(), NoTls).await.unwrap();
    let query = "SELECT count(*), count(DISTINCT exchange_id) FROM records";
    let (_, counts) = tokio::join!(connection, async move {
        let row = client.query_one(query, &[]).await.unwrap();
        (row.get(0), row.get(1))
    });
    counts
}

fn assert_none_dropped(counters: &Counters) {
    assert_eq!(DropReason::ALL.map(|reason| counters.dropped(reason)), [0; DropReason::ALL.len()]);
}

/// D03, D04.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_and_starts_again_has_every_row_once() {
    let mut server = Server::start();
    let dsn: SecretString = server.url.clone().into();
    let (recorder, writer) = Recorder::start(Box::new(PostgresStore::connect(&dsn).await.unwrap()), "gateway-1");
    let counters = recorder.counters();
    let mut tasks = JoinSet::new();
    tasks.spawn(writer.run(std::future::pending()));

    record(&recorder, 0..1_000);
    until(|| counters.written() > 0).await;
    server.order("stop");
    record(&recorder, 1_000..2_000);
    until(|| !counters.store_is_up()).await;
    server.order("start");
    record(&recorder, 2_000..3_000);
    until(|| counters.written() == 3_000).await;
    assert_none_dropped(&counters);
    assert_eq!(counts(&dsn).await, (3_000, 3_000));
}

/// D02: nobody has to send a request for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_later_is_found_without_a_row_to_write() {
    let mut server = Server::start();
    server.order("stop");
    let dsn: SecretString = server.url.clone().into();
    assert!(PostgresStore::connect(&dsn).await.unwrap_err().is_temporary());
    let store = PostgresStore::lazy(&dsn).unwrap();
    let (recorder, writer) = Recorder::start(Box::new(store), "gateway-1");
    let counters = recorder.counters();
    let mut tasks = JoinSet::new();
    tasks.spawn(writer.run(std::future::pending()));
    assert!(!counters.store_is_up());
    server.order("start");
    until(|| counters.store_is_up()).await;
    assert_eq!(counts(&dsn).await, (0, 0));
}

/// D02, `db_required`: compose starts everything at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_to_be_there_may_take_a_moment() {
    let mut server = Server::start();
    server.order("stop");
    let dsn: SecretString = server.url.clone().into();
    let soon = tokio::task::spawn_blocking(move || {
        server.order("start");
        server
    });
    PostgresStore::connect_within(Duration::from_secs(60), &dsn).await.unwrap();
    drop(soon.await.unwrap());
}

/// A session of the superuser's, kept open.
async fn session(url: &str, tasks: &mut JoinSet<()>) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tasks.spawn(async { connection.await.unwrap_or_default() });
    Ok(client)
}

/// D04.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_too_many_clients_is_asked_again() {
    const PLACES: usize = 6;
    let mut server = Server::start();
    let (dsn, mut tasks): (SecretString, _) = (server.url.clone().into(), JoinSet::new());
    let admin = session(&server.url, &mut tasks).await.unwrap();
    admin.batch_execute(&format!("ALTER SYSTEM SET max_connections = {PLACES}")).await.unwrap();
    admin.batch_execute("ALTER SYSTEM SET superuser_reserved_connections = 0").await.unwrap();
    server.order("stop");
    server.order("start");
    let mut store = PostgresStore::connect(&dsn).await.unwrap();
    store.write(&[row("a")].map(Arc::new)).await.unwrap();

    let mut crowd = Vec::new();
    while let Ok(client) = session(&server.url, &mut tasks).await {
        crowd.push(client);
    }
    let told = PostgresStore::connect(&dsn).await.unwrap_err();
    assert!(told.is_temporary(), "{told:?}");
    let one = crowd.first().unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '' \
                  AND pid <> pg_backend_pid() AND query LIKE 'INSERT%'";
    one.query(others, &[]).await.unwrap();
    // The place, which is free a moment later, is taken before the store notices that it has lost it.
    while crowd.len() < PLACES {
        crowd.extend(session(&server.url, &mut tasks).await);
    }
    let error = store.write(&[row("b")].map(Arc::new)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    drop(crowd);
    while store.write(&[row("b")].map(Arc::new)).await.is_err() {}
    assert_eq!(counts(&dsn).await, (2, 2));
}

/// D04.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_killed_in_the_middle_of_a_batch_costs_nothing() {
    let database = Postgres::new().await;
    let mut store = database.open().await;
    store.write(&[row("a")].map(Arc::new)).await.unwrap();
    let mut tasks = JoinSet::new();
    let other = session(database.url().expose_secret(), &mut tasks).await.unwrap();
    other.batch_execute("BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let batch: Vec<_> = (0..500).map(|number| Arc::new(row(&number.to_string()))).collect();
    let kill = async {
        let waiting = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while other.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (written, ()) = tokio::join!(store.write(&batch), kill);
    written.unwrap();
    assert_eq!(counts(&database.url()).await, (501, 501));
    assert_eq!(store.recent(1).await.unwrap().len(), 1);
}
