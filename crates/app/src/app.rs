//! A service that has been built: what it tells of itself, and how it is run.

use crate::assembly::Assembly;
use crate::backends::Backends;
use crate::builder::Builder;
use crate::listen;
use crate::observers::Own;
use crate::run::{Operator, RunError};
use crate::serve::Shutdown;
use crate::upstreams::UpstreamSummary;
use futures_util::stream::{self, Stream};
use oar_config::{Config, Draft, Problem, Problems};
use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::pin::pin;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

/// A service that is ready to run: every upstream made, nothing opened. The crate's first page has a whole program.
///
/// ```
/// use oar_app::{App, Config};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let file = "authorization: team-token\nupstreams: [{sk: key, endpoint: 'https://api.openai.com/v1'}]";
/// let app: App = App::builder(Config::parse(file, "config.yaml", &|_| None)?).build()?;
/// assert_eq!(app.upstreams()[0].endpoint, "https://api.openai.com/v1");
/// # Ok(())
/// # }
/// ```
pub struct App {
    pub(crate) assembly: Assembly,
    /// Make the upstreams of the configurations that are still to come.
    pub(crate) backends: Backends,
    pub(crate) own: Own,
    /// Owns what runs beside the requests: the writer, the alerts, what upstreams leave behind.
    pub(crate) tasks: TaskTracker,
    /// How many threads serve clients; without, the caller's do.
    pub(crate) threads: Option<NonZeroUsize>,
}

impl App {
    /// Starts with a configuration that is good.
    ///
    /// ```
    /// # let file = "authorization: t\ndbtype: none\nupstreams: [{sk: key}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None).expect("a good file");
    /// assert!(oar_app::App::builder(config).build().is_ok());
    /// ```
    pub fn builder(config: Config) -> Builder {
        Self::draft(Draft { config, problems: Vec::new() })
    }

    /// Starts with a configuration that may have problems, so that [`Builder::build`] tells them together with those
    /// that the backends find.
    ///
    /// ```
    /// use oar_app::{App, Draft};
    ///
    /// let file = "authorization: t\ntimeout: soon\nupstreams: [{sk: key, endpoint: nowhere}]";
    /// let draft = Draft::parse(file, "config.yaml", &|_| None).expect("it is YAML");
    /// let problems = App::draft(draft).build().expect_err("two problems").to_string();
    /// assert!(problems.contains("timeout (line 2)") && problems.contains("upstreams[0].endpoint (line 3)"));
    /// ```
    pub fn draft(draft: Draft) -> Builder {
        Builder::new(draft)
    }

    /// The upstreams in the order of the file, for listings.
    ///
    /// ```
    /// # let file = "authorization: t\ndbtype: none\nupstreams: [{name: main, sk: key}, {name: spare, sk: key}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None).expect("a good file");
    /// # let app = oar_app::App::builder(config).build().expect("good upstreams");
    /// let names: Vec<&str> = app.upstreams().iter().map(|upstream| upstream.name.as_str()).collect();
    /// assert_eq!(names, ["main", "spare"]);
    /// ```
    pub fn upstreams(&self) -> &[UpstreamSummary] {
        &self.assembly.upstreams
    }

    /// What is allowed but may not be meant, for a person to read at start: nobody has read it yet.
    ///
    /// ```
    /// let file = "authorization: t\ndbtype: none\nupstreams: [{sk: '', endpoint: 'https://api.openai.com/v1'}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None).expect("a good file");
    /// let app = oar_app::App::builder(config).build().expect("good upstreams");
    /// assert!(app.warnings().iter().any(|warning| warning.to_string().contains("sk is empty")));
    /// ```
    pub fn warnings(&self) -> &[Problem] {
        &self.assembly.warnings
    }

