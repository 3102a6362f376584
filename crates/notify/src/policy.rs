use oar_exchange::Outcome;
use std::collections::BTreeSet;
use std::time::Duration;

/// What people are told, how often, and in which language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Each pair of upstream and reason is told at most once in this time; 60 s by default.
    pub window: Duration,
    /// How many messages there may be in 60 s, all kinds together; 20 by default, and never less than one.
    pub messages_per_minute: usize,
    /// Of which requests people are told, by their ends; all four by default. An upstream's fault in a request that another
    /// upstream saved counts under [`Ending::Ok`]. With an empty set people hear of records and reloads alone.
    pub outcomes: BTreeSet<Ending>,
    /// The language of messages.
    pub language: Language,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            messages_per_minute: 20,
            outcomes: Ending::ALL.into(),
            language: Language::default(),
        }
    }
}

/// The language of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese, in simplified characters.
    Chinese,
}

/// The end of a request that people may hear about.
///
/// A client that left, a caller's mistake, a wrong token and a request that was shed are no such ends: no configuration
/// can make them alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The client got a complete answer, of whichever upstream.
    Ok,
    /// The client got an upstream's own error.
    UpstreamError,
    /// The answer broke off after it had begun.
    StreamBroken,
    /// Every upstream failed.
    AllFailed,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 4] = [Self::Ok, Self::UpstreamError, Self::StreamBroken, Self::AllFailed];

    /// The ending that `outcome` is; `None` when it is nobody's business.
    pub const fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Ok => Some(Self::Ok),
            Outcome::UpstreamError => Some(Self::UpstreamError),
            Outcome::StreamBroken => Some(Self::StreamBroken),
            Outcome::AllFailed => Some(Self::AllFailed),
            Outcome::ClientClosed | Outcome::Rejected | Outcome::Shed | Outcome::Drained => None,
        }
    }

    /// The outcome that it is.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Ok => Outcome::Ok,
            Self::UpstreamError => Outcome::UpstreamError,
            Self::StreamBroken => Outcome::StreamBroken,
            Self::AllFailed => Outcome::AllFailed,
        }
    }

    /// The word for it in records, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        self.outcome().as_str()
    }
}
