//! Another configuration in the place of the one that runs, without a request that notices.

use crate::assembly::Assembly;
use crate::backends::Backends;
use crate::current::{Current, Serving};
use crate::database;
use crate::kept::{self, Audience};
use crate::observers::Observers;
use crate::serve::{self, Connections};
use crate::tally;
use futures_util::stream::{Stream, StreamExt};
use oar_config::{Config, Draft, Problem, Problems};
use oar_metrics::Metrics;
use oar_notify::Alerts;
use oar_record::Recorder;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Everything that a configuration decides while the service runs.
pub(crate) struct Reloading {
    /// The one that runs.
    config: Config,
    backends: Backends,
    current: Current,
    connections: Connections,
    metrics: Arc<Metrics>,
    recorder: Option<Arc<Recorder>>,
    alerts: Option<Arc<Alerts>>,
    audience: Audience,
    reloads: Arc<Reloads>,
}

/// How often a configuration was loaded, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Reloads {
    applied: AtomicU64,
    rejected: AtomicU64,
}

impl Reloads {
    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }
}

impl Reloading {
    pub(crate) fn new(
        config: Config,
        backends: Backends,
        current: Current,
        connections: Connections,
        observers: &Observers,
    ) -> Self {
        let (metrics, reloads) = (Arc::clone(&observers.metrics), Arc::default());
        tally::reloads(&metrics, &reloads);
        let (recorder, alerts, audience) = (observers.recorder(), observers.alerts(), observers.audience());
        Self { config, backends, current, connections, metrics, recorder, alerts, audience, reloads }
    }

    /// Takes each configuration that comes, and goes on for ever.
    pub(crate) async fn obey(mut self, drafts: impl Stream<Item = Result<Draft, Problems>>) -> Infallible {
        let mut drafts = pin!(drafts);
        while let Some(draft) = drafts.next().await {
            self.take(draft);
        }
        std::future::pending().await
    }

    fn take(&mut self, draft: Result<Draft, Problems>) {
        match draft.and_then(|draft| self.check(draft)) {
            Ok(assembly) => self.apply(assembly),
            Err(problems) => self.reject(&problems),
        }
    }

    /// Everything that could go wrong goes wrong here, before anything has changed.
    fn check(&self, draft: Draft) -> Result<Assembly, Problems> {
        let Draft { config, mut problems } = draft;
        if problems.is_empty() {
            problems = config.needs_restart(&self.config);
        }
        Assembly::of(Draft { config, problems }, &self.backends, self.audience)
    }

    fn reject(&self, problems: &Problems) {
        self.reloads.rejected.fetch_add(1, Ordering::Relaxed);
        tracing::error!(%problems, "the configuration was not reloaded, the one before stays");
        if let Some(alerts) = &self.alerts {
            alerts.reload_failed();
        }
    }

    fn apply(&mut self, assembly: Assembly) {
        assembly.warnings.iter().for_each(warn);
        self.metrics.announce(assembly.upstreams.iter().map(|upstream| upstream.name.as_str()));
        let (rules, exposure, upstreams) = (assembly.rules(), assembly.exposure(), assembly.upstreams.len());
        let gateway = self.current.get().gateway.reconfigured(assembly.router, rules);
        self.current.replace(Serving { gateway, exposure });
        if let Some(recorder) = &self.recorder {
            recorder.keep(kept::policy(&assembly.config));
            recorder.retain(database::retention(&assembly.config));
        }
        self.connections.set_limits(serve::limits(&assembly.config));
        self.config = assembly.config;
        self.reloads.applied.fetch_add(1, Ordering::Relaxed);
        tracing::info!(upstreams, "the configuration was reloaded");
        if let Some(alerts) = &self.alerts {
            alerts.reload_worked();
        }
    }
}

/// What is allowed but may not be meant.
fn warn(warning: &Problem) {
    tracing::warn!(hint = warning.hint.as_deref(), "{warning}");
}
