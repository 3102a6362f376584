//! Several rounds, and what they say together.

use super::found::HEADER;
use super::{Found, Options, Trouble, endure};
use crate::cli::say;
use std::fmt;
use std::io;
use std::time::Duration;
use tokio::sync::Barrier;

/// How much slower one request in a hundred may be while the database is away.
const SLOWER_BY: Duration = Duration::from_millis(5);

/// A shorter trial has too few requests for a p99 that says something.
const FEW: usize = 1000;

/// One time, and what happened at the same time to a gateway without a database. Whatever else the machine does, it does
/// to both.
#[derive(Clone, Debug)]
struct Pair {
    trouble: Found,
    beside: Found,
}

/// What all rounds together say.
#[derive(Clone, Debug)]
pub struct Comparison(Vec<Pair>);

/// Does each trouble so many times, in turn, with a gateway beside it that has no database and the same load. Progress goes
/// to standard output.
///
/// # Errors
///
/// As [`endure`].
pub async fn run(options: &Options) -> io::Result<Comparison> {
    say(HEADER);
    let mut pairs = Vec::new();
    for trouble in (0..options.rounds).flat_map(|_| Trouble::ALL) {
        let start = Barrier::new(2);
        let one = |trouble| endure(trouble, &options.binary, options.times, &start);
        let (trouble, beside) = tokio::try_join!(one(trouble), one(Trouble::NoDatabase))?;
        [&trouble, &beside].into_iter().for_each(tell);
        pairs.push(Pair { trouble, beside });
    }
    Ok(Comparison(pairs))
}

fn tell(found: &Found) {
    say(&found.to_string());
    found.mistakes().iter().for_each(|mistake| say(&format!("  WRONG: {mistake}")));
}

impl Pair {
    /// Whether one request in a hundred was not much slower than beside it; `None` when there were too few.
    fn is_quick(&self) -> Option<bool> {
        let [with, without] = self.p99();
        let enough = [&self.trouble, &self.beside].iter().all(|one| one.latencies.count() >= FEW);
        enough.then(|| with <= without + SLOWER_BY)
    }

    fn p99(&self) -> [Duration; 2] {
        [&self.trouble, &self.beside].map(|one| one.latencies.per_mille(990))
    }

    fn holds(&self) -> bool {
        let right = [&self.trouble, &self.beside].iter().all(|one| one.mistakes().is_empty());
        right && self.is_quick() != Some(false)
    }
}

impl Comparison {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.0.iter().all(Pair::holds)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\np99 while the database is away, and at the same time without one")?;
        for pair in &self.0 {
            let word = match pair.is_quick() {
                Some(true) => "ok",
                Some(false) => "WRONG: more than 5 ms slower",
                None => "too few requests to say",
            };
            let [with, without] = pair.p99().map(|time| time.as_secs_f64() * 1000.0);
            writeln!(f, "{:<20} {with:>7.1} ms {without:>7.1} ms   {word}", pair.trouble.trouble)?;
        }
        let word = if self.holds() { "everything is accounted for" } else { "SOMETHING IS WRONG" };
        write!(f, "\n{word}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::tests::faultless;
    use super::*;

    fn holds(with: u64, without: u64, count: usize) -> bool {
        let trouble = faultless(Trouble::SqliteLocked, with, count);
        let beside = faultless(Trouble::NoDatabase, without, count);
        Comparison(vec![Pair { trouble, beside }]).holds()
    }

    #[test]
    fn a_database_that_is_away_makes_nobody_slower() {
        assert!(holds(9, 4, FEW));
        assert!(!holds(10, 4, FEW));
        assert!(holds(10, 4, FEW - 1), "too few to say");
    }
}
