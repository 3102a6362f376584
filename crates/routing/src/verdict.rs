use crate::policy::FailoverOn;
use crate::query::Repeat;

/// What came of an attempt, as far as the decision after it depends on it. Your client says it, in these words.
///
/// ```
/// # use oar_routing::Finding;
/// use std::io::ErrorKind;
///
/// /// For a client whose errors are those of its socket.
/// fn finding(answer: Result<u16, ErrorKind>) -> Finding {
///     match answer {
///         Ok(status) => Finding::Status(status),
///         Err(ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable) => Finding::Unreachable,
///         Err(ErrorKind::TimedOut) => Finding::TimedOut,
///         Err(_) => Finding::Broken,
///     }
/// }
/// assert_eq!(finding(Err(ErrorKind::ConnectionReset)), Finding::Broken);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// A response head arrived, with this status.
    Status(u16),
    /// The candidate switched protocols as it was asked to (`101`).
    Switched,
    /// No connection: the candidate has certainly not seen the request.
    Unreachable,
    /// A connection kept from an earlier request ended without a byte of an answer. Most likely the candidate had closed it
    /// for being idle, and has not seen the request; nobody can be sure. Also, over HTTP/2, a request that was refused unread.
    ///
    /// Report it once per attempt: on a connection that was made for the request, the same end is [`Broken`](Self::Broken).
    Stale,
    /// The connection failed, or what came was no response; the candidate may have seen the request.
    Broken,
    /// No response head within the attempt's time limit, or no first event of a stream in its time.
    TimedOut,
    /// The first event of a stream says that the candidate failed.
    ErrorEvent,
    /// Its configuration makes an attempt impossible: a person must mend it.
    Misconfigured,
}

/// What to do after an attempt. From [`Attempt::judge`](crate::Attempt::judge).
///
/// ```
/// # use oar_routing::{Candidate, Finding, Order, Query, Router, Token, Verdict};
/// # let router = Router::builder(Order::Configured).token(Token::new("t")).candidate(Candidate::new("a", ())).build()?;
/// # let plan = router.plan(&router.authenticate(Some("t"))?, &Query::model("m"), 0)?;
/// // Your client; the connection that it kept from an earlier request turns out to be dead.
/// let ask = |connection| if connection == "kept" { Finding::Stale } else { Finding::Status(200) };
/// let mut answered_by = None;
/// for attempt in plan.attempts() {
///     let mut verdict = attempt.judge(ask("kept"));
///     if verdict == Verdict::Again {
///         verdict = attempt.judge(ask("new"));
///     }
///     match verdict {
///         Verdict::Relay => answered_by = Some(attempt.name()),
///         Verdict::TryNext => continue,
///         Verdict::Again | Verdict::Stop => {}
///     }
///     break;
/// }
/// assert_eq!(answered_by.map(|name| &**name), Some("a"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Give this answer to the client.
    Relay,
    /// Try the same candidate once more, on a connection made for this request: nothing is wrong with the candidate.
    Again,
    /// Try the next candidate, if there is one.
    TryNext,
    /// Try nothing more: another candidate would hide what is wrong with this one.
    Stop,
}

impl Verdict {
    /// What to do after `finding` when the policy is `policy`.
    pub(crate) fn on(finding: Finding, policy: &FailoverOn, repeat: Repeat) -> Self {
        match (finding, repeat) {
            (Finding::Status(200..=299) | Finding::Switched, _) => Self::Relay,
            (Finding::Misconfigured, _) => Self::Stop,
            // Not the policy's business: nobody else is asked.
            (Finding::Stale, Repeat::Anywhere) => Self::Again,
            (Finding::Stale, Repeat::OnlyIfUnseen) => Self::Stop,
            (Finding::Unreachable, _) | (_, Repeat::Anywhere) if policy.covers(finding) => Self::TryNext,
            // A redirect is never followed and never relayed: it would lead the client to a host nobody configured.
            (Finding::Status(300..=399), _) => Self::Stop,
            (Finding::Status(_), _) => Self::Relay,
            (Finding::Unreachable | Finding::Broken | Finding::TimedOut | Finding::ErrorEvent, _) => Self::Stop,
        }
    }
}
