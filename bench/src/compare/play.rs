//! What the stand-in is asked to do.

use std::fmt;
use std::str::FromStr;

/// What the stand-in is to do with a request, as its query says: of headers, a gateway passes on those that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// One answer of so many bytes.
    Plain {
        /// How many.
        bytes: usize,
    },
    /// A stream with a distance between its events.
    Paced {
        /// How many.
        events: u32,
        /// How far apart, in microseconds.
        every: u64,
    },
    /// A stream whose events leave one after the other, each by itself, without a pause.
    Burst {
        /// How many.
        events: u32,
    },
    /// A stream that begins, and then says nothing until whoever reads it leaves.
    Held,
}

impl Play {
    /// The path of a request for this, with its query.
    pub fn path(self) -> String {
        format!("/v1/chat/completions?play={self}")
    }

    /// What a head's first line asks for.
    ///
    /// # Errors
    ///
    /// It asks for nothing that is known here.
    pub fn asked(head: &[u8]) -> Result<Self, String> {
        let line = head.split(|&byte| byte == b'\r').next().and_then(|line| std::str::from_utf8(line).ok());
        let (_, asked) = line.and_then(|line| line.split_once("play=")).unwrap_or_default();
        asked.split(' ').next().unwrap_or_default().parse()
    }

    /// How many events come of it; a held stream begins with two.
    pub const fn events(self) -> u32 {
        match self {
            Self::Plain { .. } => 0,
            Self::Paced { events, .. } | Self::Burst { events } => events,
            Self::Held => 2,
        }
    }
}

impl fmt::Display for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain { bytes } => write!(f, "plain-{bytes}"),
            Self::Paced { events, every } => write!(f, "paced-{events}-{every}"),
            Self::Burst { events } => write!(f, "burst-{events}"),
            Self::Held => write!(f, "held"),
        }
    }
}

impl FromStr for Play {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is none of: plain-BYTES, paced-EVENTS-MICROSECONDS, burst-EVENTS, held");
        let words: Vec<_> = text.split('-').collect();
        let number = |word: &str| word.parse().map_err(|_| wrong());
        match words.as_slice() {
            ["plain", bytes] => Ok(Self::Plain { bytes: bytes.parse().map_err(|_| wrong())? }),
            ["paced", events, every] => {
                Ok(Self::Paced { events: number(events)?, every: every.parse().map_err(|_| wrong())? })
            }
            ["burst", events] => Ok(Self::Burst { events: number(events)? }),
            ["held"] => Ok(Self::Held),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        for play in
            [Play::Plain { bytes: 7 }, Play::Paced { events: 5, every: 10 }, Play::Burst { events: 5 }, Play::Held]
        {
            assert_eq!(play.to_string().parse(), Ok(play));
            assert_eq!(Play::asked(format!("POST {} HTTP/1.1\r\nhost: a\r\n", play.path()).as_bytes()), Ok(play));
        }
        for wrong in ["", "plain", "plain x", "held-1"] {
            assert!(wrong.parse::<Play>().is_err(), "{wrong}");
        }
    }
}
