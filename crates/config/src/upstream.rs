//! The list of upstreams: the keys that mean the same for each backend.

use crate::config::{OnClientClose, on_client_close};
use crate::duration::duration;
use crate::failover::{FailoverOn, failover_on};
use crate::kept::{KeepSettings, own_keep};
use crate::problem::{Complaint, Problem, Report, printable};
use crate::section::{Field, Section};
use crate::settings::Settings;
use crate::suggest::closest;
use crate::tokens::tokens;
use crate::word::{name, truth};
use secrecy::SecretString;
use std::time::Duration;

/// One entry of `upstreams`.
///
/// ```
/// # use oar_config::Config;
/// let text = "upstreams: [{sk: key, timeout: 1m, allow: [gpt-4o]}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// let upstream = &config.upstreams[0];
/// assert_eq!((upstream.name.as_str(), upstream.backend.as_str()), ("openai-1", "openai"));
/// assert_eq!((upstream.timeout.map(|limit| limit.as_secs()), upstream.stream_timeout), (Some(60), None));
/// assert_eq!(upstream.allow, ["gpt-4o"]);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpstreamConfig {
    /// Unique among the upstreams; visible ASCII, at most 64 bytes. `{backend}-{number}`, counted from 1, unless named.
    pub name: String,
    /// The backend, from the key `type`; `openai` unless the file says otherwise. May not exist: see
    /// [`unknown_backend`](Self::unknown_backend).
    pub backend: String,
    /// Who may use it.
    pub access: Access,
    /// How long to wait for the head of an answer, if it differs from [`Config::timeout`](crate::Config::timeout).
    pub timeout: Option<Duration>,
    /// The same for streams.
    pub stream_timeout: Option<Duration>,
    /// How long a connection may take, if it differs from [`Config::connect_timeout`](crate::Config::connect_timeout).
    pub connect_timeout: Option<Duration>,
    /// How long a stream may go without its first event, if it differs from the file's.
    pub first_event_timeout: Option<Duration>,
    /// How long the client of a stream may hear nothing, if it differs from [`Config::heartbeat`](crate::Config::heartbeat).
    pub heartbeat: Option<Duration>,
    /// How long an answer may be silent, if it differs from [`Config::idle_timeout`](crate::Config::idle_timeout).
    pub idle_timeout: Option<Duration>,
    /// How long one attempt at it may take in all, until the head of an answer and the first event of a stream; `None` for no
    /// limit of its own. [`Config::total_timeout`](crate::Config::total_timeout) is on all attempts together.
    pub total_timeout: Option<Duration>,
    /// After which of its failures the next upstream is tried, if it differs from the file's.
    pub failover_on: Option<FailoverOn>,
    /// What becomes of its answer when the client leaves, if it differs from
    /// [`Config::on_client_close`](crate::Config::on_client_close).
    pub on_client_close: Option<OnClientClose>,
    /// What is kept of the requests it serves: the file's, where it says nothing itself.
    pub keep: KeepSettings,
    /// The only models it serves; empty for all.
    pub allow: Vec<String>,
    /// Models it does not serve, even if allowed.
    pub deny: Vec<String>,
    /// The keys that belong to the backend.
    pub settings: Settings,
}

/// Who may use an upstream.
///
/// ```
/// # use oar_config::{Access, Config};
/// let text = "authorization: a\nupstreams: [{sk: key}, {authorization: [b, c]}, {noauth: true}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// let [global, own, anyone] = &config.upstreams[..] else { unreachable!("three") };
/// assert!(matches!(global.access, Access::Global));
/// assert!(matches!(&own.access, Access::Tokens(tokens) if tokens.len() == 2));
/// assert!(matches!(anyone.access, Access::Anyone));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug)]
pub enum Access {
    /// Who presents one of [`Config::tokens`](crate::Config::tokens).
    Global,
    /// Who presents one of these instead; never empty.
    Tokens(Vec<SecretString>),
    /// Anybody.
    Anyone,
}

impl UpstreamConfig {
    /// The problem to report when no backend has this entry's `type`.
    ///
    /// ```
    /// # use oar_config::Config;
    /// let text = "upstreams: [{type: replicat}]";
    /// let config = Config::parse(text, "config.yaml", &|_| None)?;
    /// let problem = config.upstreams[0].unknown_backend(&["openai", "replicate"]);
    /// assert!(problem.to_string().ends_with("unknown backend `replicat` (known: openai, replicate)"));
    /// assert_eq!(problem.hint.as_deref(), Some("did you mean `replicate`?"));
    /// # Ok::<(), oar_config::Problems>(())
    /// ```
    pub fn unknown_backend(&self, known: &[&str]) -> Problem {
        let message = format!("unknown backend `{}` (known: {})", printable(&self.backend), known.join(", "));
        let problem = self.settings.problem("type", message);
        match closest(&self.backend, known.iter().copied()) {
            Some(meant) => problem.with_hint(format!("did you mean `{meant}`?")),
            None => problem,
        }
    }
}

