use crate::app::App;
use crate::backends::{BackendError, Backends};
use crate::database;
use oar_config::{Access, Config, Draft, Order, Problem, Problems, Secrets, Settings, UpstreamConfig};
use oar_exchange::Observer;
use oar_gateway::{Backend, CredentialLabel, Patience};
use oar_routing::{Candidate, FailoverOn, FailureClass, Router, Timeouts, Token};
use oar_upstream::{Description, Upstream};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Collects what an application is made of, and checks it once. Opens nothing.
pub struct Builder {
    config: Config,
    /// What is known to be wrong with the configuration already.
    problems: Vec<Problem>,
    backends: Backends,
    observers: Vec<Arc<dyn Observer>>,
    tasks: TaskTracker,
}

/// What one upstream of the configuration has become, for listings. Holds no secret.
#[derive(Clone, Debug)]
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

/// An upstream that has been made.
struct Made {
    upstream: Arc<dyn Upstream>,
    description: Description,
}

impl Builder {
    pub(crate) fn new(Draft { config, problems }: Draft) -> Self {
        let tasks = TaskTracker::new();
        Self { config, problems, backends: Backends::built_in(&tasks), observers: Vec::new(), tasks }
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
        self.observers.push(observer);
        self
    }

    /// Makes every upstream and the router.
    ///
    /// # Errors
    ///
    /// Every problem that the draft has, that backends have with their settings, and every entry with an unknown `type`.
    pub fn build(mut self) -> Result<App, Problems> {
        let made = self.make_all()?;
        let label = match self.config.record.secrets {
            Secrets::Fingerprint => CredentialLabel::Fingerprint,
            Secrets::Plain => CredentialLabel::Plain,
        };
        let router = self.router(&made, label)?;
        let entries = self.config.upstreams.iter().zip(&made);
        let upstreams: Vec<UpstreamSummary> = entries.clone().map(|(entry, made)| made.summary(entry)).collect();
        let mut warnings = self.config.warnings.clone();
        warnings.extend(entries.filter_map(|(entry, made)| made.warning(entry)));
        let Self { config, observers, tasks, .. } = self;
        Ok(App { config, router, label, observers, upstreams, warnings, tasks })
    }

    fn make_all(&mut self) -> Result<Vec<Made>, Problems> {
        let mut problems = std::mem::take(&mut self.problems);
        let mut made = Vec::new();
        for entry in &self.config.upstreams {
            match self.make(entry) {
                Ok(upstream) => made.push(upstream),
                Err(error) => problems.extend(error.into_problems()),
            }
        }
        problems.extend(database::check(&self.config));
        Problems::unless_empty(problems)?;
        Ok(made)
    }

    fn make(&self, entry: &UpstreamConfig) -> Result<Made, BackendError> {
        let Some(factory) = self.backends.get(&entry.backend) else {
            return Err(entry.unknown_backend(&self.backends.known()).into());
        };
        let upstream = factory(&entry.settings)?;
        let description = upstream.describe();
        Ok(Made { upstream, description })
    }

    fn router(&self, made: &[Made], label: CredentialLabel) -> Result<Router<Arc<Backend>>, Problems> {
        let order = match self.config.order {
            Order::Configured => oar_routing::Order::Configured,
            Order::Shuffled => oar_routing::Order::Shuffled,
        };
        let mut router = Router::builder(order)
            .timeouts(self.config.timeout, self.config.stream_timeout)
            .failover_on(policy(&self.config.failover_on));
        for token in &self.config.tokens {
            router = router.token(routing_token(token));
        }
        for (entry, made) in self.config.upstreams.iter().zip(made) {
            router = router.candidate(self.candidate(entry, made, label));
        }
        // The configuration has been checked for all of this; what remains is a system without random numbers.
        router.build().map_err(|error| self.config.problem("upstreams", error.to_string()).into())
    }

    fn candidate(&self, entry: &UpstreamConfig, made: &Made, label: CredentialLabel) -> Candidate<Arc<Backend>> {
        let access = match &entry.access {
            Access::Global => oar_routing::Access::Global,
            Access::Tokens(tokens) => oar_routing::Access::Tokens(tokens.iter().map(routing_token).collect()),
            Access::Anyone => oar_routing::Access::Anyone,
        };
        let patience = Patience {
            first_event: entry.first_event_timeout.unwrap_or(self.config.first_event_timeout),
            idle: entry.idle_timeout.unwrap_or(self.config.idle_timeout),
        };
        let backend = Backend::labelled(Arc::clone(&made.upstream), label).patience(patience);
        let candidate = Candidate::new(entry.name.as_str(), Arc::new(backend))
            .access(access)
            .allow(entry.allow.iter().map(String::as_str))
            .deny(entry.deny.iter().map(String::as_str))
            .timeouts(Timeouts { plain: entry.timeout, stream: entry.stream_timeout });
        match &entry.failover_on {
            Some(own) => candidate.failover_on(policy(own)),
            None => candidate,
        }
    }
}

fn policy(policy: &oar_config::FailoverOn) -> FailoverOn {
    match policy {
        oar_config::FailoverOn::Any => FailoverOn::Any,
        oar_config::FailoverOn::Standard => FailoverOn::Standard,
        oar_config::FailoverOn::These(classes) => FailoverOn::These(classes.iter().copied().map(class).collect()),
    }
}

const fn class(class: oar_config::FailureClass) -> FailureClass {
    match class {
        oar_config::FailureClass::Status(status) => FailureClass::Status(status),
        oar_config::FailureClass::Statuses(hundred) => FailureClass::Statuses(hundred),
        oar_config::FailureClass::Connect => FailureClass::Connect,
        oar_config::FailureClass::Timeout => FailureClass::Timeout,
        oar_config::FailureClass::Broken => FailureClass::Broken,
        oar_config::FailureClass::ErrorEvent => FailureClass::ErrorEvent,
    }
}

fn routing_token(token: &SecretString) -> Token {
    Token::new(token.expose_secret())
}

impl Made {
    fn summary(&self, entry: &UpstreamConfig) -> UpstreamSummary {
        let access = match &entry.access {
            Access::Global => "global tokens".to_owned(),
            Access::Tokens(tokens) if tokens.len() == 1 => "1 own token".to_owned(),
            Access::Tokens(tokens) => format!("{} own tokens", tokens.len()),
            Access::Anyone => "anyone".to_owned(),
        };
        UpstreamSummary {
            name: entry.name.clone(),
            backend: entry.backend.clone(),
            endpoint: self.description.endpoint.clone(),
            access,
            allow: entry.allow.clone(),
            deny: entry.deny.clone(),
            defect: self.description.defect.clone(),
        }
    }

    fn warning(&self, entry: &UpstreamConfig) -> Option<Problem> {
        let Description { defect, advice, .. } = &self.description;
        if let Some(defect) = defect {
            let key = defect.split(' ').next().unwrap_or_default();
            let message = format!("{defect}: every request that reaches `{}` will be answered 500", entry.name);
            return Some(entry.settings.problem(key, message));
        }
        advice.as_ref().map(|advice| entry.settings.problem("endpoint", advice))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("backends", &self.backends.known()).finish_non_exhaustive()
    }
}
