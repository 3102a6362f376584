//! What the limits are for: servers that go silent and locks that others hold, on a scratch server and with short limits.

use super::*;
use crate::exchanges::exchange;
use crate::scratch::{Database, Postgres};
use crate::server::Server as OwnServer;
use crate::{DropReason, Recorder, postgres_dsn};
use oar_exchange::Observer;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);
const GENEROUS: Limits =
    Limits { login: LONG, lock: LONG, statement: LONG, answer: LONG, migration: LONG, start: LONG };

/// Another session than the store's, on a database that the test has for itself.
struct Other {
    database: Postgres,
    session: Session,
}

impl Other {
    async fn with_a_database() -> Self {
        let database = Postgres::new().await;
        let dsn = postgres_dsn::parse(database.url().expose_secret()).unwrap();
        Self { session: Session::log_in(&dsn, LONG, LONG).await.unwrap(), database }
    }

    async fn run(&mut self, statements: &str) {
        let Session { client, connection } = &mut self.session;
        ask(connection, LONG, client.batch_execute(statements)).await.unwrap();
    }

    fn store(&self, limits: Limits) -> PostgresStore {
        PostgresStore::within(limits, &self.database.url()).unwrap()
    }
}

/// A way to a database on which nothing passes any more once a certain word was to be sent.
struct Hushed {
    listener: TcpListener,
    /// The server's.
    port: u16,
    database: String,
    word: Arc<Mutex<&'static str>>,
}

impl Hushed {
    async fn at(word: &'static str, Other { database, .. }: &Other) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server: tokio_postgres::Config = database.url().expose_secret().parse().unwrap();
        let (port, database) = (server.get_ports()[0], database.name.clone());
        Self { listener, port, database, word: Arc::new(Mutex::new(word)) }
    }

    fn hush_at(&self, word: &'static str) {
        *self.word.lock().unwrap() = word;
    }

    /// A store that takes this way.
    fn store(&self, limits: Limits) -> PostgresStore {
        let (address, database) = (self.listener.local_addr().unwrap(), &self.database);
        PostgresStore::within(limits, &format!("postgres://postgres@{address}/{database}").into()).unwrap()
    }

    /// What `work` comes to while this way is open.
    async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            broken = self.pass() => match broken.unwrap() {},
        }
    }

    async fn pass(&self) -> io::Result<Infallible> {
        let mut calls = JoinSet::new();
        loop {
            let (client, _) = self.listener.accept().await?;
            let server = TcpStream::connect(("127.0.0.1", self.port)).await?;
            calls.spawn(pass_one(client, server, Arc::clone(&self.word)));
        }
    }
}

async fn pass_one(mut client: TcpStream, mut server: TcpStream, word: Arc<Mutex<&'static str>>) -> io::Result<()> {
    let (mut asked, mut answered) = client.split();
    let (mut answers, mut asks) = server.split();
    let ask = async {
        let mut piece = vec![0; 64 * 1024];
        loop {
            let length = asked.read(&mut piece).await?;
            let word = *word.lock().unwrap();
            if length == 0 {
                return Ok(());
            }
            if String::from_utf8_lossy(&piece[..length]).contains(word) {
                pending::<()>().await;
            }
            asks.write_all(&piece[..length]).await?;
        }
    };
    tokio::select! {
        ended = ask => ended,
        ended = copy(&mut answers, &mut answered) => ended.map(drop),
    }
}

fn is_temporary(outcome: Result<PostgresStore, OpenError>) -> bool {
    let error = outcome.expect_err("there is no answer");
    matches!(error, OpenError::Unreachable { .. }) && error.is_temporary()
}

/// In the set-up, at the lock, before and during the migrations: the words are of what the store says then.
#[tokio::test]
async fn a_server_that_goes_silent_after_the_login_is_given_up() {
    let limits = Limits { login: SHORT, answer: SHORT, migration: SHORT, ..GENEROUS };
    for word in ["statement_timeout", "pg_advisory_lock", "__diesel_schema_migrations", "ALTER TABLE"] {
        let database = Other::with_a_database().await;
        let way = Hushed::at(word, &database).await;
        let store = way.store(limits);
        assert!(is_temporary(way.during(store.started()).await), "{word}");
    }
}

#[tokio::test]
async fn the_start_has_a_limit_of_its_own() {
    let database = Other::with_a_database().await;
    let way = Hushed::at("ALTER TABLE", &database).await;
    let store = way.store(Limits { start: SHORT, ..GENEROUS });
    assert!(is_temporary(way.during(store.started()).await));
}

