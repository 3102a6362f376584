//! The command lines of all programs here, `--name value` and so on, and what the programs do before and after their work.

use std::collections::BTreeMap;
use std::io::{self, Write, stderr, stdout};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

/// What one program can be told.
pub trait FromWords: Sized {
    /// What `--help` prints.
    const USAGE: &'static str;

    /// Takes what it knows from the command line.
    ///
    /// # Errors
    ///
    /// Says which word is wrong.
    fn from_words(words: &mut Words) -> Result<Self, String>;
}

/// Reads the command line, does the work, and prints what it yields. The exit code is 0 when that holds, 1 when it does
/// not, and 2 when it did not come to that.
pub async fn main<O: FromWords>(work: impl AsyncFnOnce(O) -> io::Result<(String, bool)>) -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        print(stdout(), O::USAGE);
        return ExitCode::SUCCESS;
    }
    let options = match Words::parse(words, O::from_words) {
        Ok(options) => options,
        Err(wrong) => return refuse(&format!("{wrong}\n\n{}", O::USAGE)),
    };
    match work(options).await {
        Ok((said, holds)) => {
            say(&said);
            if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => refuse(&error.to_string()),
    }
}

/// Prints a line for whoever waits.
pub fn say(line: &str) {
    print(stdout(), line);
}

fn refuse(why: &str) -> ExitCode {
    print(stderr(), why);
    ExitCode::from(2)
}

fn print(mut to: impl Write, text: &str) {
    // There is nobody left to tell if it is closed.
    let _ = writeln!(to, "{text}");
}

/// The pairs of a command line that nobody has asked for yet.
#[derive(Clone, Debug)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// Reads a whole command line, of which `take` must leave nothing.
    ///
    /// # Errors
    ///
    /// A name without a value, twice, or that nobody has asked for; whatever `take` says.
    pub fn parse<T>(
        words: impl IntoIterator<Item = String>,
        take: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut words = Self::pairs(words.into_iter())?;
        let taken = take(&mut words)?;
        words.0.keys().next().map_or(Ok(taken), |name| Err(format!("there is no option `{name}`")))
    }

    fn pairs(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut pairs = BTreeMap::new();
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{name}` needs a value"))?;
            if pairs.contains_key(&name) {
                return Err(format!("`{name}` is there twice"));
            }
            pairs.insert(name, value);
        }
        Ok(Self(pairs))
    }

    /// The value of this name, as `read` reads it.
    ///
    /// # Errors
    ///
    /// Whatever `read` says.
    pub fn take<T>(
        &mut self,
        name: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        self.optional(name).map_or(Ok(default), |value| read(&value))
    }

    /// The number of this name.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn number<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, String> {
        self.take(name, default, |value| value.parse().map_err(|_| format!("`{name} {value}` is no number")))
    }

    /// The time of this name: `90s`, `30m`, `2h` or `500ms`.
    ///
    /// # Errors
    ///
    /// It is none, or none at all: `0s`.
    pub fn time(&mut self, name: &str, default: Duration) -> Result<Duration, String> {
        self.take(name, default, time)
    }

    /// The value of a name that has no default.
    ///
    /// # Errors
    ///
    /// It is missing.
    pub fn required(&mut self, name: &str) -> Result<String, String> {
        self.optional(name).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// The value of a name that may be missing.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }
}

/// What a word stands for.
///
/// # Errors
///
/// Nothing; says which words there are.
pub fn one_of<'a, T>(word: &str, known: impl IntoIterator<Item = (&'a str, T)>) -> Result<T, String> {
    let mut words = Vec::new();
    for (name, meant) in known {
        if name == word {
            return Ok(meant);
        }
        words.push(name);
    }
    Err(format!("`{word}` is none of: {}", words.join(", ")))
}

fn time(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let total = number.parse().ok().and_then(|number: u64| number.checked_mul(milliseconds));
    match total {
        Some(total @ 1..) => Ok(Duration::from_millis(total)),
        Some(0) | None => Err(format!("`{text}` is no time such as 30m, 90s or 500ms")),
    }
}

/// Reads the command line that `line` is.
#[cfg(test)]
pub(crate) fn parse<O: FromWords>(line: &str) -> Result<O, String> {
    Words::parse(line.split_whitespace().map(str::to_owned), O::from_words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        let check = |line: &str| {
            Words::parse(line.split_whitespace().map(str::to_owned), |words| {
                words.required("--a")?;
                words.number::<u32>("--n", 7)
            })
        };
        assert_eq!((check("--a x"), check("--n 8 --a x")), (Ok(7), Ok(8)));
        for (line, said) in [
            ("", "`--a` is missing"),
            ("--a x --n", "`--n` needs a value"),
            ("--a x --n y", "`--n y` is no number"),
            ("--a x --a x", "`--a` is there twice"),
            ("--a x --b x", "there is no option `--b`"),
        ] {
            assert_eq!(check(line), Err(said.to_owned()), "{line}");
        }
    }

    #[test]
    fn times_have_a_number_and_a_unit() {
        for (text, seconds) in [("30m", 1800.0), ("90s", 90.0), ("2h", 7200.0), ("500ms", 0.5)] {
            assert_eq!(time(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "30", "m", "0s", "-1s", "1.5m", "99999999999999999999s"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_word_is_one_of_those_that_are_known() {
        let known = || [("one", 1), ("two", 2)];
        assert_eq!(one_of("two", known()), Ok(2));
        assert_eq!(one_of("three", known()), Err("`three` is none of: one, two".to_owned()));
    }
}
