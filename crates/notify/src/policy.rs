//! What the operator chooses: of what people are told, how often, and in which language.

use oar_exchange::Outcome;
use std::collections::BTreeSet;
use std::time::Duration;

/// What people are told, how often, and in which language.
///
/// ```
/// use oar_notify::{Ending, Language, Policy};
/// use std::time::Duration;
///
/// let policy = Policy { window: Duration::from_secs(300), language: Language::Chinese, ..Policy::default() };
/// assert_eq!(policy.messages_per_minute, 20);
/// assert!(policy.outcomes.contains(&Ending::Ok), "of an upstream's fault that another made good, too");
/// ```
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
///
/// ```
/// # use oar_notify::Language;
/// assert_eq!(Language::default(), Language::English);
/// ```
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
///
/// ```
/// # use oar_notify::{Ending, Policy};
/// let quiet = Policy { outcomes: [Ending::AllFailed, Ending::StreamBroken].into(), ..Policy::default() };
/// assert!(!quiet.outcomes.contains(&Ending::Ok));
/// ```
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
    ///
    /// ```
    /// # use oar_notify::Ending;
    /// # use oar_exchange::Outcome;
    /// assert_eq!(Ending::of(Outcome::AllFailed), Some(Ending::AllFailed));
    /// assert_eq!(Ending::of(Outcome::ClientClosed), None);
    /// ```
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
    ///
    /// ```
    /// # use oar_notify::Ending;
    /// assert!(Ending::ALL.iter().all(|ending| Ending::of(ending.outcome()) == Some(*ending)));
    /// ```
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Ok => Outcome::Ok,
            Self::UpstreamError => Outcome::UpstreamError,
            Self::StreamBroken => Outcome::StreamBroken,
            Self::AllFailed => Outcome::AllFailed,
        }
    }

    /// The word for it in records, metrics and logs.
    ///
    /// ```
    /// # use oar_notify::Ending;
    /// assert_eq!(Ending::ALL.map(Ending::as_str), ["ok", "upstream_error", "stream_broken", "all_failed"]);
    /// ```
    pub const fn as_str(self) -> &'static str {
        self.outcome().as_str()
    }
}
