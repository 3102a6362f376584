use crate::units;
use crate::words::Words;
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints.
pub const USAGE: &str = "\
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

impl Options {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    ///
    /// Says which word is wrong.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut words = Words::read(words)?;
        let options = Self {
            parts: words.take("--part", vec![Part::Rate, Part::Cost, Part::Search], parts)?,
            rounds: words.number("--rounds", 3)?,
            time: words.take("--time", Duration::from_secs(10), units::duration)?,
            rate: words.number("--rate", 300)?,
            rows: words.number("--rows", 5_000_000)?,
            text: words.number("--text", 256)?,
            binary: words.required("--binary")?.into(),
        };
        words.end()?;
        Ok(options)
    }
}

fn parts(word: &str) -> Result<Vec<Part>, String> {
    match word {
        "all" => Ok(vec![Part::Rate, Part::Cost, Part::Search]),
        "rate" => Ok(vec![Part::Rate]),
        "cost" => Ok(vec![Part::Cost]),
        "search" => Ok(vec![Part::Search]),
        _ => Err(format!("`{word}` is none of: rate, cost, search, all")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_a_default() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        let options = parse("--binary gateway --rows 7").unwrap();
        assert_eq!((options.rows, options.rounds, options.parts.len()), (7, 3, 3));
        assert_eq!(parse("--binary gateway --part rate").unwrap().parts, [Part::Rate]);
        assert!(parse("--binary gateway --part x").is_err());
    }
}
