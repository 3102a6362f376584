//! The configuration as a whole.

use crate::Env;
use crate::address::ListenAddress;
use crate::database::{Database, database};
use crate::duration::duration;
use crate::failover::{FailoverOn, failover_on};
use crate::node::Node;
use crate::notify::{NotifySettings, notify};
use crate::problem::{Complaint, Place, Problem, Report};
use crate::record::{RecordSettings, record};
use crate::section::{Field, Section};
use crate::size::size;
use crate::tokens::tokens;
use crate::upstream::{Access, UpstreamConfig, Usual, upstreams};
use crate::word::{NETWORK_FORMS, choice, line, network, truth};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// A configuration without problems, as far as one can tell without the backends.
///
/// ```
/// # use oar_config::Config;
/// use std::time::Duration;
///
/// let text = "authorization: a-token\nstream_timeout: 20s\nupstreams:\n  - sk: key\n";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!((config.timeout, config.stream_timeout), (Duration::from_secs(120), Duration::from_secs(20)));
/// assert_eq!((config.address.port(), config.upstreams.len()), (8888, 1));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The file, as it was named when it was read.
    pub file: String,
    /// Where to listen; `:8888` unless the file says otherwise.
    pub address: ListenAddress,
    /// The name of this machine in records; `None` for the system's.
    pub hostname: Option<String>,
    /// Who may use the upstreams that have no tokens of their own: visible ASCII, not empty, each once.
    pub tokens: Vec<SecretString>,
    /// How long one attempt waits for the head of an answer; 120 s unless the file says otherwise.
    pub timeout: Duration,
    /// The same for streams; 10 s unless the file says otherwise.
    pub stream_timeout: Duration,
    /// How long a connection to an upstream may take, with name resolution and TLS; 5 s unless the file says otherwise.
    pub connect_timeout: Duration,
    /// How long a stream may go without its first event; the same as `idle_timeout` unless the file says otherwise.
    pub first_event_timeout: Duration,
    /// How long an answer may be silent between two bytes; 300 s unless the file says otherwise.
    pub idle_timeout: Duration,
    /// How long the client of a stream may hear nothing before it is sent a comment; `None`, for never, unless the file
    /// says otherwise.
    pub heartbeat: Option<Duration>,
    /// How long trying one upstream after the other may take in all; `None`, for no limit, unless the file says otherwise.
    pub total_timeout: Option<Duration>,
    /// How long a request's head may take; 10 s unless the file says otherwise.
    pub header_timeout: Duration,
    /// How long running requests may take to finish at a stop; 30 s unless the file says otherwise.
    pub drain_timeout: Duration,
    /// How long a request body may take; 120 s unless the file says otherwise.
    pub body_timeout: Duration,
    /// The largest request body in bytes; 64 MiB unless the file says otherwise.
    pub max_body: usize,
    /// After which failures the next upstream is tried.
    pub failover_on: FailoverOn,
    /// What becomes of an answer whose client has left.
    pub on_client_close: OnClientClose,
    /// The networks whose proxies say who the client is; nobody's unless the file says otherwise.
    pub trusted_proxies: Vec<IpNet>,
    /// Where the metrics are read, and by whom.
    pub metrics: MetricsSettings,
    /// In which order upstreams are tried.
    pub order: Order,
    /// Where records are kept.
    pub database: Database,
    /// Whether the gateway ends at its start when the database cannot be reached; false unless the file says otherwise.
    pub db_required: bool,
    /// What records keep.
    pub record: RecordSettings,
    /// Who is told when something goes wrong.
    pub notify: NotifySettings,
    /// The upstreams in the order of the file; at least one.
    pub upstreams: Vec<UpstreamConfig>,
    /// What is allowed but may not be meant.
    pub warnings: Vec<Problem>,
}

/// In which order upstreams are tried, from the key `lb_policy`.
///
/// ```
/// # use oar_config::{Config, Order};
/// let text = "lb_policy: random\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.order, Order::Shuffled);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they stand in the file (`order`).
    #[default]
    Configured,
    /// Drawn anew for each request (`random`).
    Shuffled,
}

/// What becomes of an upstream's answer when the client leaves before it is complete.
///
/// ```
/// # use oar_config::{Config, OnClientClose};
/// let text = "on_client_close: drain\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.on_client_close, OnClientClose::Drain);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnClientClose {
    /// It is given up, which ends the upstream's work (`cancel`).
    #[default]
    Cancel,
    /// It is read to its end, so that the record is complete (`drain`).
    Drain,
}

/// Where the metrics are read, and by whom.
///
/// ```
/// # use oar_config::Config;
/// let text = "metrics_listen: 127.0.0.1:9090\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.metrics.listen.map(|address| address.port()), Some(9090));
/// assert!(!config.metrics.auth);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsSettings {
    /// An address of their own, from the key `metrics_listen`; `None` for the one of the API.
    pub listen: Option<ListenAddress>,
    /// Whether reading them where the API is takes a token, from the key `metrics_auth`.
    pub auth: bool,
}

const ORDERS: &[(&str, Order)] = &[("order", Order::Configured), ("random", Order::Shuffled)];

const WAYS_TO_LEAVE: &[(&str, OnClientClose)] = &[("cancel", OnClientClose::Cancel), ("drain", OnClientClose::Drain)];

/// What `config.sample.yaml` holds, to be replaced.
const SAMPLE_TOKEN: &str = "change-me";

