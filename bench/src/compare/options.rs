//! The command line.

use super::exercise::{Exercise, Size};
use super::peer::Peer;
use crate::cli::{FromWords, Words, one_of};
use std::path::PathBuf;

const USAGE: &str = "\
What a request costs, beside no proxy at all, nginx, and the reverse proxy of Go's standard library.

usage: bench --binary FILE [--rounds 3] [--peers all] [--only all] [--size whole] [--write FOLDER]

  --binary FILE   the gateway's program
  --rounds N      how often each is measured, in turn
  --peers WORDS   of direct, nginx, go, ours-none, ours-sqlite, ours-postgres, with commas
  --only WORDS    of plain, rate, paced, burst, upload, memory, tls, crowd, with commas
  --size SIZE     whole, or quick: so little that it says nothing but that it works
  --write FOLDER  the folder of benchmarks.md, into which everything is written when all of it was measured
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// How often each is measured.
    pub rounds: u32,
    /// Who is measured.
    pub peers: Vec<Peer>,
    /// With what.
    pub exercises: Vec<Exercise>,
    /// How much of it.
    pub size: Size,
    /// The documents' folder, when something is to be written there.
    pub write: Option<PathBuf>,
}

impl FromWords for Options {
    const USAGE: &'static str = USAGE;

    fn from_words(words: &mut Words) -> Result<Self, String> {
        Ok(Self {
            rounds: words.number("--rounds", 3)?,
            peers: words.take("--peers", Peer::ALL.into(), |text| list(text, &Peer::ALL, Peer::of))?,
            exercises: words.take("--only", Exercise::ALL.into(), |text| list(text, &Exercise::ALL, Exercise::of))?,
            size: words.take("--size", Size::Whole, size)?,
            write: words.optional("--write").map(Into::into),
            binary: words.required("--binary")?.into(),
        })
    }
}

fn list<T: Clone>(text: &str, all: &[T], one: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    match text {
        "all" => Ok(all.to_vec()),
        some => some.split(',').map(one).collect(),
    }
}

fn size(word: &str) -> Result<Size, String> {
    one_of(word, [("whole", Size::Whole), ("quick", Size::Quick)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    #[test]
    fn what_is_not_said_has_a_default() {
        let options = parse::<Options>("--binary gateway --peers nginx,ours-none").unwrap();
        assert_eq!((options.rounds, options.size, options.exercises.len()), (3, Size::Whole, Exercise::ALL.len()));
        assert_eq!(options.peers, [Peer::Nginx, Peer::OursNone]);
        for wrong in ["--binary g --peers x", "--binary g --only x", "--binary g --size x", "--rounds 1"] {
            assert!(parse::<Options>(wrong).is_err(), "{wrong}");
        }
    }
}
