//! What grows.

use crate::compare::behind::Behind;
use crate::compare::exercise::TOKEN;
use crate::compare::loader::{Order, Pace};
use crate::compare::play::Play;
use std::net::SocketAddr;

/// What grows while the rest stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scale {
    /// Upstreams, of which the last serves the model.
    Upstreams,
    /// Tokens, of which the last is presented.
    Tokens,
    /// Bytes of the request's body.
    Bytes,
    /// Connections of clients, used in turn.
    Connections,
}

impl Scale {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Upstreams, Self::Tokens, Self::Bytes, Self::Connections];

    /// What it is, for a table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Upstreams => "upstreams, of which the last serves the model",
            Self::Tokens => "tokens, of which the last is presented",
            Self::Bytes => "bytes of a request's body",
            Self::Connections => "connections, used in turn",
        }
    }

    /// From the least to the most.
    pub(crate) const fn sizes(self) -> &'static [usize] {
        match self {
            Self::Upstreams => &[1, 10, 200],
            Self::Tokens => &[1, 100, 10_000],
            Self::Bytes => &[1 << 10, 100 << 10, 1 << 20, 10 << 20],
            Self::Connections => &[10, 100, 1000, 5000],
        }
    }
}

/// One point of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Setting {
    /// What grows.
    pub scale: Scale,
    /// How far.
    pub size: usize,
}

/// How many connections there are where nothing is said of them.
const CONNECTIONS: u32 = 16;

impl Setting {
    /// How far, as people write it.
    pub(crate) fn shown(self) -> String {
        match (self.scale, self.size) {
            (Scale::Bytes, size @ 1_048_576..) => format!("{} MiB", size >> 20),
            (Scale::Bytes, size) => format!("{} KiB", size >> 10),
            (Scale::Upstreams | Scale::Tokens | Scale::Connections, size @ 1000..) => {
                format!("{},{:03}", size / 1000, size % 1000)
            }
            (Scale::Upstreams | Scale::Tokens | Scale::Connections, size) => size.to_string(),
        }
    }

    /// The gateway's configuration.
    pub(crate) fn configuration(self, behind: &Behind) -> String {
        let (upstreams, tokens) = match self.scale {
            Scale::Upstreams => (self.size, 1),
            Scale::Tokens => (1, self.size),
            Scale::Bytes | Scale::Connections => (1, 1),
        };
        let url = behind.url();
        let token = |number| if number == tokens { TOKEN.to_owned() } else { format!("token-of-another-{number}") };
        let tokens: Vec<_> = (1..=tokens).map(token).collect();
        let entry = |number| {
            let deny = if number == upstreams { "" } else { ", deny: [bench-1]" };
            format!("  - {{name: upstream-{number}, sk: key-{number}, endpoint: '{url}/v1'{deny}}}\n")
        };
        let entries: String = (1..=upstreams).map(entry).collect();
        let tokens = tokens.join(", ");
        format!("address: 127.0.0.1:0\nauthorization: [{tokens}]\ndbtype: none\nupstreams:\n{entries}")
    }

    /// What the load generator is to do, one after the other: the first tells the cost, the last how long a request takes.
    pub(crate) fn orders(self, to: SocketAddr) -> Vec<Order> {
        let (body, connections) = match self.scale {
            Scale::Bytes => (self.size, 0),
            Scale::Connections => (1024, u32::try_from(self.size).unwrap_or(u32::MAX)),
            Scale::Upstreams | Scale::Tokens => (1024, 0),
        };
        let order = |pace| Order { to, token: TOKEN.to_owned(), play: Play::Plain { bytes: 1024 }, body, pace };
        let (count, rate) = paces(body);
        let closed = Pace::Closed { connections: CONNECTIONS, warm: count / 10, count };
        let calm = 2 * u64::from(rate);
        match self.scale {
            Scale::Upstreams | Scale::Tokens | Scale::Bytes => {
                vec![order(closed), order(Pace::Even { connections, rate, warm: calm / 10, count: calm })]
            }
            // Each of them is used before what is measured.
            Scale::Connections => {
                let warm = u64::from(connections);
                vec![order(Pace::Even { connections, rate: 2000, warm, count: 16_000 })]
            }
        }
    }
}

/// How many requests of this size it takes to tell their cost, and how many a second leave the machine time to rest.
const fn paces(body: usize) -> (u64, u32) {
    match body {
        0..10_000 => (40_000, 500),
        10_000..500_000 => (3000, 200),
        500_000..5_000_000 => (400, 50),
        _ => (60, 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::behind::Speech;

    #[test]
    fn the_last_of_many_is_the_one_that_counts() {
        let behind = Behind { addr: ([127, 0, 0, 1], 1).into(), speech: Speech::Plain, authority: "a".into() };
        let config = Setting { scale: Scale::Upstreams, size: 3 }.configuration(&behind);
        assert_eq!(config.matches("deny: [bench-1]").count(), 2);
        assert!(config.ends_with("{name: upstream-3, sk: key-3, endpoint: 'http://127.0.0.1:1/v1'}\n"), "{config}");
        let config = Setting { scale: Scale::Tokens, size: 3 }.configuration(&behind);
        assert_eq!(Setting { scale: Scale::Tokens, size: 10_000 }.shown(), "10,000");
        assert_eq!(Setting { scale: Scale::Bytes, size: 10 << 20 }.shown(), "10 MiB");
        assert!(config.contains(&format!("authorization: [token-of-another-1, token-of-another-2, {TOKEN}]")));
    }
}
