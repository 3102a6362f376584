use crate::cli::{FromWords, Words};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
A mixed load with faults at the built gateway, and an account of every request.

usage: soak --binary FILE [--time 30m] [--clients 64] [--rate 200] [--seed 1] [--reload 20s]

  --binary FILE   the gateway's program
  --time TIME     how long the load lasts
  --clients N     how many clients there are at a time
  --rate N        how many requests they begin in a second, together; 0: as many as they can
  --seed N        which requests come, and in which order
  --reload TIME   how often the gateway is told to read its configuration again

Exit code 0: everything is accounted for; 1: something is not; 2: it did not come to that.
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// How long the load lasts.
    pub time: Duration,
    /// How many clients there are at a time.
    pub clients: usize,
    /// How many requests begin in a second; 0 for as many as the clients can.
    pub rate: u32,
    /// Which requests come.
    pub seed: u64,
    /// How often the configuration is read again.
    pub reload: Duration,
}

impl FromWords for Options {
    const USAGE: &'static str = USAGE;

    fn from_words(words: &mut Words) -> Result<Self, String> {
        let options = Self {
            binary: words.required("--binary")?.into(),
            time: words.time("--time", Duration::from_secs(30 * 60))?,
            clients: words.number("--clients", 64)?,
            rate: words.number("--rate", 200)?,
            seed: words.number("--seed", 1)?,
            reload: words.time("--reload", Duration::from_secs(20))?,
        };
        if options.clients == 0 { Err("`--clients 0` would send nothing".into()) } else { Ok(options) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    #[test]
    fn what_is_not_said_has_a_default() {
        let options: Options = parse("--binary gateway --time 10s --seed 7").unwrap();
        assert_eq!((options.time, options.seed), (Duration::from_secs(10), 7));
        assert_eq!((options.clients, options.rate, options.reload), (64, 200, Duration::from_secs(20)));
    }

    #[test]
    fn nobody_is_no_load() {
        assert_eq!(parse::<Options>("--binary a --clients 0"), Err("`--clients 0` would send nothing".to_owned()));
    }
}