#[tokio::test]
async fn a_server_that_goes_silent_after_a_reconnect_is_given_up_and_asked_again() {
    let mut database = Other::with_a_database().await;
    let way = Hushed::at("nothing yet", &database).await;
    let store = way.store(GENEROUS);
    way.during(async {
        let mut store = store.started().await.unwrap();
        store.write(&[Row::default()].map(Arc::new)).await.unwrap();
        database
            .run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                 AND pid <> pg_backend_pid()",
            )
            .await;
        way.hush_at("statement_timeout");
        store.server.limits.login = SHORT;
        let error = store.write(&[Row::default()].map(Arc::new)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        way.hush_at("nothing any more");
        store.server.limits.login = LONG;
        store.write(&[Row::default()].map(Arc::new)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_table_that_another_session_holds_at_the_start_is_waited_for_later() {
    let mut other = Other::with_a_database().await;
    other.run(Postgres::GO_TABLE).await;
    other.run("BEGIN; LOCK TABLE records IN ACCESS SHARE MODE").await;
    let limits = Limits { lock: SHORT, ..GENEROUS };
    assert!(is_temporary(other.store(limits).started().await));

    let mut lazy = other.store(limits);
    assert!(matches!(lazy.write(&[Row::default()].map(Arc::new)).await, Err(StoreError::Unavailable(_))));
    assert!(!lazy.is_ready());
    other.run("ROLLBACK").await;
    lazy.server.limits = GENEROUS;
    lazy.write(&[Row::default()].map(Arc::new)).await.unwrap();
    assert!(lazy.is_ready());
}

#[tokio::test]
async fn another_gateway_that_is_migrating_is_waited_for_later() {
    let mut other = Other::with_a_database().await;
    other.run("SELECT pg_advisory_lock(1868657152)").await;
    let limits = Limits { lock: SHORT, ..GENEROUS };
    assert!(is_temporary(other.store(limits).started().await));
}

#[tokio::test]
async fn a_table_that_cannot_be_brought_up_to_date_is_told_apart() {
    let mut other = Other::with_a_database().await;
    other.run("CREATE VIEW records AS SELECT 1 AS id").await;
    let error = other.store(GENEROUS).started().await.unwrap_err();
    assert!(matches!(error, OpenError::Migrate { .. }), "{error:?}");
}

/// The lock outlasts the first try and not the second.
async fn check_passing_lock(limits: Limits) {
    let mut other = Other::with_a_database().await;
    other.store(GENEROUS).started().await.unwrap();
    let store = other.store(limits).started().await.unwrap();
    let (recorder, writer) = Recorder::start(Box::new(store), "h");
    recorder.finished(&Arc::new(exchange("a")));
    let counters = recorder.counters();
    other.run("BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE").await;
    tokio::join!(writer.run(async { LONG }), other.run("SELECT pg_sleep(0.45); COMMIT"));
    assert_eq!((counters.written(), counters.dropped(DropReason::Invalid)), (1, 0), "{limits:?}");
}

#[tokio::test]
async fn a_row_outlives_a_passing_lock() {
    check_passing_lock(Limits { lock: SHORT, ..GENEROUS }).await;
    check_passing_lock(Limits { statement: SHORT, ..GENEROUS }).await;
}

/// D04: every process of it stands still, then goes on as if nothing had been.
#[tokio::test]
async fn a_frozen_server_is_given_up_and_used_again_when_it_thaws() {
    let mut server = OwnServer::start();
    let limits = Limits { login: SHORT, answer: SHORT, ..GENEROUS };
    let mut store = PostgresStore::within(GENEROUS, &server.url.clone().into()).unwrap().started().await.unwrap();
    let row = Arc::new(Row { exchange_id: Some("a".to_owned()), ..Row::default() });
    store.server.limits = limits;
    server.order("freeze");
    for _ in 0..2 {
        let error = store.write(std::slice::from_ref(&row)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    server.order("thaw");
    store.server.limits = GENEROUS;
    store.write(&[row]).await.unwrap();
    assert_eq!(store.recent(10).await.unwrap().len(), 1);
}

/// D11: any table is large for this one.
#[tokio::test]
async fn a_large_table_gets_its_indices_one_by_one_and_the_one_that_rows_need_first() {
    let mut other = Other::with_a_database().await;
    other.run(&format!("{}; INSERT INTO records (hostname) VALUES ('go')", Postgres::GO_TABLE)).await;
    let mut store = other.store(GENEROUS);
    store.small = 0;
    let mut store = store.started().await.unwrap();
    assert!(!store.is_ready() && store.missing().count() == schema::INDICES.len());
    store.write(&[]).await.unwrap();
    assert!(store.is_ready() && store.missing().count() == schema::INDICES.len() - 1);
    let rows = ["a", "b"].map(|id| Arc::new(Row { exchange_id: Some(id.to_owned()), ..Row::default() }));
    while store.tend(&Retention::default(), UNIX_EPOCH).await.unwrap() == Tended::More {
        store.write(&rows).await.unwrap();
    }
    assert_eq!((store.missing().count(), store.recent(10).await.unwrap().len()), (0, 3));
    let again = other.store(GENEROUS).started().await.unwrap();
    assert!(again.is_ready() && again.missing().count() == 0);
}

/// D04: rows wait for it, and whoever starts meanwhile does not.
#[tokio::test]
async fn an_index_that_another_gateway_makes_holds_up_no_start() {
    let mut other = Other::with_a_database().await;
    other
        .run(&format!(
            "{}; INSERT INTO records (hostname) VALUES ('go'); SELECT pg_advisory_lock(1868657153)",
            Postgres::GO_TABLE
        ))
        .await;
    let mut store = other.store(Limits { lock: SHORT, ..GENEROUS });
    store.small = 0;
    let mut store = store.started().await.unwrap();
    assert!(matches!(store.write(&[]).await, Err(StoreError::Unavailable(_))));
    other.run("SELECT pg_advisory_unlock(1868657153)").await;
    store.write(&[]).await.unwrap();
}
