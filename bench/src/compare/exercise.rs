//! The kinds of load.

use super::behind::Speech;
use super::figure::Figure;
use super::loader::{Order, Pace};
use super::play::Play;
use crate::cli::one_of;
use std::net::SocketAddr;

/// What clients present.
pub(crate) const TOKEN: &str = "token-of-a-comparison";

/// How many paced streams begin in a second. Each takes half a second, so a hundred run; and two begin every 10.1 ms, so that
/// the events of all of them are spread evenly over the 10 ms between two of one stream. Streams that begin where another one
/// has ended go on together once they have met, and how long an event then waits is a matter of luck.
const PACED: u32 = 198;

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exercise {
    /// Requests and answers of 1 KiB, as many as 16 connections can.
    Plain,
    /// The same, 200 a second, each when it is due.
    Rate,
    /// Streams of 50 events, one each 10 ms: a hundred run at a time, begun one after the other.
    Paced,
    /// Streams of 50 events without a pause between them, at 16 connections.
    Burst,
    /// Requests of 1 MB, at 8 connections.
    Upload,
    /// Streams that are held open: a thousand, then five thousand.
    Memory,
    /// As the first, with an upstream that speaks TLS.
    Tls,
    /// Requests 200 a second, while 63 streams run; with an upstream that speaks TLS.
    Crowd,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As much as it takes for figures that can be told again.
    Whole,
    /// As much as it takes to see that it works.
    Quick,
}

impl Exercise {
    /// All of them, in the order in which they are done.
    pub const ALL: [Self; 8] =
        [Self::Plain, Self::Rate, Self::Paced, Self::Burst, Self::Upload, Self::Memory, Self::Tls, Self::Crowd];

    /// What it is called on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Rate => "rate",
            Self::Paced => "paced",
            Self::Burst => "burst",
            Self::Upload => "upload",
            Self::Memory => "memory",
            Self::Tls => "tls",
            Self::Crowd => "crowd",
        }
    }

    /// What it is, as a table's title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Plain => "Plain requests: 1 KiB there, 1 KiB back, as many as 16 connections can",
            Self::Rate => "Latency: the same, 200 a second, each counted from the moment it was due",
            Self::Paced => "Paced streams: 198 begun a second, 50 events each, one every 10 ms; so 100 at a time",
            Self::Burst => "Burst streams: 50 events without a pause, at 16 connections",
            Self::Upload => "Uploads: 1 MB there, 1 KiB back, at 8 connections",
            Self::Memory => "Memory: resident, with streams held open",
            Self::Tls => {
                "TLS upstream: plain requests as above, the upstream with TLS and, for whoever wants it, HTTP/2"
            }
            Self::Crowd => "Crowd: plain requests, 200 a second, while 63 streams run; the upstream with TLS",
        }
    }

    /// The one of this name.
    ///
    /// # Errors
    ///
    /// There is none; says which there are.
    pub fn of(word: &str) -> Result<Self, String> {
        one_of(word, Self::ALL.map(|one| (one.word(), one)))
    }

    /// What it tells.
    pub const fn figures(self) -> &'static [Figure] {
        match self {
            Self::Plain => &[Figure::Cpu, Figure::PerSecond, Figure::Lost],
            Self::Rate => &[Figure::WholeP50, Figure::WholeP99, Figure::Cpu],
            Self::Paced => {
                &[Figure::Cpu, Figure::FirstP50, Figure::FirstP99, Figure::DelayP50, Figure::DelayP99, Figure::GapP99]
            }
            Self::Burst => &[Figure::Cpu, Figure::FirstP50, Figure::FirstP99, Figure::WholeP50, Figure::Lost],
            Self::Upload => &[Figure::Cpu, Figure::WholeP50, Figure::Lost],
            Self::Memory => &[Figure::Idle, Figure::StreamSome, Figure::StreamMany],
            Self::Tls => &[Figure::Cpu, Figure::PerSecond, Figure::Handshakes, Figure::Http2],
            Self::Crowd => &[Figure::WholeP50, Figure::WholeP99, Figure::Connections, Figure::Http2],
        }
    }

    /// Whether it tells anything of clients that ask the upstream itself.
    pub fn tells_of_nobody(self) -> bool {
        match self {
            Self::Plain | Self::Rate | Self::Paced | Self::Burst | Self::Upload | Self::Crowd => true,
            Self::Memory | Self::Tls => false,
        }
    }

    /// How the upstream is to be spoken with.
    pub const fn speech(self) -> Speech {
        match self {
            Self::Plain | Self::Rate | Self::Paced | Self::Burst | Self::Upload | Self::Memory => Speech::Plain,
            Self::Tls | Self::Crowd => Speech::Tls,
        }
    }

    /// What another load generator is to do meanwhile, until it is stopped.
    pub fn background(self, to: SocketAddr) -> Option<Order> {
        let pace = Pace::Closed { connections: 63, warm: 0, count: u64::MAX };
        let play = Play::Paced { events: 50, every: 10_000 };
        let order = Order { to, token: TOKEN.to_owned(), play, body: 1024, pace };
        (self == Self::Crowd).then_some(order)
    }

    /// What the load generator is to do, at this address.
    pub fn order(self, to: SocketAddr, size: Size) -> Order {
        let (body, play) = match self {
            Self::Plain | Self::Rate | Self::Tls | Self::Crowd => (1024, Play::Plain { bytes: 1024 }),
            Self::Paced => (1024, Play::Paced { events: 50, every: 10_000 }),
            Self::Burst => (1024, Play::Burst { events: 50 }),
            Self::Upload => (1_000_000, Play::Plain { bytes: 1024 }),
            Self::Memory => (1024, Play::Held),
        };
        Order { to, token: TOKEN.to_owned(), play, body, pace: self.pace(size) }
    }

    fn pace(self, size: Size) -> Pace {
        let closed = |connections, count| Pace::Closed { connections, warm: count / 10, count };
        match (self, size) {
            (Self::Tls, Size::Whole) => closed(16, 15_000),
            (Self::Plain, Size::Whole) => closed(16, 30_000),
            (Self::Plain | Self::Tls, Size::Quick) => closed(16, 400),
            (Self::Rate | Self::Crowd, Size::Whole) => Pace::Even { connections: 0, rate: 200, warm: 50, count: 800 },
            (Self::Rate | Self::Crowd, Size::Quick) => Pace::Even { connections: 0, rate: 200, warm: 10, count: 40 },
            (Self::Paced, Size::Whole) => Pace::Even { connections: 100, rate: PACED, warm: 100, count: 600 },
            (Self::Paced, Size::Quick) => Pace::Even { connections: 10, rate: PACED, warm: 0, count: 10 },
            (Self::Burst, Size::Whole) => closed(16, 5000),
            (Self::Burst, Size::Quick) => closed(16, 100),
            (Self::Upload, Size::Whole) => closed(8, 500),
            (Self::Upload, Size::Quick) => closed(8, 20),
            (Self::Memory, Size::Whole) => Pace::Held { steps: vec![1000, 5000] },
            (Self::Memory, Size::Quick) => Pace::Held { steps: vec![50, 200] },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_said() {
        for exercise in Exercise::ALL {
            assert_eq!(Exercise::of(exercise.word()), Ok(exercise));
        }
        assert!(Exercise::of("all").is_err());
        assert!(Exercise::Rate.tells_of_nobody() && !Exercise::Memory.tells_of_nobody());
    }
}
