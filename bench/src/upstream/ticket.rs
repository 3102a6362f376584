use std::fmt;
use std::str::FromStr;

/// Which request it is, and what answer it asks for: its `x-request-id`, as `soak-17-plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// Unique in one run.
    pub number: u64,
    /// What a good upstream answers.
    pub kind: Kind,
}

/// What a good upstream answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A JSON text of up to some kilobytes.
    Plain,
    /// A stream of some events.
    Stream,
    /// A megabyte of something that is no text.
    Large,
    /// A stream of a quarter of a megabyte.
    Long,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Plain, Self::Stream, Self::Large, Self::Long];

    /// Whether the answer is a stream of events.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Stream | Self::Long)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Stream => "stream",
            Self::Large => "large",
            Self::Long => "long",
        }
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "soak-{}-{}", self.number, self.kind.word())
    }
}

/// A text that is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTicket;

impl FromStr for Ticket {
    type Err = NoTicket;

    fn from_str(text: &str) -> Result<Self, NoTicket> {
        let (number, word) = text.strip_prefix("soak-").and_then(|rest| rest.split_once('-')).ok_or(NoTicket)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or(NoTicket)?;
        Ok(Self { number: number.parse().map_err(|_| NoTicket)?, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_as_it_is_written() {
        for kind in Kind::ALL {
            let ticket = Ticket { number: 17, kind };
            assert_eq!(ticket.to_string().parse(), Ok(ticket));
        }
        for text in ["", "soak-17", "soak--plain", "soak-17-other", "0198c0de-0000-7000-8000-000000000000"] {
            assert_eq!(text.parse::<Ticket>(), Err(NoTicket), "{text}");
        }
    }
}