    /// Serves each client on one of so many threads, each with a runtime of its own, in place of the runtime that
    /// [`run`](Self::run) is called on: a request stays on its client's thread with all it needs, which costs less than
    /// handing it from thread to thread. As many as there are cores is a good number. They end with `run`.
    ///
    /// Upstreams and observers of your own are called on these threads; one that blocks its thread holds up a share of the
    /// clients.
    ///
    /// ```
    /// # let file = "authorization: t\ndbtype: none\nupstreams: [{sk: key}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None).expect("a good file");
    /// # let app = oar_app::App::builder(config).build().expect("good upstreams");
    /// let app = app.threads(std::thread::available_parallelism().expect("a number"));
    /// # drop(app);
    /// ```
    #[must_use]
    pub fn threads(mut self, count: NonZeroUsize) -> Self {
        self.threads = Some(count);
        self
    }

    /// Binds the configured address.
    ///
    /// # Errors
    ///
    /// When no address of it can be bound: in use, not permitted, not of this machine. The message names the address.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let address = taken.local_addr()?;
    /// let file = format!("address: {address}\nauthorization: t\ndbtype: none\nupstreams: [{{sk: key}}]");
    /// # let config = oar_app::Config::parse(&file, "config.yaml", &|_| None)?;
    /// let app = oar_app::App::builder(config).build()?;
    /// let error = app.bind().await.expect_err("somebody else is there");
    /// assert!(error.to_string().starts_with(&format!("cannot listen on {address}: ")));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bind(&self) -> io::Result<TcpListener> {
        listen::bind(&self.assembly.config.address).await
    }

    /// Opens the database, serves on `listener` until `stop` resolves, takes no more connections, lets running requests
    /// finish for at most `drain_timeout`, cuts the rest, and flushes records and alerts for at most 5 s.
    ///
    /// The limit of open files is raised to what the system allows, and a third of it may be connections of clients; more
    /// wait until there is a place.
    ///
    /// # Errors
    ///
    /// A [`RunError`] when the database cannot be used or an alert channel cannot be set up. Nothing was served then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops at once: running requests are cut and queued records are lost.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = "address: 127.0.0.1:0\nauthorization: t\ndbtype: none\nupstreams: [{sk: key}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None)?;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// let app = oar_app::App::builder(config).build()?;
    /// let listener = app.bind().await?;
    /// let address = listener.local_addr()?;
    /// let ask = async {
    ///     let mut client = tokio::net::TcpStream::connect(address).await?;
    ///     client.write_all(b"GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await?;
    ///     let mut answer = String::new();
    ///     client.read_to_string(&mut answer).await.map(|_| answer)
    /// };
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let serve = app.run(listener, async { stopped.await.unwrap_or_default() });
    /// let ask_and_stop = async { ask.await.inspect(|_| drop(stop)) };
    /// let (served, answer) = tokio::join!(serve, ask_and_stop);
    /// assert!(served.is_ok() && answer?.ends_with("ready\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let shutdown = Shutdown { stop: pin!(stop), hurry: pin!(std::future::pending()) };
        self.serve(listener, shutdown, stream::pending()).await
    }

    /// [`run`](Self::run)s, and obeys an operator meanwhile.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), also in its cancel safety.
    ///
    /// ```
    /// use oar_app::{App, Config, Draft, Operator};
    /// use futures_util::stream;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = "address: 127.0.0.1:0\nauthorization: t\ndbtype: none\nupstreams: [{sk: key}]";
    /// let app = App::builder(Config::parse(file, "config.yaml", &|_| None)?).build()?;
    /// let listener = app.bind().await?;
    /// // A program would wait for signals, and read its file again with `Draft::load`.
    /// let reload = stream::iter([Draft::parse(file, "config.yaml", &|_| None)]);
    /// let (stop, hurry) = (std::future::ready(()), std::future::pending());
    /// app.run_under(listener, Operator { stop, hurry, reload }).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_under<S, H, D>(self, listener: TcpListener, operator: Operator<S, H, D>) -> Result<(), RunError>
    where
        S: Future<Output = ()>,
        H: Future<Output = ()>,
        D: Stream<Item = Result<Draft, Problems>>,
    {
        let shutdown = Shutdown { stop: pin!(operator.stop), hurry: pin!(operator.hurry) };
        self.serve(listener, shutdown, operator.reload).await
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("upstreams", &self.assembly.upstreams).finish_non_exhaustive()
    }
}
