//! What of an exchange is somebody's fault. Knows no time, no language and no channel.

use crate::policy::Ending;
use oar_exchange::{Attempt, AttemptResult, Exchange};
use std::fmt;
use std::sync::Arc;

/// One thing that went wrong: what alerts are grouped by. Displays as the word for it in metrics and documents.
///
/// ```
/// # use oar_notify::{Reason, Subject, Trouble};
/// let trouble = Trouble::Upstream("primary".into(), Reason::Status(503));
/// assert_eq!(trouble.to_string(), "status 503");
/// assert_eq!(trouble.subject(), Subject::Upstream("primary".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// Every upstream failed and the client was told so.
    AllFailed,
    /// An upstream is at fault.
    Upstream(Arc<str>, Reason),
    /// Something beside the requests is wrong.
    Condition(Condition),
}

/// What an upstream did wrong. A closed set: an upstream cannot make new reasons up, but for the number of a status.
///
/// ```
/// # use oar_notify::Reason;
/// # use oar_exchange::AttemptResult;
/// assert_eq!(Reason::Failed(AttemptResult::HeadTimeout).to_string(), "head_timeout");
/// assert_eq!(Reason::StreamBroken.to_string(), "stream_broken");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It cut its answer after the first byte had gone to the client.
    StreamBroken,
    /// It answered with a status that is its own fault or the operator's, not the caller's.
    Status(u16),
    /// It gave no usable answer.
    Failed(AttemptResult),
}

/// What can be wrong beside the requests. No request fails of it, so none would tell.
///
/// ```
/// # use oar_notify::{Condition, Trouble};
/// let told: Vec<String> = Condition::ALL.map(|condition| Trouble::Condition(condition).to_string()).into();
/// assert_eq!(told, ["records_stuck", "reload_failed"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// Records cannot be written: the database is gone, locked or full.
    RecordsStuck,
    /// A new configuration was rejected, and the one before stays.
    ReloadFailed,
}

/// Who can be in trouble, and work again.
///
/// ```
/// # use oar_notify::{Subject, Trouble};
/// assert_eq!(Trouble::AllFailed.subject(), Subject::Requests);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// Requests as such: there was one for which no upstream was left.
    Requests,
    /// One upstream, by its configured name.
    Upstream(Arc<str>),
    /// What holds, or does not, beside the requests.
    Condition(Condition),
}

impl Trouble {
    /// Whose fault it is; `None` when no upstream was left, or none is concerned.
    ///
    /// ```
    /// # use oar_notify::{Reason, Trouble};
    /// assert_eq!(Trouble::Upstream("primary".into(), Reason::StreamBroken).upstream(), Some("primary"));
    /// assert_eq!(Trouble::AllFailed.upstream(), None);
    /// ```
    pub fn upstream(&self) -> Option<&str> {
        match self {
            Self::Upstream(upstream, _) => Some(upstream),
            Self::AllFailed | Self::Condition(_) => None,
        }
    }

    /// Who is in trouble.
    ///
    /// ```
    /// # use oar_notify::{Reason, Subject, Trouble};
    /// let [one, other] = [429, 503].map(|status| Trouble::Upstream("primary".into(), Reason::Status(status)));
    /// assert_ne!(one, other);
    /// assert_eq!(one.subject(), other.subject(), "they end together");
    /// ```
    pub fn subject(&self) -> Subject {
        match self {
            Self::AllFailed => Subject::Requests,
            Self::Upstream(upstream, _) => Subject::Upstream(Arc::clone(upstream)),
            Self::Condition(condition) => Subject::Condition(*condition),
        }
    }

    /// What of `exchange` people should hear about, the gravest first; empty when it is nobody's business.
    ///
    /// An upstream that fails is worth telling even when the next one saved the request. Callers' mistakes, clients
    /// that left and the gateway's own refusals are not, whatever had happened before.
    pub(crate) fn all_in(exchange: &Exchange) -> Vec<Self> {
        let Some(ending) = Ending::of(exchange.outcome) else { return Vec::new() };
        let mut troubles: Vec<Self> = match ending {
            Ending::AllFailed => vec![Self::AllFailed],
            Ending::StreamBroken => exchange.attempts.last().map(broken).into_iter().collect(),
            Ending::Ok | Ending::UpstreamError => Vec::new(),
        };
        for trouble in exchange.attempts.iter().filter_map(of_attempt) {
            if !troubles.contains(&trouble) {
                troubles.push(trouble);
            }
        }
        troubles
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllFailed => f.write_str("all_failed"),
            Self::Upstream(_, reason) => reason.fmt(f),
            Self::Condition(condition) => f.write_str(condition.as_str()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StreamBroken => f.write_str("stream_broken"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Failed(result) => result.fmt(f),
        }
    }
}

impl Condition {
    /// Every condition.
    pub const ALL: [Self; 2] = [Self::RecordsStuck, Self::ReloadFailed];

    /// The word for it.
    ///
    /// ```
    /// # use oar_notify::Condition;
    /// assert_eq!(Condition::RecordsStuck.as_str(), "records_stuck");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecordsStuck => "records_stuck",
            Self::ReloadFailed => "reload_failed",
        }
    }
}

