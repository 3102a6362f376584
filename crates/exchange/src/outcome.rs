use std::fmt;

/// How an exchange ended. The words are what the record's `outcome` column and the metrics' `outcome` label say.
///
/// ```
/// # use oar_exchange::Outcome;
/// /// Whose fault it was, for a page about one's service.
/// fn is_ours(outcome: Outcome) -> bool {
///     match outcome {
///         Outcome::Shed | Outcome::Drained => true,
///         Outcome::UpstreamError | Outcome::AllFailed | Outcome::StreamBroken => false,
///         Outcome::Ok | Outcome::ClientClosed | Outcome::Rejected => false,
///     }
/// }
/// assert_eq!(Outcome::ALL.into_iter().filter(|&outcome| is_ours(outcome)).count(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The client got a complete answer.
    Ok,
    /// The client got an upstream's own error answer, because no upstream had a better one.
    UpstreamError,
    /// Every upstream failed and the gateway said so (500, 502, 503, 504).
    AllFailed,
    /// The client left before the end.
    ClientClosed,
    /// The upstream failed after the first byte had gone to the client.
    StreamBroken,
    /// The gateway refused the request: token, path, size, form.
    Rejected,
    /// The gateway refused the request because it was overloaded.
    Shed,
    /// The gateway cut the exchange because it was shutting down.
    Drained,
}

impl Outcome {
    /// Every outcome, in the order of their declaration, for those who need the closed set.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::UpstreamError,
        Self::AllFailed,
        Self::ClientClosed,
        Self::StreamBroken,
        Self::Rejected,
        Self::Shed,
        Self::Drained,
    ];

    /// The word for it in records, metrics and logs.
    ///
    /// ```
    /// # use oar_exchange::Outcome;
    /// assert_eq!(Outcome::AllFailed.as_str(), "all_failed");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::UpstreamError => "upstream_error",
            Self::AllFailed => "all_failed",
            Self::ClientClosed => "client_closed",
            Self::StreamBroken => "stream_broken",
            Self::Rejected => "rejected",
            Self::Shed => "shed",
            Self::Drained => "drained",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever asks for records of an outcome, or counts them, has these and no others.
    #[test]
    fn all_has_each_outcome_once() {
        assert!(Outcome::ALL.is_sorted_by(|one, next| one < next));
        assert_eq!(Outcome::ALL.len(), Outcome::Drained as usize + 1, "`Drained` is the last one");
    }
}
