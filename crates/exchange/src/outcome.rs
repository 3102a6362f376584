use std::fmt;

/// How an exchange ended. The words are what the record's `outcome` column and the metrics' `outcome` label say.
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
    /// Every outcome, for those who need the closed set.
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