fn broken(attempt: &Attempt) -> Trouble {
    Trouble::Upstream(Arc::clone(&attempt.upstream), Reason::StreamBroken)
}

fn of_attempt(attempt: &Attempt) -> Option<Trouble> {
    let reason = match attempt.result {
        // A connection that was closed for being idle is no trouble; what came of the repeat is told on its own.
        AttemptResult::Ok | AttemptResult::Abandoned | AttemptResult::StaleConnection => None,
        AttemptResult::Status if refuses_the_client(attempt) => None,
        AttemptResult::Status => attempt.status.filter(|status| is_upstreams_fault(*status)).map(Reason::Status),
        AttemptResult::DnsFailed
        | AttemptResult::ConnectRefused
        | AttemptResult::ConnectFailed
        | AttemptResult::ConnectTimeout
        | AttemptResult::TlsFailed
        | AttemptResult::ResetBeforeHead
        | AttemptResult::BadHead
        | AttemptResult::HeadTimeout
        | AttemptResult::FirstEventTimeout
        | AttemptResult::EndedBeforeEvent
        | AttemptResult::ErrorEvent
        | AttemptResult::Redirected
        | AttemptResult::Misconfigured
        | AttemptResult::Failed => Some(Reason::Failed(attempt.result)),
    };
    reason.map(|reason| Trouble::Upstream(Arc::clone(&attempt.upstream), reason))
}

/// The client's own token was passed on, and is wrong or spent: nobody here can mend that.
const fn refuses_the_client(attempt: &Attempt) -> bool {
    attempt.passed_client_token && matches!(attempt.status, Some(401..=403 | 429))
}

/// A key that is wrong, unpaid, forbidden or exhausted, or a server that fails: somebody must act. Any other status
/// says that the upstream did not like what the caller sent.
const fn is_upstreams_fault(status: u16) -> bool {
    matches!(status, 401 | 402 | 403 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attempt, exchange, status};
    use oar_exchange::Outcome;

    /// The troubles of an exchange that ended with `outcome` after `attempts`, as `upstream: reason`.
    fn troubles(outcome: Outcome, attempts: &[Attempt]) -> Vec<String> {
        let told = Trouble::all_in(&exchange(outcome, attempts));
        told.iter().map(|trouble| format!("{}: {trouble}", trouble.upstream().unwrap_or("-"))).collect()
    }

    /// N05
    #[test]
    fn every_way_an_upstream_gives_no_answer_is_its_fault() {
        let blameless =
            [AttemptResult::Ok, AttemptResult::Abandoned, AttemptResult::StaleConnection, AttemptResult::Status];
        for result in AttemptResult::ALL {
            let told = troubles(Outcome::Ok, &[attempt("a", result), attempt("b", AttemptResult::Ok)]);
            let expected = (!blameless.contains(&result)).then(|| format!("a: {result}"));
            assert_eq!(told, Vec::from_iter(expected));
        }
    }

    /// N05
    #[test]
    fn a_status_is_the_upstreams_fault_or_the_callers() {
        for (code, is_told) in [
            (400, false),
            (401, true),
            (402, true),
            (403, true),
            (404, false),
            (408, false),
            (409, false),
            (413, false),
            (415, false),
            (422, false),
            (429, true),
            (499, false),
            (500, true),
            (503, true),
            (529, true),
            (600, true),
        ] {
            let told = troubles(Outcome::UpstreamError, &[status("a", code)]);
            let expected = is_told.then(|| format!("a: status {code}"));
            assert_eq!(told, Vec::from_iter(expected));
        }
    }

    /// N05
    #[test]
    fn a_refusal_of_the_clients_own_token_is_the_clients_business() {
        for (code, expected) in [(401, vec![]), (429, vec![]), (500, vec!["a: status 500"])] {
            let passed_on = Attempt { passed_client_token: true, ..status("a", code) };
            assert_eq!(troubles(Outcome::UpstreamError, &[passed_on]), expected);
        }
    }

    /// N05
    #[test]
    fn which_outcomes_alert() {
        let fault = [attempt("a", AttemptResult::HeadTimeout)];
        for outcome in Outcome::ALL {
            let expected: &[&str] = match outcome {
                Outcome::ClientClosed | Outcome::Rejected | Outcome::Shed | Outcome::Drained => &[],
                Outcome::Ok | Outcome::UpstreamError => &["a: head_timeout"],
                Outcome::AllFailed => &["-: all_failed", "a: head_timeout"],
                Outcome::StreamBroken => &["a: stream_broken", "a: head_timeout"],
            };
            assert_eq!(troubles(outcome, &fault), expected, "{outcome}");
        }
    }

    #[test]
    fn a_request_that_simply_worked_is_nobodys_business() {
        assert!(troubles(Outcome::Ok, &[attempt("a", AttemptResult::Ok)]).is_empty());
    }

    #[test]
    fn the_same_trouble_twice_is_told_once() {
        let twice = [status("a", 500), status("a", 500), status("b", 500)];
        assert_eq!(troubles(Outcome::AllFailed, &twice), ["-: all_failed", "a: status 500", "b: status 500"]);
    }
}
