//! Several rounds, and what they say together.

use super::found::HEADER;
use super::{Found, Options, Trouble, endure};
use crate::report::say;
use std::fmt;
use std::io;
use std::time::Duration;

/// How much slower one request in a hundred may be while the database is away.
const SLOWER_BY: Duration = Duration::from_millis(5);

/// A shorter trial has too few requests for a p99 that says something.
const FEW: usize = 1000;

/// What all rounds together say.
#[derive(Clone, Debug)]
pub struct Comparison {
    found: Vec<Found>,
}

/// Does each trouble so many times, in turn, and once more without a database at the end. Progress goes to standard output.
///
/// # Errors
///
/// As [`endure`].
pub async fn run(options: &Options) -> io::Result<Comparison> {
    say(HEADER);
    let mut found = Vec::new();
    let rounds = (0..options.rounds).flat_map(|_| Trouble::ALL);
    for trouble in rounds.chain([Trouble::NoDatabase]) {
        let one = endure(trouble, &options.binary, options.times).await?;
        say(&one.to_string());
        one.mistakes().iter().for_each(|mistake| say(&format!("  WRONG: {mistake}")));
        found.push(one);
    }
    Ok(Comparison { found })
}

impl Comparison {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.found.iter().all(|one| one.mistakes().is_empty())
            && Trouble::ALL.iter().all(|&one| self.is_quick(one) != Some(false))
    }

    /// Whether one request in a hundred is not much slower than the slowest time without a database; `None` when there
    /// were too few.
    fn is_quick(&self, trouble: Trouble) -> Option<bool> {
        let enough = self.found.iter().all(|one| one.latencies.count() >= FEW);
        let (_, most) = self.p99(Trouble::NoDatabase);
        enough.then(|| self.p99(trouble).1 <= most + SLOWER_BY)
    }

    /// The least and the most of all times.
    fn p99(&self, trouble: Trouble) -> (Duration, Duration) {
        let all = self.found.iter().filter(|one| one.trouble == trouble).map(|one| one.latencies.per_mille(990));
        (all.clone().min().unwrap_or_default(), all.max().unwrap_or_default())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\np99 while the database is away, least and most of all rounds")?;
        for trouble in Trouble::ALL {
            let (least, most) = self.p99(trouble);
            let word = match self.is_quick(trouble) {
                Some(true) => "ok",
                Some(false) => "WRONG: more than 5 ms slower than without a database",
                None => "too few requests to say",
            };
            let [least, most] = [least, most].map(|time| time.as_secs_f64() * 1000.0);
            writeln!(f, "{trouble:<20} {least:>7.1} to {most:.1} ms   {word}")?;
        }
        let word = if self.holds() { "everything is accounted for" } else { "IT DOES NOT BALANCE" };
        write!(f, "\n{word}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::tests::faultless;
    use super::*;

    fn holds(milliseconds: [u64; 3], count: usize) -> bool {
        let [one, other, locked] = milliseconds;
        let none = |time| faultless(Trouble::NoDatabase, time, count);
        let found = vec![none(one), faultless(Trouble::SqliteLocked, locked, count), none(other)];
        Comparison { found }.holds()
    }

    #[test]
    fn a_database_that_is_away_makes_nobody_slower() {
        assert!(holds([2, 4, 9], FEW));
        assert!(!holds([2, 4, 10], FEW));
        assert!(holds([2, 4, 10], FEW - 1), "too few to say");
    }
}
