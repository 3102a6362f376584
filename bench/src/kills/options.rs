use super::{Load, Store};
use crate::cli::{FromWords, Words, one_of};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
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

impl FromWords for Options {
    const USAGE: &'static str = USAGE;

    fn from_words(words: &mut Words) -> Result<Self, String> {
        Ok(Self {
            stores: words.take("--store", Store::ALL.to_vec(), stores)?,
            load: Load {
                kills: words.number("--kills", 100)?,
                seed: words.number("--seed", 1)?,
                rate: words.number("--rate", 200)?,
                longest: words.time("--longest", Duration::from_secs(3))?,
                grace: words.time("--grace", Duration::from_secs(1))?,
            },
            binary: words.required("--binary")?.into(),
        })
    }
}

fn stores(word: &str) -> Result<Vec<Store>, String> {
    let all = Store::ALL.to_vec();
    one_of(word, [("sqlite", vec![Store::Sqlite]), ("postgres", vec![Store::Postgres]), ("both", all)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    #[test]
    fn what_is_not_said_has_a_default() {
        let options = parse::<Options>("--binary gateway --kills 6 --store sqlite").unwrap();
        assert_eq!((options.stores, options.load.kills, options.load.seed), (vec![Store::Sqlite], 6, 1));
        assert!(parse::<Options>("--binary gateway --store mysql").unwrap_err().starts_with("`mysql` is none of: "));
    }
}
