use super::Times;
use crate::cli::{FromWords, Words};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
The database goes away under an even load, and comes back: SQLite locked by another process, PostgreSQL stopped with
SIGSTOP, and stopped as by a power cut. Beside each runs a gateway without a database, to compare with.

usage: outage --binary FILE [--time 60s] [--lead 5s] [--rate 200] [--rounds 2]

  --binary FILE   the gateway's program
  --time TIME     how long the database is away
  --lead TIME     how long the load lasts before that, and after it
  --rate N        how many requests begin in a second
  --rounds N      how often each is done

Exit code 0: no client noticed, and every request is accounted for; 1: something is wrong; 2: it did not come to that.
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// How long each part lasts, and how many requests come.
    pub times: Times,
    /// How often each is done.
    pub rounds: u32,
}

impl FromWords for Options {
    const USAGE: &'static str = USAGE;

    fn from_words(words: &mut Words) -> Result<Self, String> {
        Ok(Self {
            times: Times {
                away: words.time("--time", Duration::from_secs(60))?,
                lead: words.time("--lead", Duration::from_secs(5))?,
                rate: words.number("--rate", 200)?,
            },
            rounds: words.number("--rounds", 2)?,
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
        let options: Options = parse("--binary gateway --time 3s").unwrap();
        let times = Times { away: Duration::from_secs(3), lead: Duration::from_secs(5), rate: 200 };
        assert_eq!(options, Options { binary: "gateway".into(), times, rounds: 2 });
    }
}
