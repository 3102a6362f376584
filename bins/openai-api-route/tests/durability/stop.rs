use crate::binary;
use oar_bench::database::{Care, Database, Lock, Server};
use oar_bench::gateway::{Gateway, Stopped};
use oar_bench::load::{Load, configuration};
use oar_bench::upstream::Upstreams;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;

const REQUESTS: u64 = 2000;
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A gateway whose database is about to be away.
struct Scene {
    gateway: Gateway,
    upstreams: Upstreams,
    database: Database,
    folder: TempDir,
}

/// What was there when all was over.
struct Left {
    rows: u64,
    /// Without the lines of requests.
    log: String,
}

impl Left {
    /// How many rows the last line about them says were lost.
    fn told_lost(&self) -> u64 {
        let line = self.log.lines().rfind(|line| line.contains("records are lost"));
        let line = line.unwrap_or_else(|| panic!("no word of lost rows:\n{}", self.log));
        let (_, rows) = line.split_once("rows=").expect("it says how many");
        rows.split(' ').next().unwrap().parse().unwrap()
    }
}

impl Scene {
    async fn set(database: impl FnOnce(PathBuf) -> Database) -> Self {
        let (folder, upstreams) = (tempfile::tempdir().unwrap(), Upstreams::start().await.unwrap());
        let database = database(folder.path().join("db.sqlite"));
        let config = configuration(&upstreams, &database.keys());
        let gateway = Gateway::start(binary(), folder.path(), &config).await.unwrap();
        Self { gateway, upstreams, database, folder }
    }

    /// Has so many requests answered that all their rows wait.
    async fn fill(&self) {
        let sent = Load::new(self.gateway.addr(), &self.upstreams, 2000).send_all(0, REQUESTS).await;
        assert_eq!(sent.iter().find_map(|one| one.wrong.as_ref()), None);
        // A story is told a moment after its client has the end.
        let told = timeout(Duration::from_secs(10), async { while self.queued().await < REQUESTS {} });
        told.await.expect("all rows wait for the database");
    }

    async fn queued(&self) -> u64 {
        self.gateway.metrics().await.unwrap().sum("oar_record_queue_items")
    }

    /// Stops it in order, with `meanwhile` at the same moment, and `afterwards` before the rows are counted.
    async fn stop(self, meanwhile: impl Future<Output = ()>, afterwards: impl AsyncFnOnce()) -> Left {
        let Self { gateway, upstreams: _upstreams, database, folder: _folder } = self;
        let (stopped, ()) = tokio::join!(gateway.stop(STOP_PATIENCE), meanwhile);
        let Stopped { status, log } = stopped.unwrap();
        assert!(status.success());
        afterwards().await;
        let rows = database.number("SELECT count(DISTINCT request_id) FROM records").await.unwrap();
        assert_eq!(database.number("SELECT count(*) FROM records").await.unwrap(), rows);
        let log = log.lines().filter(|line| !line.contains(" INFO exchange ")).collect::<Vec<_>>().join("\n");
        Left { rows, log }
    }
}

async fn sqlite() -> (Scene, Lock) {
    let scene = Scene::set(Database::Sqlite).await;
    let Database::Sqlite(file) = &scene.database else { panic!("a file") };
    let lock = Lock::take(file).await.unwrap();
    scene.fill().await;
    (scene, lock)
}

async fn postgres() -> (Scene, Arc<Server>) {
    let server = Server::start(Care::None).await.unwrap();
    let database = server.create("gateway").await.unwrap();
    let scene = Scene::set(|_| database).await;
    server.stop().await.unwrap();
    scene.fill().await;
    (scene, server)
}

/// D09: the file is free again as the gateway is told to stop.
#[tokio::test]
async fn at_sigterm_thousands_of_waiting_rows_are_written_to_sqlite() {
    let (scene, lock) = sqlite().await;
    let left = scene.stop(async { lock.release().await.unwrap() }, async || {}).await;
    assert_eq!(left.rows, REQUESTS, "{}", left.log);
}

/// D09.
#[tokio::test]
async fn at_sigterm_rows_that_sqlite_does_not_take_in_time_are_counted() {
    let (scene, lock) = sqlite().await;
    let left = scene.stop(async {}, async || lock.release().await.unwrap()).await;
    assert_eq!(left.rows + left.told_lost(), REQUESTS);
}

/// D09: the server is back as the gateway is told to stop.
#[tokio::test]
async fn at_sigterm_thousands_of_waiting_rows_are_written_or_counted_with_postgres() {
    let (scene, server) = postgres().await;
    let left = scene.stop(async { server.start_again().await.unwrap() }, async || {}).await;
    // It may have been asked a moment too early for the last time, and then not again before the end.
    let lost = if left.rows == REQUESTS { 0 } else { left.told_lost() };
    assert_eq!(left.rows + lost, REQUESTS, "{}", left.log);
    server.end().await.unwrap();
}

/// D09.
#[tokio::test]
async fn at_sigterm_rows_that_postgres_does_not_take_in_time_are_counted() {
    let (scene, server) = postgres().await;
    let left = scene.stop(async {}, async || server.start_again().await.unwrap()).await;
    assert_eq!(left.rows + left.told_lost(), REQUESTS);
    server.end().await.unwrap();
}
