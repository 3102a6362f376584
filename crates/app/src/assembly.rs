//! A configuration turned into what serves it: the router over its upstreams, and the rules of the gateway.

use crate::backends::Backends;
use crate::database;
use crate::front::Exposure;
use crate::kept::{self, Audience};
use crate::memory;
use crate::serve::Connections;
use crate::upstreams::{Made, UpstreamSummary, make_all};
use oar_config::{Access, Config, Draft, OnClientClose, Order, Problem, Problems, Secrets, UpstreamConfig};
use oar_exchange::Observer;
use oar_gateway::{Backend, CredentialLabel, Gateway, Limits, Patience, Rules, TrustedProxies};
use oar_routing::{Candidate, FailoverOn, FailureClass, Router, Timeouts, Token};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// What one reading of the configuration has become.
pub(crate) struct Assembly {
    pub(crate) config: Config,
    pub(crate) router: Router<Arc<Backend>>,
    pub(crate) upstreams: Vec<UpstreamSummary>,
    pub(crate) warnings: Vec<Problem>,
    pub(crate) audience: Audience,
}

impl Assembly {
    /// Makes every upstream and the router, for stories that this audience hears. Opens nothing.
    pub(crate) fn of(draft: Draft, backends: &Backends, audience: Audience) -> Result<Self, Problems> {
        let Draft { config, mut problems } = draft;
        let (made, of_upstreams) = make_all(&config.upstreams, backends);
        problems.extend(of_upstreams);
        problems.extend(database::check(&config));
        Problems::unless_empty(problems)?;
        let router = router(&config, &made, audience)?;
        let entries = config.upstreams.iter().zip(&made);
        let upstreams = entries.clone().map(|(entry, made)| made.summary(entry)).collect();
        let mut warnings = config.warnings.clone();
        warnings.extend(entries.filter_map(|(entry, made)| made.warning(entry)));
        warnings.extend(kept::warnings(&config));
        Ok(Self { config, router, upstreams, warnings, audience })
    }

    /// The first gateway of a service, with everybody who listens to it, and the configuration that is left.
    pub(crate) fn into_gateway(
        self,
        observers: Vec<Arc<dyn Observer>>,
        connections: &Connections,
    ) -> (Gateway, Config) {
        let rules = self.rules();
        let (tunnels, cut) = (connections.tasks.clone(), connections.cut.clone());
        let gateway = Gateway::builder(self.router).rules(rules).tunnels(tunnels).cut(cut);
        (observers.into_iter().fold(gateway, oar_gateway::Builder::observer).build(), self.config)
    }

    /// What the gateway goes by.
    pub(crate) fn rules(&self) -> Rules {
        let config = &self.config;
        let room = memory::for_bodies();
        let limits = Limits {
            // What would never find room is too large, and not to be asked for again.
            body_bytes: config.max_body.min(room),
            buffered_bytes: room,
            body_time: config.body_timeout,
            total: config.total_timeout,
            ..Limits::default()
        };
        let trusted_proxies = TrustedProxies::new(config.trusted_proxies.iter().copied());
        let keep = kept::in_stories(&config.record.keep, config, self.audience);
        let headers = kept::headers_in_stories(config, self.audience);
        Rules { limits, label: label(config), keep, headers, trusted_proxies }
    }

    /// Who may read the metrics.
    pub(crate) fn exposure(&self) -> Exposure {
        match (&self.config.metrics.listen, self.config.metrics.auth) {
            (Some(_), _) => Exposure::Elsewhere,
            (None, true) => Exposure::Callers,
            (None, false) => Exposure::Anybody,
        }
    }
}

fn label(config: &Config) -> CredentialLabel {
    match config.record.secrets {
        Secrets::Fingerprint => CredentialLabel::Fingerprint,
        Secrets::Plain => CredentialLabel::Plain,
    }
}

fn router(config: &Config, made: &[Made], audience: Audience) -> Result<Router<Arc<Backend>>, Problems> {
    let order = match config.order {
        Order::Configured => oar_routing::Order::Configured,
        Order::Shuffled => oar_routing::Order::Shuffled,
    };
    let mut router =
        Router::builder(order).timeouts(config.timeout, config.stream_timeout).failover_on(policy(&config.failover_on));
    for token in &config.tokens {
        router = router.token(routing_token(token));
    }
    for (entry, made) in config.upstreams.iter().zip(made) {
        router = router.candidate(candidate(config, entry, made, audience));
    }
    // The configuration has been checked for all of this; what remains is a system without random numbers.
    router.build().map_err(|error| config.problem("upstreams", error.to_string()).into())
}

fn candidate(config: &Config, entry: &UpstreamConfig, made: &Made, audience: Audience) -> Candidate<Arc<Backend>> {
    let access = match &entry.access {
        Access::Global => oar_routing::Access::Global,
        Access::Tokens(tokens) => oar_routing::Access::Tokens(tokens.iter().map(routing_token).collect()),
        Access::Anyone => oar_routing::Access::Anyone,
    };
    let candidate = Candidate::new(entry.name.as_str(), Arc::new(backend(config, entry, made, audience)))
        .access(access)
        .allow(entry.allow.iter().map(String::as_str))
        .deny(entry.deny.iter().map(String::as_str))
        .timeouts(Timeouts { plain: entry.timeout, stream: entry.stream_timeout });
    match &entry.failover_on {
        Some(own) => candidate.failover_on(policy(own)),
        None => candidate,
    }
}

fn backend(config: &Config, entry: &UpstreamConfig, made: &Made, audience: Audience) -> Backend {
    let patience = Patience {
        first_event: entry.first_event_timeout.unwrap_or(config.first_event_timeout),
        idle: entry.idle_timeout.unwrap_or(config.idle_timeout),
        total: entry.total_timeout,
        heartbeat: entry.heartbeat.or(config.heartbeat),
    };
    let on_client_close = match entry.on_client_close.unwrap_or(config.on_client_close) {
        OnClientClose::Cancel => oar_gateway::OnClientClose::Cancel,
        OnClientClose::Drain => oar_gateway::OnClientClose::Drain,
    };
    Backend::labelled(Arc::clone(&made.upstream), label(config))
        .patience(patience)
        .keep(kept::in_stories(&entry.keep, config, audience))
        .on_client_close(on_client_close)
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
