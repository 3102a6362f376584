use super::{Load, Store};
use crate::units;
use crate::words::Words;
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints.
pub const USAGE: &str = "\
The gateway is killed with SIGKILL at random moments under an even load, and started again: every request that had been
answered for a second must have its row, once, in a database that is whole.

usage: kills --binary FILE [--store both] [--kills 100] [--seed 1] [--rate 200] [--longest 3s] [--grace 1s]

  --binary FILE    the gateway's program
  --store STORE    sqlite, postgres, or both
  --kills N        how often it is killed, with each
  --seed N         at which moments
  --rate N         how many requests begin in a second
  --longest TIME   the latest moment after its start
  --grace TIME     how long before a kill an answer must have ended to have its row

Exit code 0: everything was there; 1: something is wrong; 2: it did not come to that.
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// With which databases, one after the other.
    pub stores: Vec<Store>,
    /// How often, under what load, and what is expected.
    pub load: Load,
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
            stores: words.take("--store", vec![Store::Sqlite, Store::Postgres], stores)?,
            load: Load {
                kills: words.number("--kills", 100)?,
                seed: words.number("--seed", 1)?,
                rate: words.number("--rate", 200)?,
                longest: words.take("--longest", Duration::from_secs(3), units::duration)?,
                grace: words.take("--grace", Duration::from_secs(1), units::duration)?,
            },
            binary: words.required("--binary")?.into(),
        };
        words.end()?;
        Ok(options)
    }
}

fn stores(word: &str) -> Result<Vec<Store>, String> {
    match word {
        "sqlite" => Ok(vec![Store::Sqlite]),
        "postgres" => Ok(vec![Store::Postgres]),
        "both" => Ok(vec![Store::Sqlite, Store::Postgres]),
        _ => Err(format!("`{word}` is neither sqlite nor postgres nor both")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_a_default() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        let options = parse("--binary gateway --kills 6 --store sqlite").unwrap();
        assert_eq!((options.stores, options.load.kills, options.load.seed), (vec![Store::Sqlite], 6, 1));
        assert!(parse("--binary gateway --store mysql").unwrap_err().starts_with("`mysql` is neither"));
    }
}
