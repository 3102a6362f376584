//! The command line.

use crate::cli::{FromWords, Words};
use std::path::PathBuf;

const USAGE: &str = "\
How the cost of a request grows with upstreams, tokens, bytes and connections.

usage: growth --binary FILE [--rounds 3] [--write FOLDER]

  --binary FILE   the gateway's program
  --rounds N      how often each is measured, in turn
  --write FOLDER  the folder of benchmarks.md, into which the table is written
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The gateway's program.
    pub binary: PathBuf,
    /// How often each is measured.
    pub rounds: u32,
    /// The documents' folder, when something is to be written there.
    pub write: Option<PathBuf>,
}

impl FromWords for Options {
    const USAGE: &'static str = USAGE;

    fn from_words(words: &mut Words) -> Result<Self, String> {
        Ok(Self {
            rounds: words.number("--rounds", 3)?,
            write: words.optional("--write").map(Into::into),
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
        let options = parse::<Options>("--binary gateway --write docs").unwrap();
        assert_eq!(options, Options { binary: "gateway".into(), rounds: 3, write: Some("docs".into()) });
        assert!(parse::<Options>("--rounds 3").is_err());
    }
}
