use super::Flood;
use crate::cli::{FromWords, Words};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
A flood of failures: the first upstream of every request answers 500, and the next one saves it. People are told by
Feishu, which answers, hangs or refuses; beside that, a flood of which nobody is told, and one in which all fail. Before
them comes one that ends.

usage: alerts --binary FILE [--time 10s] [--rate 1000] [--failing 100] [--rounds 1]

  --binary FILE   the gateway's program
  --time TIME     how long a flood lasts
  --rate N        how many requests begin in a second
  --failing N     how many upstreams fail: requests ask for N models in turn, each with an upstream of its own before the
                  one that answers
  --rounds N      how often the floods that are compared come, in turn

Exit code 0: no more than 20 messages about a flood, and every failure is accounted for; 1: something is wrong; 2: it did
not come to that. How long anything took is told, and not judged.
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// What comes.
    pub flood: Flood,
    /// How often.
    pub rounds: u32,
}

impl FromWords for Options {
    const USAGE: &'static str = USAGE;

    fn from_words(words: &mut Words) -> Result<Self, String> {
        Ok(Self {
            flood: Flood {
                time: words.time("--time", Duration::from_secs(10))?,
                rate: words.number("--rate", 1000)?,
                failing: words.number("--failing", 100)?,
            },
            rounds: words.number("--rounds", 1)?,
            binary: words.required("--binary")?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    #[test]
    fn what_is_not_said_has_a_default() {
        let options: Options = parse("--binary gateway --rate 50").unwrap();
        let flood = Flood { time: Duration::from_secs(10), rate: 50, failing: 100 };
        assert_eq!(options, Options { binary: "gateway".into(), flood, rounds: 1 });
        assert_eq!(flood.requests(), 500);
    }
}
