use super::Manner;
use std::fmt;

/// Who is told about a flood, and who still answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// Nobody is told.
    NoAlerts,
    /// A bot that takes what it is told.
    Answers,
    /// A bot that never answers.
    Hangs,
    /// A bot whose port is closed.
    Refuses,
    /// A bot that takes what it is told, and no upstream that answers.
    AllFail,
}

impl Case {
    /// Those that a request should not be able to tell apart, in the order of a round.
    pub const COMPARED: [Self; 4] = [Self::NoAlerts, Self::Answers, Self::Hangs, Self::Refuses];

    /// What the bot does, if there is one.
    pub const fn manner(self) -> Option<Manner> {
        match self {
            Self::NoAlerts => None,
            Self::Answers | Self::AllFail => Some(Manner::Answers),
            Self::Hangs => Some(Manner::Hangs),
            Self::Refuses => Some(Manner::Refuses),
        }
    }

    /// How many upstreams fail in each request.
    pub const fn faults_per_request(self) -> u64 {
        match self {
            Self::NoAlerts | Self::Answers | Self::Hangs | Self::Refuses => 1,
            Self::AllFail => 2,
        }
    }

    /// What a client gets.
    pub const fn status(self) -> u16 {
        match self {
            Self::NoAlerts | Self::Answers | Self::Hangs | Self::Refuses => 200,
            Self::AllFail => 502,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoAlerts => "no alerts",
            Self::Answers => "Feishu answers",
            Self::Hangs => "Feishu hangs",
            Self::Refuses => "Feishu refuses",
            Self::AllFail => "all fail",
        })
    }
}