impl Config {
    /// A problem of a key at the top, found by somebody who knows more. The message must not hold a secret.
    ///
    /// ```
    /// # use oar_config::Config;
    /// let text = "upstreams: [{sk: key}]";
    /// let config = Config::parse(text, "config.yaml", &|_| None)?;
    /// let problem = config.problem("dbaddr", "is on a disk that is full");
    /// assert_eq!(problem.to_string(), "dbaddr: is on a disk that is full");
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        Place::default().key(key, None).problem(&self.file, Complaint::new(message))
    }
}

/// What the tree of a whole file says; `None` when it is no section, which is reported.
pub(crate) fn decode(root: Node, env: Env<'_>, report: &Report) -> Option<Config> {
    let root = Field::new(Place::default(), root, report);
    if root.is_null() {
        root.complain(Complaint::new("the file is empty").hint("copy config.sample.yaml and edit it"));
    }
    let mut top = root.section()?;
    let config = sections(&mut top, env, report);
    top.close();
    Some(config)
}

fn sections(top: &mut Section<'_>, env: Env<'_>, report: &Report) -> Config {
    let address = top.take("address").read(str::parse).unwrap_or_default();
    let hostname = top.take("hostname").read(line);
    let authorization = top.take("authorization");
    let place = authorization.place.clone();
    let tokens = tokens(authorization).unwrap_or_default();
    let timeout = top.take("timeout").read(duration).unwrap_or(Duration::from_secs(120));
    let stream_timeout = top.take("stream_timeout").read(duration).unwrap_or(Duration::from_secs(10));
    let connect_timeout = top.take("connect_timeout").read(duration).unwrap_or(Duration::from_secs(5));
    let idle_timeout = top.take("idle_timeout").read(duration).unwrap_or(Duration::from_secs(300));
    let first_event_timeout = top.take("first_event_timeout").read(duration).unwrap_or(idle_timeout);
    let heartbeat = top.take("heartbeat").read(duration);
    let total_timeout = top.take("total_timeout").read(duration);
    let header_timeout = top.take("header_timeout").read(duration).unwrap_or(Duration::from_secs(10));
    let drain_timeout = top.take("drain_timeout").read(duration).unwrap_or(Duration::from_secs(30));
    let body_timeout = top.take("body_timeout").read(duration).unwrap_or(Duration::from_secs(120));
    let max_body = top.take("max_body").read(size).unwrap_or(64 * 1024 * 1024);
    let failover_on = failover_on(top.take("failover_on")).unwrap_or_default();
    let on_client_close = on_client_close(top.take("on_client_close")).unwrap_or_default();
    let trusted_proxies = top.take("trusted_proxies").list(NETWORK_FORMS, network);
    let metrics = metrics(top);
    let order = top.take("lb_policy").read(|text| choice(text, ORDERS)).unwrap_or_default();
    let database = database(top);
    let db_required = top.take("db_required").read(truth).unwrap_or(false);
    let record = record(top.take("record"));
    let notify = notify(top.take("notify"), env, report);
    let upstreams = upstreams(top.take("upstreams"), &Usual { keep: &record.keep, connect_timeout }, report);
    warn_about_tokens(&tokens, &upstreams, &place, report);
    Config {
        file: report.file.clone(),
        address,
        hostname,
        tokens,
        timeout,
        stream_timeout,
        connect_timeout,
        first_event_timeout,
        idle_timeout,
        heartbeat,
        total_timeout,
        header_timeout,
        drain_timeout,
        body_timeout,
        max_body,
        failover_on,
        on_client_close,
        trusted_proxies,
        metrics,
        order,
        database,
        db_required,
        record,
        notify,
        upstreams,
        warnings: Vec::new(),
    }
}

/// `None` when nothing is said.
pub(crate) fn on_client_close(field: Field<'_>) -> Option<OnClientClose> {
    field.read(|text| choice(text, WAYS_TO_LEAVE))
}

fn metrics(top: &mut Section<'_>) -> MetricsSettings {
    let listen = top.take("metrics_listen").read(str::parse);
    let auth = top.take("metrics_auth").read(truth).unwrap_or_default();
    MetricsSettings { listen, auth }
}

fn warn_about_tokens(tokens: &[SecretString], upstreams: &[UpstreamConfig], place: &Place, report: &Report) {
    if tokens.is_empty() {
        warn_about_closed_doors(upstreams, place, report);
    }
    if tokens.iter().any(|token| token.expose_secret() == SAMPLE_TOKEN) {
        report.warn(place, Complaint::new("still holds the token of the sample, which everybody knows"));
    }
}

/// Without tokens for the whole file, upstreams that ask for one of these are out of reach.
fn warn_about_closed_doors(upstreams: &[UpstreamConfig], place: &Place, report: &Report) {
    let is_closed = |upstream: &UpstreamConfig| matches!(upstream.access, Access::Global);
    let hint = "set `authorization`, or `noauth: true` for an upstream that anybody may use";
    if upstreams.iter().all(is_closed) {
        let message = "no token is set, so every request will be refused (401)";
        return report.warn(place, Complaint::new(message).hint(hint));
    }
    for upstream in upstreams.iter().filter(|upstream| is_closed(upstream)) {
        let message = "no token is set that opens this upstream, so nobody can use it";
        report.warn(&upstream.settings.place, Complaint::new(message).hint(hint));
    }
}
