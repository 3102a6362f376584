//! What the limits are for: servers that go silent and locks that others hold, on a scratch server and with short limits.

use super::*;
use crate::{DropReason, Recorder, postgres_dsn};
use oar_exchange::{Answer, Exchange, Observer, Outcome, Request};
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

#[path = "../../tests/record/server.rs"]
mod server;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);
const GENEROUS: Limits =
    Limits { login: LONG, lock: LONG, statement: LONG, answer: LONG, migration: LONG, start: LONG };

const GO_TABLE: &str = "CREATE TABLE records (id bigserial PRIMARY KEY, hostname text, upstream_endpoint text, \
    upstream_sk text, created_at timestamptz, ip text, body text, model text, response text, response_time bigint, \
    elapsed_time bigint, status bigint, \"authorization\" text, user_agent text, headers text)";

/// The scratch server's URL up to the name of the database.
fn scratch_server() -> String {
    let url = std::env::var("OAR_TEST_POSTGRES");
    let url = url.expect("run `make test`, which starts a scratch PostgreSQL and sets OAR_TEST_POSTGRES");
    url.rsplit_once('/').map(|(server, _)| server.to_owned()).expect("a url")
}

/// Another session than the store's, and the URL of a database that it has for itself.
struct Other {
    url: String,
    session: Session,
}

impl Other {
    async fn with_a_database() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("oar_limits_{now}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self::at(format!("{}/postgres", scratch_server())).await.run(&format!("CREATE DATABASE {name}")).await;
        Self::at(format!("{}/{name}", scratch_server())).await
    }

    async fn at(url: String) -> Self {
        let session = Session::log_in(&postgres_dsn::parse(&url).unwrap(), LONG, LONG).await.unwrap();
        Self { url, session }
    }

    async fn run(&mut self, statements: &str) {
        let Session { client, connection } = &mut self.session;
        ask(connection, LONG, client.batch_execute(statements)).await.unwrap();
    }

    fn store(&self, limits: Limits) -> PostgresStore {
        PostgresStore::within(limits, &self.url.clone().into()).unwrap()
    }
}

/// A way to the server on which nothing passes any more once a certain word was to be sent.
struct Hushed {
    listener: TcpListener,
    word: Arc<Mutex<&'static str>>,
}

impl Hushed {
    async fn at(word: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, word: Arc::new(Mutex::new(word)) }
    }

    fn hush_at(&self, word: &'static str) {
        *self.word.lock().unwrap() = word;
    }

    /// A store that takes this way.
    fn store(&self, database: &Other, limits: Limits) -> PostgresStore {
        let (_, name) = database.url.rsplit_once('/').unwrap();
        let address = self.listener.local_addr().unwrap();
        PostgresStore::within(limits, &format!("postgres://postgres@{address}/{name}").into()).unwrap()
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
        let server: tokio_postgres::Config = format!("{}/postgres", scratch_server()).parse().unwrap();
        loop {
            let (client, _) = self.listener.accept().await?;
            let server = TcpStream::connect(("127.0.0.1", server.get_ports()[0])).await?;
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
        let way = Hushed::at(word).await;
        let store = way.store(&database, limits);
        assert!(is_temporary(way.during(store.started()).await), "{word}");
    }
}

#[tokio::test]
async fn the_start_has_a_limit_of_its_own() {
    let database = Other::with_a_database().await;
    let way = Hushed::at("ALTER TABLE").await;
    let store = way.store(&database, Limits { start: SHORT, ..GENEROUS });
    assert!(is_temporary(way.during(store.started()).await));
}

#[tokio::test]
async fn a_server_that_goes_silent_after_a_reconnect_is_given_up_and_asked_again() {
    let mut database = Other::with_a_database().await;
    let way = Hushed::at("nothing yet").await;
    let store = way.store(&database, GENEROUS);
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
    other.run(GO_TABLE).await;
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
    recorder.finished(&Arc::new(exchange()));
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

fn exchange() -> Exchange {
    Exchange {
        id: "x1".to_owned(),
        request_id: "x1".to_owned(),
        started_at: UNIX_EPOCH,
        request: Request {
            method: http::Method::GET,
            path: "/v1/models".to_owned(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
            bytes: 0,
            model: None,
            stream: false,
        },
        caller: None,
        attempts: Vec::new(),
        answer: Answer::default(),
        outcome: Outcome::Ok,
        error: None,
        usage: None,
        elapsed: Duration::ZERO,
    }
}

/// D04: every process of it stands still, then goes on as if nothing had been.
#[tokio::test]
async fn a_frozen_server_is_given_up_and_used_again_when_it_thaws() {
    let mut server = server::Server::start();
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
    other.run(&format!("{GO_TABLE}; INSERT INTO records (hostname) VALUES ('go')")).await;
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
        .run(&format!("{GO_TABLE}; INSERT INTO records (hostname) VALUES ('go'); SELECT pg_advisory_lock(1868657153)"))
        .await;
    let mut store = other.store(Limits { lock: SHORT, ..GENEROUS });
    store.small = 0;
    let mut store = store.started().await.unwrap();
    assert!(matches!(store.write(&[]).await, Err(StoreError::Unavailable(_))));
    other.run("SELECT pg_advisory_unlock(1868657153)").await;
    store.write(&[]).await.unwrap();
}
