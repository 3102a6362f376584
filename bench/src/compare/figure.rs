//! What is measured.

/// One number that a measurement yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Processor time of each request or stream, in microseconds.
    Cpu,
    /// Answers in a second.
    PerSecond,
    /// From the moment a request was due to the end of its answer, in milliseconds: the median.
    WholeP50,
    /// The same: what 99 of 100 stay within.
    WholeP99,
    /// From the moment a stream was asked for to its first event.
    FirstP50,
    /// The same, of 99 in 100.
    FirstP99,
    /// From the moment at which an event was made to its arrival.
    DelayP50,
    /// The same, of 99 in 100.
    DelayP99,
    /// Between an event and the one before, of 99 in 100.
    GapP99,
    /// Of 100 requests that were to be recorded, how many were not.
    Lost,
    /// TLS handshakes with the upstream for each 10,000 requests.
    Handshakes,
    /// Of 100 requests, how many reached the upstream by HTTP/2.
    Http2,
    /// Connections to the upstream.
    Connections,
    /// Memory before the first request, in MiB.
    Idle,
    /// How much more with streams held open, in KiB for each: with the first step's.
    StreamSome,
    /// The same, with the last step's.
    StreamMany,
}

/// What a figure is held against, within the same round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Nothing.
    Nothing,
    /// How many times nginx's.
    Nginx,
    /// How much more than without a proxy.
    Direct,
}

impl Figure {
    /// The head of its column.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cpu => "CPU µs",
            Self::PerSecond => "a second",
            Self::WholeP50 => "p50 ms",
            Self::WholeP99 => "p99 ms",
            Self::FirstP50 => "first event p50 ms",
            Self::FirstP99 => "first event p99 ms",
            Self::DelayP50 => "each event p50 ms",
            Self::DelayP99 => "each event p99 ms",
            Self::GapP99 => "gap p99 ms",
            Self::Lost => "records lost %",
            Self::Handshakes => "handshakes in 10,000",
            Self::Http2 => "by HTTP/2 %",
            Self::Connections => "connections upstream",
            Self::Idle => "idle MiB",
            Self::StreamSome => "KiB a stream, of 1,000",
            Self::StreamMany => "KiB a stream, of 5,000",
        }
    }

    /// Whether there must be a process for it.
    pub const fn costs(self) -> bool {
        matches!(self, Self::Cpu | Self::Idle | Self::StreamSome | Self::StreamMany)
    }

    /// What it is held against.
    pub const fn against(self) -> Against {
        match self {
            Self::Cpu | Self::StreamMany => Against::Nginx,
            Self::WholeP50 | Self::WholeP99 | Self::FirstP50 | Self::FirstP99 | Self::DelayP50 | Self::DelayP99 => {
                Against::Direct
            }
            Self::PerSecond | Self::GapP99 | Self::Idle | Self::StreamSome => Against::Nothing,
            Self::Lost | Self::Handshakes | Self::Http2 | Self::Connections => Against::Nothing,
        }
    }

    /// How many digits after the point are worth reading.
    pub const fn digits(self) -> usize {
        match self {
            Self::PerSecond | Self::Handshakes | Self::Http2 | Self::Connections => 0,
            Self::Cpu | Self::Lost | Self::Idle | Self::StreamSome | Self::StreamMany => 1,
            Self::WholeP50
            | Self::WholeP99
            | Self::FirstP50
            | Self::FirstP99
            | Self::DelayP50
            | Self::DelayP99
            | Self::GapP99 => 2,
        }
    }
}
