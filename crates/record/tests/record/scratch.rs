//! A database of its own for each test.

use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types};
use oar_record::{PostgresStore, Row, SqliteStore, Store, StoreError};
use oar_testkit::canary::Watch;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A database that a contract test may fill; gone, or out of the way, when the test is over.
pub(crate) trait Database {
    type Store: Kept;
    /// The table as the Go version's ORM makes it here.
    const GO_TABLE: &'static str;
    /// As many rows `n(i)` as one wants: `FROM` this, with `{}` for how many.
    const NUMBERS: &'static str;
    /// How the Go version's driver writes the moment `{}` seconds after 1970, in China.
    const GO_MOMENT: &'static str;
    /// What the column of moments takes, and is none, or none that anybody has lived.
    const NO_MOMENT: &'static str;

    async fn new() -> Self;
    async fn open(&self) -> Self::Store;
    /// Runs statements past the store.
    async fn sql(&self, statements: &str);
    /// The text that a query with one row and one text column gives.
    async fn text(&self, query: &str) -> String;
    /// How a query would be answered, if need be by an index that such a small table is not worth.
    async fn plan(&self, query: &str) -> String;
}

/// A store that can be read.
pub(crate) trait Kept: Store {
    async fn recent(&mut self, limit: u32) -> Result<Vec<Row>, StoreError>;
}

impl Kept for SqliteStore {
    async fn recent(&mut self, limit: u32) -> Result<Vec<Row>, StoreError> {
        Self::recent(self, limit).await
    }
}

impl Kept for PostgresStore {
    async fn recent(&mut self, limit: u32) -> Result<Vec<Row>, StoreError> {
        Self::recent(self, limit).await
    }
}

/// A file in a directory of its own.
pub(crate) struct Sqlite {
    pub(crate) path: PathBuf,
    _directory: TempDir,
    /// Fails the test when a secret got out.
    _watch: Watch,
}

impl Sqlite {
    /// A file that is somewhere else.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, _directory: tempfile::tempdir().unwrap(), _watch: Watch::start() }
    }

    pub(crate) fn connection(&self) -> SqliteConnection {
        let mut connection = SqliteConnection::establish(self.path.to_str().unwrap()).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
        connection
    }
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = sql_types::Text)]
    text: String,
}

impl Database for Sqlite {
    type Store = SqliteStore;
    const GO_TABLE: &'static str = "CREATE TABLE `records` (`id` integer PRIMARY KEY AUTOINCREMENT,`hostname` text,\
        `upstream_endpoint` text,`upstream_sk` text,`created_at` datetime,`ip` text,`body` text,`model` text,\
        `response` text,`response_time` integer,`elapsed_time` integer,`status` integer,`authorization` text,\
        `user_agent` text,`headers` text)";
    const NUMBERS: &'static str =
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n) AS n";
    const GO_MOMENT: &'static str = "datetime({}, 'unixepoch', '+8 hours') || '.123456789+08:00'";
    const NO_MOMENT: &'static str = "'yesterday'";

    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { path: directory.path().join("db.sqlite"), _directory: directory, _watch: Watch::start() }
    }

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path).await.unwrap()
    }

    async fn sql(&self, statements: &str) {
        self.connection().batch_execute(statements).unwrap();
    }

    async fn text(&self, query: &str) -> String {
        let query = diesel::sql_query(format!("SELECT ({query}) AS text"));
        query.get_result::<Text>(&mut self.connection()).unwrap().text
    }

    async fn plan(&self, query: &str) -> String {
        #[derive(QueryableByName)]
        struct Step {
            #[diesel(sql_type = sql_types::Text)]
            detail: String,
        }
        let steps = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load::<Step>(&mut self.connection());
        steps.unwrap().into_iter().map(|step| step.detail + "\n").collect()
    }
}

/// A database on the server that `OAR_TEST_POSTGRES` names.
pub(crate) struct Postgres {
    server: String,
    pub(crate) name: String,
    /// Fails the test when a secret got out.
    _watch: Watch,
}

impl Postgres {
    /// The database's URL.
    pub(crate) fn url(&self) -> SecretString {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name).into()
    }

    /// The database as `key=value` pairs.
    pub(crate) fn pairs(&self) -> SecretString {
        let config: tokio_postgres::Config = self.server.parse().unwrap();
        let [tokio_postgres::config::Host::Tcp(host)] = config.get_hosts() else { panic!("one TCP host") };
        let (port, user) = (config.get_ports()[0], config.get_user().unwrap());
        format!(
            "host={host} port={port} user={user} dbname={} sslmode=disable password=canary-password TimeZone=Asia/Shanghai",
            self.name
        )
        .into()
    }

    /// Does `work` with a connection to `url`.
    async fn with<T>(url: &str, work: impl AsyncFnOnce(tokio_postgres::Client) -> T) -> T {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let (_, done) = tokio::join!(connection, work(client));
        done
    }
}

impl Database for Postgres {
    type Store = PostgresStore;
    const GO_TABLE: &'static str = "CREATE TABLE \"records\" (\"id\" bigserial,\"hostname\" text,\
        \"upstream_endpoint\" text,\"upstream_sk\" text,\"created_at\" timestamptz,\"ip\" text,\"body\" text,\
        \"model\" text,\"response\" text,\"response_time\" bigint,\"elapsed_time\" bigint,\"status\" bigint,\
        \"authorization\" text,\"user_agent\" text,\"headers\" text,PRIMARY KEY (\"id\"))";
    const NUMBERS: &'static str = "generate_series(1, {}) AS n(i)";
    const GO_MOMENT: &'static str = "to_timestamp({})";
    const NO_MOMENT: &'static str = "'-infinity'";

    async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var("OAR_TEST_POSTGRES");
        let server = server.expect("run `make test`, which starts a scratch PostgreSQL and sets OAR_TEST_POSTGRES");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("oar_{now}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = Self { server, name, _watch: Watch::start() };
        let create = format!("CREATE DATABASE {}", database.name);
        Self::with(&database.server, async |client| client.batch_execute(&create).await.unwrap()).await;
        database
    }

    async fn open(&self) -> PostgresStore {
        PostgresStore::connect(&self.url()).await.unwrap()
    }

    async fn sql(&self, statements: &str) {
        Self::with(self.url().expose_secret(), async |client| client.batch_execute(statements).await.unwrap()).await;
    }

    async fn text(&self, query: &str) -> String {
        Self::with(self.url().expose_secret(), async |client| client.query_one(query, &[]).await.unwrap().get(0)).await
    }

    async fn plan(&self, query: &str) -> String {
        Self::with(self.url().expose_secret(), async |client| {
            client.batch_execute("SET enable_seqscan = off").await.unwrap();
            let lines = client.query(&format!("EXPLAIN {query}"), &[]).await.unwrap();
            lines.iter().map(|line| line.get::<_, String>(0) + "\n").collect()
        })
        .await
    }
}
