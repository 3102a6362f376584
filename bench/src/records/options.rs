use crate::cli::{FromWords, Words, one_of};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
What keeping records costs, with SQLite and with PostgreSQL, as tables in Markdown.

usage: bench-records --binary FILE [--part all] [--rounds 3] [--time 10s] [--rate 300] [--rows 5000000] [--text 256]

  --binary FILE   the gateway's program
  --part PART     rate: rows a second; cost: processor time of a request; search: a large table; all
  --rounds N      how often each of the first two is measured, in turn
  --time TIME     how long each of those takes
  --rate N        how many requests a second come, where there are requests
  --rows N        how many rows the large table has, over thirty days
  --text BYTES    how large each request and each answer in it is
";

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Rows a second.
    Rate,
    /// Processor time of a request.
    Cost,
    /// Finding rows among many.
    Search,
}

impl Part {
    const ALL: [Self; 3] = [Self::Rate, Self::Cost, Self::Search];
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// What to measure, in this order.
    pub parts: Vec<Part>,
    /// How often rates and costs are measured.
    pub rounds: u32,
    /// How long each such measurement takes.
    pub time: Duration,
    /// How many requests a second come.
    pub rate: u32,
    /// How many rows the large table has.
    pub rows: u64,
    /// How many bytes each request and each answer in it has.
    pub text: usize,
}

impl FromWords for Options {
    const USAGE: &'static str = USAGE;

    fn from_words(words: &mut Words) -> Result<Self, String> {
        Ok(Self {
            parts: words.take("--part", Part::ALL.to_vec(), parts)?,
            rounds: words.number("--rounds", 3)?,
            time: words.time("--time", Duration::from_secs(10))?,
            rate: words.number("--rate", 300)?,
            rows: words.number("--rows", 5_000_000)?,
            text: words.number("--text", 256)?,
            binary: words.required("--binary")?.into(),
        })
    }
}

fn parts(word: &str) -> Result<Vec<Part>, String> {
    let one = |part| vec![part];
    let [rate, cost, search] = Part::ALL.map(one);
    one_of(word, [("rate", rate), ("cost", cost), ("search", search), ("all", Part::ALL.to_vec())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    #[test]
    fn what_is_not_said_has_a_default() {
        let options = parse::<Options>("--binary gateway --rows 7").unwrap();
        assert_eq!((options.rows, options.rounds, options.parts.len()), (7, 3, 3));
        assert_eq!(parse::<Options>("--binary gateway --part rate").unwrap().parts, [Part::Rate]);
        assert!(parse::<Options>("--binary gateway --part x").is_err());
    }
}
