use std::time::Duration;

/// Each upstream's one way to answer or to fail. In the gateway's configuration they stand in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Its port is closed.
    Refuses,
    /// Reads the request and resets the connection.
    Resets,
    /// Says `429`, and to come back in 7 seconds.
    Limits,
    /// Says `500`.
    Fails,
    /// Says `502` with a page of HTML, and closes.
    ShowsPage,
    /// Says `400`, with a body that has no end.
    Rambles,
    /// Begins a stream whose first event is an error.
    ErrsFirst,
    /// Begins a stream and ends it before the first event.
    EndsEmpty,
    /// Begins a stream, and sends comments for ever.
    NeverBegins,
    /// Reads the request and never answers; given up soon.
    Stalls,
    /// Reads the request and never answers; given up late.
    Holds,
    /// Breaks its answer off, in the middle of an event, with a reset.
    Breaks,
    /// Stops a stream between two events, with an end that HTTP takes for a good one.
    Stops,
    /// Stops in the middle of a stream, and keeps the connection.
    FallsSilent,
    /// Answers for ever.
    Endless,
    /// Takes its time.
    Slow,
    /// Answers.
    Good,
}

/// What an upstream's entry in the configuration says about patience, beside the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The defaults.
    Usual,
    /// This long for a head.
    ForHead(Duration),
    /// This long for a stream's first event.
    ForFirstEvent(Duration),
    /// This long between two bytes of an answer.
    BetweenBytes(Duration),
}

impl Role {
    /// All of them, in order.
    pub const ALL: [Self; 17] = [
        Self::Refuses,
        Self::Resets,
        Self::Limits,
        Self::Fails,
        Self::ShowsPage,
        Self::Rambles,
        Self::ErrsFirst,
        Self::EndsEmpty,
        Self::NeverBegins,
        Self::Stalls,
        Self::Holds,
        Self::Breaks,
        Self::Stops,
        Self::FallsSilent,
        Self::Endless,
        Self::Slow,
        Self::Good,
    ];

    /// The upstream's name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Resets => "resets",
            Self::Limits => "limits",
            Self::Fails => "fails",
            Self::ShowsPage => "shows-page",
            Self::Rambles => "rambles",
            Self::ErrsFirst => "errs-first",
            Self::EndsEmpty => "ends-empty",
            Self::NeverBegins => "never-begins",
            Self::Stalls => "stalls",
            Self::Holds => "holds",
            Self::Breaks => "breaks",
            Self::Stops => "stops",
            Self::FallsSilent => "falls-silent",
            Self::Endless => "endless",
            Self::Slow => "slow",
            Self::Good => "good",
        }
    }

    /// How long the gateway is to wait for it. Whoever answers is given ample time, however busy the machine.
    pub const fn patience(self) -> Patience {
        match self {
            // Long enough for the request to be seen here, so that what was seen can be told for certain.
            Self::Stalls => Patience::ForHead(Duration::from_secs(1)),
            Self::NeverBegins => Patience::ForFirstEvent(Duration::from_millis(300)),
            // On a machine that has no time left, what was sent may wait for some of it as well.
            Self::FallsSilent => Patience::BetweenBytes(Duration::from_secs(2)),
            Self::Refuses
            | Self::Resets
            | Self::Limits
            | Self::Fails
            | Self::ShowsPage
            | Self::Rambles
            | Self::ErrsFirst
            | Self::EndsEmpty
            | Self::Holds
            | Self::Breaks
            | Self::Stops
            | Self::Endless
            | Self::Slow
            | Self::Good => Patience::Usual,
        }
    }
}