/// What counts for an upstream that says nothing itself.
pub(crate) struct Usual<'a> {
    pub(crate) keep: &'a KeepSettings,
    pub(crate) connect_timeout: Duration,
}

pub(crate) fn upstreams(field: Field<'_>, usual: &Usual<'_>, report: &Report) -> Vec<UpstreamConfig> {
    if field.is_null() || field.is_empty_list() {
        let complaint = Complaint::new("there is no upstream, so no request could be answered");
        field.complain(complaint.hint("add one as in config.sample.yaml"));
    }
    let entries = field.items().into_iter().enumerate();
    let all: Vec<_> = entries.filter_map(|(index, item)| entry(item, usual, index + 1)).collect();
    report_doubled_names(&all, report);
    all
}

fn entry(item: Field<'_>, usual: &Usual<'_>, number: usize) -> Option<UpstreamConfig> {
    if item.is_null() {
        item.complain(Complaint::new("is empty"));
    }
    item.section().map(|section| upstream(section, usual, number))
}

fn upstream(mut own: Section<'_>, usual: &Usual<'_>, number: usize) -> UpstreamConfig {
    let backend = own.take("type").read(name).unwrap_or_else(|| "openai".to_owned());
    let name = own.take("name").read(name).unwrap_or_else(|| format!("{backend}-{number}"));
    let access = access(&mut own);
    let timeout = own.take("timeout").read(duration);
    let stream_timeout = own.take("stream_timeout").read(duration);
    let connect_timeout = own.take("connect_timeout").read(duration);
    let idle_timeout = own.take("idle_timeout").read(duration);
    let first_event_timeout = own.take("first_event_timeout").read(duration).or(idle_timeout);
    let heartbeat = own.take("heartbeat").read(duration);
    let total_timeout = own.take("total_timeout").read(duration);
    let failover_on = failover_on(own.take("failover_on"));
    let on_client_close = on_client_close(own.take("on_client_close"));
    let keep = own_keep(own.take("record"), usual.keep);
    let allow = models(own.take("allow"));
    let deny = models(own.take("deny"));
    UpstreamConfig {
        name,
        backend,
        access,
        timeout,
        stream_timeout,
        connect_timeout,
        first_event_timeout,
        idle_timeout,
        heartbeat,
        total_timeout,
        failover_on,
        on_client_close,
        keep,
        allow,
        deny,
        settings: own.into_settings(connect_timeout.unwrap_or(usual.connect_timeout)),
    }
}

fn access(own: &mut Section<'_>) -> Access {
    let noauth = own.take("noauth").read(truth).unwrap_or(false);
    let field = own.take("authorization");
    let place = field.place.clone();
    match (noauth, tokens(field)) {
        (false, None) => Access::Global,
        (true, None) => Access::Anyone,
        (true, Some(_)) => {
            own.warn(&place, Complaint::new("is never asked for, since `noauth: true` lets anybody in"));
            Access::Anyone
        }
        (false, Some(tokens)) => {
            if tokens.is_empty() {
                let hint = "leave the key out to let the tokens of the whole file in";
                own.complain(&place, Complaint::new("holds no token, so nobody could use this upstream").hint(hint));
            }
            Access::Tokens(tokens)
        }
    }
}

fn models(field: Field<'_>) -> Vec<String> {
    field.list("write the name of a model, or a path such as `/v1/audio/speech`", model)
}

/// Not quoted when it is wrong: an entry with a slipped indentation may stand where a model should.
fn model(text: &str) -> Result<String, Complaint> {
    match text.trim() {
        "" => Err(Complaint::new("is empty")),
        model if model.chars().any(char::is_control) => Err(Complaint::new("holds a control character")),
        model => Ok(model.to_owned()),
    }
}

fn report_doubled_names(all: &[UpstreamConfig], report: &Report) {
    for (index, upstream) in all.iter().enumerate() {
        if let Some(first) = all.iter().take(index).find(|earlier| earlier.name == upstream.name) {
            let message = format!("`{}` is already the name of {}", upstream.name, first.settings.place.path);
            report.add(upstream.settings.problem("name", message));
        }
    }
}
