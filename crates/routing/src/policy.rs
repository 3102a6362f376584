use crate::verdict::Finding;

/// After which findings the next candidate is tried. Of [`Finding::Misconfigured`] and [`Finding::Stale`] none has a say.
///
/// ```
/// # use oar_routing::{Candidate, FailoverOn, FailureClass, Finding, Order, Query, Router, Token, Verdict};
/// let judged = |policy, finding| {
///     let candidate = Candidate::new("only", ()).failover_on(policy);
///     let router = Router::builder(Order::Configured).token(Token::new("t")).candidate(candidate).build()?;
///     let plan = router.plan(&router.authenticate(Some("t"))?, &Query::model("m"), 0)?;
///     Ok::<_, Box<dyn std::error::Error>>(plan.first().judge(finding))
/// };
/// assert_eq!(judged(FailoverOn::Any, Finding::Status(400))?, Verdict::TryNext);
/// assert_eq!(judged(FailoverOn::Standard, Finding::Status(400))?, Verdict::Relay);
/// assert_eq!(judged(FailoverOn::Standard, Finding::Status(429))?, Verdict::TryNext);
/// let when_busy = FailoverOn::These(vec![FailureClass::Status(429), FailureClass::Statuses(5)]);
/// assert_eq!(judged(when_busy, Finding::TimedOut)?, Verdict::Stop);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailoverOn {
    /// After every failure, a caller's mistake included: one provider's bad request is another one's known model.
    #[default]
    Any,
    /// After every failure that another candidate may not have, and not after those that blame the request (400, 405, 413,
    /// 422 and the like). Right for several keys of one provider.
    Standard,
    /// After these, and after no other.
    These(Vec<FailureClass>),
}

/// A class of findings, for [`FailoverOn::These`].
///
/// ```
/// # use oar_routing::{Candidate, FailoverOn, FailureClass};
/// let unwell = vec![FailureClass::Statuses(5), FailureClass::Connect, FailureClass::Timeout];
/// let candidate = Candidate::new("only", ()).failover_on(FailoverOn::These(unwell));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureClass {
    /// This status.
    Status(u16),
    /// All statuses of a hundred: `Statuses(5)` is 500 to 599.
    Statuses(u16),
    /// No connection.
    Connect,
    /// No answer in time.
    Timeout,
    /// A connection that failed after the request, or an answer that is none.
    Broken,
    /// A stream whose first event is an error.
    ErrorEvent,
}

impl FailoverOn {
    /// Whether a failure of this kind is another candidate's chance.
    pub(crate) fn covers(&self, finding: Finding) -> bool {
        match self {
            Self::Any => true,
            Self::Standard => match finding {
                Finding::Status(status) => !blames_the_request(status),
                Finding::Unreachable | Finding::Broken | Finding::TimedOut | Finding::ErrorEvent => true,
                Finding::Switched | Finding::Stale | Finding::Misconfigured => false,
            },
            Self::These(classes) => classes.iter().any(|class| class.contains(finding)),
        }
    }
}

impl FailureClass {
    fn contains(self, finding: Finding) -> bool {
        match self {
            Self::Status(listed) => finding == Finding::Status(listed),
            Self::Statuses(hundred) => matches!(finding, Finding::Status(status) if status / 100 == hundred),
            Self::Connect => finding == Finding::Unreachable,
            Self::Timeout => finding == Finding::TimedOut,
            Self::Broken => finding == Finding::Broken,
            Self::ErrorEvent => finding == Finding::ErrorEvent,
        }
    }
}

/// The statuses that say that the request is wrong wherever it is sent.
const fn blames_the_request(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401..=404 | 408 | 409 | 421 | 425 | 429)
}
