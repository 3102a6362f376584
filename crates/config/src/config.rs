//! The configuration as a whole.

use crate::Env;
use crate::address::ListenAddress;
use crate::database::{Database, database};
use crate::duration::duration;
use crate::failover::{FailoverOn, failover_on};
use crate::leaving::{OnClientClose, on_client_close};
use crate::metrics::{MetricsSettings, metrics};
use crate::networks::networks;
use crate::node::Node;
use crate::notify::{NotifySettings, notify};
use crate::problem::{Complaint, Place, Problem, Problems, Report};
use crate::record::{RecordSettings, record};
use crate::section::{Field, Section};
use crate::size::size;
use crate::tokens::tokens;
use crate::upstream::{Access, UpstreamConfig, upstreams};
use crate::word::{choice, line, truth};
use crate::{tree, yaml};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// A configuration without problems, as far as one can tell without the backends.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they stand in the file (`order`).
    #[default]
    Configured,
    /// Drawn anew for each request (`random`).
    Shuffled,
}

const ORDERS: &[(&str, Order)] = &[("order", Order::Configured), ("random", Order::Shuffled)];

/// What `config.sample.yaml` holds, to be replaced.
const SAMPLE_TOKEN: &str = "change-me";

/// A configuration that may have problems: what could be read of it, with defaults in place of what could not. For
/// those who have more to check and want to tell all problems at once.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What could be read. Not fit for use as long as there are problems.
    pub config: Config,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// Decodes the text of a file, which `file` names in problems. Without IO.
    ///
    /// # Errors
    ///
    /// A mistake of syntax, which hides everything else.
    pub fn parse(text: &str, file: &str, env: Env<'_>) -> Result<Self, Problems> {
        let report = Report::new(file);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let config = yaml::read(text, &report).and_then(|root| decode(tree::resolve(root, env, &report), env, &report));
        let (problems, warnings) = report.close();
        match config {
            Some(config) => Ok(Self { config: Config { warnings, ..config }, problems }),
            None => {
                Problems::unless_empty(problems)?;
                Err(Place::default().problem(file, Complaint::new("cannot be read")).into())
            }
        }
    }

    /// The configuration, if nothing is wrong with it.
    ///
    /// # Errors
    ///
    /// Every problem.
    pub fn checked(self) -> Result<Config, Problems> {
        Problems::unless_empty(self.problems)?;
        Ok(self.config)
    }
}

impl Config {
    /// Decodes the text of a file, which `file` names in problems. Without IO.
    ///
    /// # Errors
    ///
    /// Every problem that the text has. A mistake of syntax hides all others.
    pub fn parse(text: &str, file: &str, env: Env<'_>) -> Result<Self, Problems> {
        Draft::parse(text, file, env)?.checked()
    }

    /// A problem of a key at the top, found by somebody who knows more. The message must not hold a secret.
    pub fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        Place::default().key(key, None).problem(&self.file, Complaint::new(message))
    }
}

fn decode(root: Node, env: Env<'_>, report: &Report) -> Option<Config> {
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
    let trusted_proxies = networks(top.take("trusted_proxies"));
    let metrics = metrics(top);
    let order = top.take("lb_policy").read(|text| choice(text, ORDERS)).unwrap_or_default();
    let database = database(top);
    let db_required = top.take("db_required").read(truth).unwrap_or(false);
    let record = record(top.take("record"));
    let notify = notify(top.take("notify"), env, report);
    let mut upstreams = upstreams(top.take("upstreams"), &record.keep, report);
    for upstream in &mut upstreams {
        upstream.settings.connect_timeout = upstream.connect_timeout.unwrap_or(connect_timeout);
    }
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
        report.warn(upstream.settings.place(), Complaint::new(message).hint(hint));
    }
}
