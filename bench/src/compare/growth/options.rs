//! The command line.

use crate::words::Words;
use std::path::PathBuf;

/// What `--help` prints.
pub const USAGE: &str = "\
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

impl Options {
    /// Reads the command line, without the program's name.
    ///
    /// # Errors
    ///
    /// Says which word is wrong.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut words = Words::read(words)?;
        let options = Self {
            rounds: words.number("--rounds", 3)?,
            write: words.take("--write", None, |folder| Ok(Some(folder.into())))?,
            binary: words.required("--binary")?.into(),
        };
        words.end()?;
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_a_default() {
        let parse = |line: &str| Options::parse(line.split_whitespace().map(str::to_owned));
        let options = parse("--binary gateway --write docs").unwrap();
        assert_eq!(options, Options { binary: "gateway".into(), rounds: 3, write: Some("docs".into()) });
        assert!(parse("--rounds 3").is_err());
    }
}
