//! Which `type` of upstream entry makes which adapter.

use oar_config::{Problem, Settings};
use oar_upstream::openai::{self, OpenAi};
use oar_upstream::replicate::{self, Replicate};
use oar_upstream::{Upstream, openai::Transport};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// Makes an upstream from the keys of its entry that the host does not take.
pub(crate) type Factory = Box<dyn Fn(&Settings) -> Result<Arc<dyn Upstream>, BackendError> + Send + Sync>;

/// Why a backend could not be made of its settings: one problem, or several, each of which is told with its place.
///
/// ```
/// use oar_app::{App, BackendError, Config, Settings};
/// use std::sync::Arc;
///
/// # type Made = Result<Arc<dyn oar_app::upstream::Upstream>, BackendError>;
/// fn greet(settings: &Settings) -> Made {
///     let problem = settings.problem("greeting", "must not be empty").with_hint("write `Hello`");
///     Err(BackendError::from(problem))
/// }
///
/// let file = "authorization: t\nupstreams:\n  - {type: greet, greeting: ''}\n";
/// let config = Config::parse(file, "config.yaml", &|_| None).expect("the host's own keys are right");
/// let problems = App::builder(config).backend("greet", greet).build().expect_err("a problem");
/// assert!(problems.to_string().contains("upstreams[0].greeting (line 3): must not be empty\n    hint: write `Hello`"));
/// ```
#[derive(Debug)]
pub struct BackendError(Vec<Problem>);

impl BackendError {
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.0
    }
}

impl From<Vec<Problem>> for BackendError {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl From<Problem> for BackendError {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

/// All on one line.
impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&problems.join("; "))
    }
}

impl std::error::Error for BackendError {}

/// The backends by their `type`.
pub(crate) struct Backends(BTreeMap<String, Factory>);

impl Backends {
    /// The adapters that come with the gateway. `tasks` owns the work they leave behind.
    pub(crate) fn built_in(tasks: &TaskTracker) -> Self {
        let mut backends = Self(BTreeMap::new());
        let transports = Transports::default();
        backends.add("openai", Box::new(move |settings| openai(settings, &transports)));
        let tasks = tasks.clone();
        backends.add("replicate", Box::new(move |settings| replicate(settings, &tasks)));
        backends
    }

    /// Adds a backend, in place of one of the same type.
    pub(crate) fn add(&mut self, backend: impl Into<String>, factory: Factory) {
        self.0.insert(backend.into(), factory);
    }

    pub(crate) fn get(&self, backend: &str) -> Option<&Factory> {
        self.0.get(backend)
    }

    pub(crate) fn known(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

/// One pool of connections for each time limit that somebody wants.
type Transports = Mutex<HashMap<Duration, Transport>>;

fn openai(settings: &Settings, transports: &Transports) -> Result<Arc<dyn Upstream>, BackendError> {
    let decoded: openai::Settings = settings.decode()?;
    let limit = settings.connect_timeout();
    let mut transports = transports.lock().unwrap_or_else(PoisonError::into_inner);
    let transport = transports.entry(limit).or_insert_with(|| Transport::new(limit));
    match OpenAi::new(&decoded, transport.clone()) {
        Ok(upstream) => Ok(Arc::new(upstream)),
        Err(error) => {
            let problem = settings.problem(error.key(), error.to_string());
            Err(match error.hint() {
                Some(hint) => problem.with_hint(hint).into(),
                None => problem.into(),
            })
        }
    }
}

fn replicate(settings: &Settings, tasks: &TaskTracker) -> Result<Arc<dyn Upstream>, BackendError> {
    let decoded: replicate::Settings = settings.decode()?;
    match Replicate::new(decoded, settings.connect_timeout()) {
        Ok(upstream) => Ok(Arc::new(upstream.tracked_by(tasks.clone()))),
        Err(error) => Err(settings.problem(error.key().unwrap_or("type"), error.to_string()).into()),
    }
}
