//! A running service, and the configuration it is made of.

use bytes::Bytes;
use futures_util::stream;
use oar_app::{App, Config, Draft, Operator, Problems, RunError};
use oar_record::{Row, SqliteStore};
use oar_testkit::canary::Watch;
use oar_testkit::{Gate, RawClient, RawResponse, Script, ScriptedUpstream, Step, request_bytes};
use std::net::SocketAddr;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub(crate) const TOKEN: &str = "canary-client-token";

pub(crate) struct Service {
    pub(crate) addr: SocketAddr,
    stop: oneshot::Sender<()>,
    drafts: mpsc::Sender<Result<Draft, Problems>>,
    running: JoinSet<Result<(), RunError>>,
    /// Fails the test when a secret got out.
    watch: Watch,
}

impl Service {
    pub(crate) async fn start(config: &str) -> Self {
        Self::run(App::builder(parse(config)).build().unwrap()).await
    }

    /// Stands before this upstream, and keeps no records.
    pub(crate) async fn before(upstream: &ScriptedUpstream) -> Self {
        Self::start(&config("dbtype: none", &[("only", upstream)])).await
    }

    pub(crate) async fn run(app: App) -> Self {
        let watch = Watch::start();
        let listener = app.bind().await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let mut running = JoinSet::new();
        let (drafts, reload) = mpsc::channel(1);
        let reload = stream::unfold(reload, async |mut drafts| drafts.recv().await.map(|draft| (draft, drafts)));
        let stop_at = async { stopped.await.unwrap_or(()) };
        running.spawn(app.run_under(listener, Operator { stop: stop_at, hurry: std::future::pending(), reload }));
        Self { addr, stop, drafts, running, watch }
    }

    /// Hands it another file, and waits until that has been taken or refused.
    pub(crate) async fn reload(&self, config: &str) {
        let before = self.reloads().await;
        self.drafts.send(Draft::parse(config, "config.yaml", &|_| None)).await.unwrap();
        while self.reloads().await == before {}
    }

    /// How many files were taken, and how many refused.
    pub(crate) async fn reloads(&self) -> (f64, f64) {
        let count = async |result| self.metric(&format!("oar_config_reloads_total{{result=\"{result}\"}}")).await;
        (count("applied").await, count("rejected").await)
    }

    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> RawResponse {
        RawClient::exchange(self.addr, request).await.expect("an answer")
    }

    /// The value of one line of the metrics page; the name with its labels as they stand there.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let page = self.ask(get("/metrics")).await.text();
        let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series} in\n{page}")).parse().unwrap()
    }

    /// Says that it is time to stop, and leaves the waiting to [`stopped`](Stopping::stopped).
    pub(crate) fn tell_to_stop(self) -> Stopping {
        self.stop.send(()).unwrap();
        Stopping { running: self.running, _watch: self.watch }
    }

    /// Stops in an orderly way.
    pub(crate) async fn stop(self) {
        self.tell_to_stop().stopped().await.unwrap();
    }
}

pub(crate) struct Stopping {
    running: JoinSet<Result<(), RunError>>,
    _watch: Watch,
}

impl Stopping {
    pub(crate) async fn stopped(mut self) -> Result<(), RunError> {
        self.running.join_next().await.unwrap().unwrap()
    }
}

pub(crate) fn parse(config: &str) -> Config {
    Config::parse(config, "config.yaml", &|_| None).unwrap()
}

/// The file of a service with these upstreams, named as given, in this order.
pub(crate) fn config(database: &str, upstreams: &[(&str, &ScriptedUpstream)]) -> String {
    let head = format!("address: 127.0.0.1:0\nhostname: test-host\nauthorization: {TOKEN}\n{database}\nupstreams:\n");
    let entry = |(name, upstream): &(&str, &ScriptedUpstream)| {
        format!("  - {{name: {name}, sk: canary-key-of-{name}, endpoint: '{}'}}\n", upstream.endpoint())
    };
    head + &upstreams.iter().map(entry).collect::<String>()
}

/// A SQLite file in a folder of its own.
pub(crate) struct Database {
    pub(crate) path: PathBuf,
    pub(crate) folder: TempDir,
}

impl Database {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("db.sqlite"), folder }
    }

    /// The line of a configuration that names it.
    pub(crate) fn line(&self) -> String {
        format!("dbaddr: '{}'", self.path.display())
    }

    /// All rows, the oldest first.
    pub(crate) async fn rows(&self) -> Vec<Row> {
        let mut rows = SqliteStore::open(&self.path).await.unwrap().recent(1000).await.unwrap();
        rows.reverse();
        rows
    }
}

pub(crate) fn get(path: &str) -> Bytes {
    request_bytes("GET", path, &[], b"")
}

pub(crate) fn chat(model: &str) -> Bytes {
    chat_as(TOKEN, model)
}

/// What a chat with this model says, with a prompt that only the upstream and the records may read.
pub(crate) fn chat_body(model: &str) -> String {
    format!(r#"{{"model": "{model}", "user": "canary-prompt"}}"#)
}

pub(crate) fn chat_as(token: &str, model: &str) -> Bytes {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    request_bytes("POST", "/v1/chat/completions", &headers, chat_body(model).as_bytes())
}

/// An upstream whose streams have one event, and wait for the gate before they end.
pub(crate) async fn paused(gate: &Gate) -> ScriptedUpstream {
    let steps =
        [Step::event_stream(), Step::event("1"), Step::Until(gate.clone()), Step::event("[DONE]"), Step::chunk("")];
    ScriptedUpstream::start(Script::after_request(steps)).await.unwrap()
}

/// A client that has the first event of such a stream.
pub(crate) async fn begin_stream(service: &Service) -> RawClient {
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    client.read_head().await.unwrap();
    assert_eq!(client.read_chunk().await.unwrap(), "data: 1\n\n");
    client
}

/// Its stream ends as it should.
pub(crate) async fn end_stream(client: &mut RawClient) {
    assert_eq!(client.read_chunk().await.unwrap(), "data: [DONE]\n\n");
    assert_eq!(client.read_chunk().await.unwrap(), "", "a clean end");
}
