//! What an application is made of: a configuration, and what an embedder adds to it.

use crate::app::App;
use crate::assembly::Assembly;
use crate::backends::{BackendError, Backends};
use crate::kept::Audience;
use crate::observers::Own;
use oar_config::{Draft, Problems, Settings};
use oar_exchange::Observer;
use oar_notify::Notifier;
use oar_record::Store;
use oar_upstream::Upstream;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

/// Collects what an application is made of, and checks it once. Opens nothing. [`App::builder`] begins with one.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = "authorization: t\ndbtype: none\nupstreams: [{sk: key}]";
/// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None)?;
/// let builder: oar_app::Builder = oar_app::App::builder(config);
/// let app = builder.build()?;
/// assert_eq!(app.upstreams().len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Builder {
    draft: Draft,
    backends: Backends,
    own: Own,
    tasks: TaskTracker,
}

impl Builder {
    pub(crate) fn new(draft: Draft) -> Self {
        let tasks = TaskTracker::new();
        Self { draft, backends: Backends::built_in(&tasks), own: Own::default(), tasks }
    }

    /// Adds a backend: entries with `type: {backend}` are made by `factory`, from the keys that are its own. One of a name
    /// that is known already, such as `openai`, takes the place of the other.
    ///
    /// The factory is called once for each entry, at [`build`](Self::build) and at each reload.
    ///
    /// ```
    /// use oar_app::upstream::{ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
    /// use oar_app::{App, Config};
    /// use std::sync::Arc;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Echo {
    ///     greeting: String,
    /// }
    ///
    /// #[async_trait::async_trait]
    /// impl Upstream for Echo {
    ///     async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
    ///         let (status, headers) = (http::StatusCode::OK, http::HeaderMap::new());
    ///         Ok(UpstreamResponse { status, headers, body: ResponseBody::full(self.greeting.clone()) })
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = "authorization: t\ndbtype: none\nupstreams: [{type: echo, greeting: Hello}]";
    /// let config = Config::parse(file, "config.yaml", &|_| None)?;
    /// let app = App::builder(config).backend("echo", |settings| Ok(Arc::new(settings.decode::<Echo>()?))).build()?;
    /// assert_eq!(app.upstreams()[0].backend, "echo");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn backend<F>(mut self, backend: &str, factory: F) -> Self
    where
        F: Fn(&Settings) -> Result<Arc<dyn Upstream>, BackendError> + Send + Sync + 'static,
    {
        self.backends.add(backend, Box::new(factory));
        self
    }

    /// Adds somebody who hears every request's story, beside the records, the metrics, the alerts and the log, and before
    /// them. Stories hold the texts that `record` keeps then, even without a database.
    ///
    /// ```
    /// use oar_app::App;
    /// use oar_app::exchange::{Exchange, Observer};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// /// Counts what went wrong.
    /// #[derive(Default)]
    /// struct Failures(AtomicU64);
    ///
    /// impl Observer for Failures {
    ///     fn finished(&self, exchange: &Arc<Exchange>) {
    ///         self.0.fetch_add(exchange.error.is_some().into(), Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = "authorization: t\ndbtype: none\nupstreams: [{sk: key}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None)?;
    /// let failures = Arc::new(Failures::default());
    /// let app = App::builder(config).observer(failures.clone()).build()?;
    /// assert_eq!(Arc::strong_count(&failures), 2, "the application has it");
    /// # drop(app);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.own.observers.push(observer);
        self
    }

    /// Adds a channel of its own to those that the configuration names: it is told the same, as often, in the same
    /// language. [`try_channels`](crate::try_channels) leaves it out.
    ///
    /// ```
    /// use oar_app::App;
    /// use oar_app::notify::{Alert, Notifier, NotifyError};
    /// use std::sync::Arc;
    ///
    /// /// Writes alerts where a service manager reads them.
    /// struct StandardError;
    ///
    /// #[async_trait::async_trait]
    /// impl Notifier for StandardError {
    ///     fn name(&self) -> &str {
    ///         "stderr"
    ///     }
    ///
    ///     async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
    ///         eprintln!("{}", alert.text());
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = "authorization: t\ndbtype: none\nupstreams: [{sk: key}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None)?;
    /// let app = App::builder(config).notifier(Arc::new(StandardError)).build()?;
    /// # assert_eq!(app.upstreams().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn notifier(mut self, notifier: Arc<dyn Notifier>) -> Self {
        self.own.notifiers.push(notifier);
        self
    }

    /// Keeps records in this store, in place of the configuration's database, which is then not opened. The last one given
    /// counts. What is kept, for how long, the queue, and the flush at the end are as with any other.
    ///
    /// ```
    /// use oar_app::App;
    /// use oar_app::record::{Row, Store, StoreError};
    /// use std::sync::Arc;
    ///
    /// /// Counts rows, and forgets them.
    /// struct Count(u64);
    ///
    /// #[async_trait::async_trait]
    /// impl Store for Count {
    ///     async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
    ///         self.0 += rows.len() as u64;
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = "authorization: t\nupstreams: [{sk: key}]";
    /// # let config = oar_app::Config::parse(file, "config.yaml", &|_| None)?;
    /// let app = App::builder(config).store(Box::new(Count(0))).build()?;
    /// # assert_eq!(app.upstreams().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn store(mut self, store: Box<dyn Store>) -> Self {
        self.own.store = Some(Mutex::new(store));
        self
    }

    /// Makes every upstream and the router.
    ///
    /// # Errors
    ///
    /// Every problem that the draft has, that backends have with their settings, and every entry with an unknown `type`.
    ///
    /// ```
    /// let file = "authorization: t\nupstreams: [{type: replicat, sk: key}]";
    /// let config = oar_app::Config::parse(file, "config.yaml", &|_| None).expect("the host's own keys are right");
    /// let problems = oar_app::App::builder(config).build().expect_err("a problem");
    /// assert!(problems.to_string().contains("unknown backend `replicat` (known: openai, replicate)"));
    /// ```
    pub fn build(self) -> Result<App, Problems> {
        let assembly = Assembly::of(self.draft, &self.backends, Audience::of(&self.own))?;
        Ok(App { assembly, backends: self.backends, own: self.own, tasks: self.tasks, threads: None })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("backends", &self.backends.known()).finish_non_exhaustive()
    }
}
