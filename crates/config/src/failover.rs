//! After which failures the next upstream is tried.

use crate::problem::{Complaint, printable};
use crate::section::Field;
use crate::word::choice;

/// After which failures the next upstream is tried.
///
/// ```
/// # use oar_config::{Config, FailoverOn};
/// let text = "failover_on: standard\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// assert_eq!(config.failover_on, FailoverOn::Standard);
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FailoverOn {
    /// After every one, a 400 included (`any`).
    #[default]
    Any,
    /// After every one that another upstream may not have (`standard`).
    Standard,
    /// After these, and no other; never empty.
    These(Vec<FailureClass>),
}

/// A kind of failure, as it stands in a list.
///
/// ```
/// # use oar_config::{Config, FailoverOn, FailureClass};
/// let text = "failover_on: [429, 5xx, timeout]\nupstreams: [{sk: key}]";
/// let config = Config::parse(text, "config.yaml", &|_| None)?;
/// let classes = vec![FailureClass::Status(429), FailureClass::Statuses(5), FailureClass::Timeout];
/// assert_eq!(config.failover_on, FailoverOn::These(classes));
/// # Ok::<(), oar_config::Problems>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// `429`
    Status(u16),
    /// `5xx`, as 5.
    Statuses(u16),
    /// `connect`: no connection.
    Connect,
    /// `timeout`: no answer in time.
    Timeout,
    /// `broken`: the connection failed after the request, or what came was no answer.
    Broken,
    /// `error_event`: a stream whose first event is an error.
    ErrorEvent,
}

const POLICIES: &[(&str, FailoverOn)] = &[("any", FailoverOn::Any), ("standard", FailoverOn::Standard)];

const WORDS: &[(&str, FailureClass)] = &[
    ("connect", FailureClass::Connect),
    ("timeout", FailureClass::Timeout),
    ("broken", FailureClass::Broken),
    ("error_event", FailureClass::ErrorEvent),
];

/// One word, or a list of classes; `None` when nothing is said.
pub(crate) fn failover_on(field: Field<'_>) -> Option<FailoverOn> {
    if field.is_empty_list() {
        let hint = "write `standard`, or the failures after which the next upstream is tried";
        field.complain(Complaint::new("is empty").hint(hint));
        return None;
    }
    if field.is_list() {
        let hint = "write a status, `5xx`, `timeout` or `connect`";
        return Some(FailoverOn::These(field.list(hint, class)));
    }
    field.read(policy)
}

fn policy(text: &str) -> Result<FailoverOn, Complaint> {
    match POLICIES.iter().find(|(word, _)| *word == text) {
        Some((_, policy)) => Ok(policy.clone()),
        None => Err(Complaint::new(format!("`{}` is none of: any, standard, or a list", printable(text)))
            .hint("a list looks like `[401, 429, 5xx, timeout, connect]`")),
    }
}

fn class(text: &str) -> Result<FailureClass, Complaint> {
    if let Some(hundred) =
        text.strip_suffix("xx").and_then(|digit| digit.parse().ok()).filter(|digit| (3..=5).contains(digit))
    {
        return Ok(FailureClass::Statuses(hundred));
    }
    match text.parse() {
        Ok(status @ 300..=599) => Ok(FailureClass::Status(status)),
        Ok(_) => Err(Complaint::new(format!("`{}` is no status of a failure", printable(text)))),
        Err(_) => choice(text, WORDS).map_err(|complaint| match complaint.hint {
            Some(_) => complaint,
            None => complaint.hint("or a status, or `4xx`, `5xx`"),
        }),
    }
}
