use crate::cli::Words;
use crate::compare::play::Play;
use std::net::SocketAddr;

/// What the load generator is to do, as its parent writes it on its command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Where to.
    pub to: SocketAddr,
    /// What the client presents.
    pub token: String,
    /// What the stand-in is to answer.
    pub play: Play,
    /// How large each request's body is.
    pub body: usize,
    /// When requests are sent.
    pub pace: Pace,
}

/// When requests are sent, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each connection asks again as soon as it has been answered.
    Closed {
        /// How many connections.
        connections: u32,
        /// How many requests before what is measured.
        warm: u64,
        /// How many requests are measured.
        count: u64,
    },
    /// Each request is sent when it is due, however long the others take.
    Even {
        /// How many connections are there from the beginning.
        connections: u32,
        /// How many in a second.
        rate: u32,
        /// How many before what is measured.
        warm: u64,
        /// How many are measured.
        count: u64,
    },
    /// Streams are opened, and kept: as many as each step says, in all.
    Held {
        /// The steps.
        steps: Vec<u32>,
    },
}

impl Order {
    /// As words of a command line.
    pub fn words(&self) -> Vec<String> {
        let pairs = [
            ("--to", self.to.to_string()),
            ("--token", self.token.clone()),
            ("--play", self.play.to_string()),
            ("--body", self.body.to_string()),
        ];
        pairs.into_iter().chain(self.pace.pairs()).flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    /// Reads them back.
    ///
    /// # Errors
    ///
    /// Says which word is wrong.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        Words::parse(words, |words| {
            let to = words.required("--to")?;
            Ok(Self {
                to: to.parse().map_err(|_| format!("`{to}` is no address"))?,
                token: words.required("--token")?,
                play: words.required("--play")?.parse()?,
                body: words.number("--body", 1024)?,
                pace: Pace::take(words)?,
            })
        })
    }
}

impl Pace {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let counts = |warm: &u64, count: &u64| [("--warm", warm.to_string()), ("--count", count.to_string())];
        match self {
            Self::Closed { connections, warm, count } => {
                [("--connections", connections.to_string())].into_iter().chain(counts(warm, count)).collect()
            }
            Self::Even { connections, rate, warm, count } => {
                let own = [("--connections", connections.to_string()), ("--rate", rate.to_string())];
                own.into_iter().chain(counts(warm, count)).collect()
            }
            Self::Held { steps } => {
                let steps: Vec<_> = steps.iter().map(u32::to_string).collect();
                vec![("--steps", steps.join(","))]
            }
        }
    }

    fn take(words: &mut Words) -> Result<Self, String> {
        let steps = words.take("--steps", Vec::new(), |text| {
            let number = |step: &str| step.parse().map_err(|_| format!("`{step}` is no number"));
            text.split(',').map(number).collect::<Result<Vec<u32>, _>>()
        })?;
        if !steps.is_empty() {
            return Ok(Self::Held { steps });
        }
        let (warm, count) = (words.number("--warm", 0)?, words.number("--count", 1)?);
        let (rate, connections) = (words.number("--rate", 0)?, words.number("--connections", 0)?);
        Ok(match rate {
            0 => Self::Closed { connections, warm, count },
            rate => Self::Even { connections, rate, warm, count },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_can_be_read_back() {
        let paces = [
            Pace::Closed { connections: 7, warm: 1, count: 9 },
            Pace::Even { connections: 0, rate: 200, warm: 1, count: 9 },
            Pace::Held { steps: vec![10, 20] },
        ];
        for pace in paces {
            let to = ([127, 0, 0, 1], 80).into();
            let order = Order { to, token: "t".into(), play: Play::Burst { events: 3 }, body: 2048, pace };
            assert_eq!(Order::parse(order.words().into_iter()), Ok(order));
        }
        assert!(Order::parse(["--to".to_owned(), "x".to_owned()].into_iter()).is_err());
    }
}
