/// What came of an attempt, as far as the decision after it depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A response head arrived, with this status.
    Status(u16),
    /// The candidate switched protocols as it was asked to (`101`).
    Switched,
    /// No connection: the candidate has certainly not seen the request.
    Unreachable,
    /// The connection failed, or what came was no response; the candidate may have seen the request.
    Broken,
    /// No response head within the attempt's time limit.
    TimedOut,
    /// Its configuration makes an attempt impossible: a person must mend it.
    Misconfigured,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Give this answer to the client.
    Relay,
    /// Try the next candidate, if there is one.
    TryNext,
    /// Try nothing more: another candidate would hide what is wrong with this one.
    Stop,
}

impl Verdict {
    /// Every success is relayed, and every failure tried elsewhere: a 400 too, because one provider's bad request is
    /// another one's known model.
    pub(crate) const fn on(finding: Finding) -> Self {
        match finding {
            Finding::Status(200..=299) | Finding::Switched => Self::Relay,
            Finding::Status(_) | Finding::Unreachable | Finding::Broken | Finding::TimedOut => Self::TryNext,
            Finding::Misconfigured => Self::Stop,
        }
    }
}
