use crate::verdict::Finding;

/// After which findings the next candidate is tried.
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
        match (self, finding) {
            (Self::Status(listed), Finding::Status(status)) => listed == status,
            (Self::Statuses(hundred), Finding::Status(status)) => status / 100 == hundred,
            (Self::Connect, Finding::Unreachable)
            | (Self::Timeout, Finding::TimedOut)
            | (Self::Broken, Finding::Broken)
            | (Self::ErrorEvent, Finding::ErrorEvent) => true,
            _ => false,
        }
    }
}

/// The statuses that say that the request is wrong wherever it is sent.
const fn blames_the_request(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 401..=404 | 408 | 409 | 421 | 425 | 429)
}
