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

/// Collects what an application is made of, and checks it once. Opens nothing.
pub struct Builder {
    draft: Draft,
    backends: Backends,
    own: Own,
    tasks: TaskTracker,
}

/// What one upstream of the configuration has become, for listings. Holds no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpstreamSummary {
    /// Its name.
    pub name: String,
    /// Its `type`.
    pub backend: String,
    /// Where it is.
    pub endpoint: String,
    /// Who may use it: `global tokens`, `2 own tokens`, `anyone`.
    pub access: String,
    /// The only models it serves; empty for all.
    pub allow: Vec<String>,
    /// Models it does not serve.
    pub deny: Vec<String>,
    /// Why no request to it can succeed, if so.
    pub defect: Option<String>,
}

impl Builder {
    pub(crate) fn new(draft: Draft) -> Self {
        let tasks = TaskTracker::new();
        Self { draft, backends: Backends::built_in(&tasks), own: Own::default(), tasks }
    }

    /// Adds a backend: entries with `type: {backend}` are made by `factory`, from the keys that are its own.
    #[must_use]
    pub fn backend<F>(mut self, backend: &str, factory: F) -> Self
    where
        F: Fn(&Settings) -> Result<Arc<dyn Upstream>, BackendError> + Send + Sync + 'static,
    {
        self.backends.add(backend, Box::new(factory));
        self
    }

    /// Adds somebody who hears every request's story, beside the records, the metrics, the alerts and the log.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.own.observers.push(observer);
        self
    }

    /// Adds a channel of its own to those that the configuration names: it is told the same, as often, in the same
    /// language. [`try_channels`](crate::try_channels) leaves it out.
    #[must_use]
    pub fn notifier(mut self, notifier: Arc<dyn Notifier>) -> Self {
        self.own.notifiers.push(notifier);
        self
    }

    /// Keeps records in this store, in place of the configuration's database, which is then not opened. The last one given
    /// counts. What is kept, for how long, the queue, and the flush at the end are as with any other.
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
