//! All floods in turn, and what they say together.

use super::found::HEADER;
use super::story::Story;
use super::{Case, Found, Options, Recovery, flood, subside};
use crate::cli::say;
use crate::spread::Spread;
use std::fmt;
use std::io;
use std::time::Duration;

/// What all floods together say.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The floods that are compared, by round, in the order of [`Case::COMPARED`].
    rounds: Vec<Vec<Found>>,
    all_fail: Found,
    recovery: Recovery,
}

/// Does all floods, one after the other. After the first, which ends, light traffic goes on beside the others: people are
/// told of its end a minute later. Progress goes to standard output.
///
/// # Errors
///
/// As [`flood`] and [`subside`].
pub async fn run(options: &Options) -> io::Result<Comparison> {
    say("a flood that ends; what people were told about it comes at the end");
    let aftermath = subside(&options.binary, options.flood).await?;
    let (recovery, (rounds, all_fail)) = tokio::try_join!(aftermath.recover(), floods(options))?;
    rounds.iter().flatten().filter(|found| found.case == Case::Answers).take(1).for_each(|found| {
        say(&Story::Begin(found).to_string());
    });
    say(&Story::End(&recovery).to_string());
    tell(&recovery.mistakes());
    Ok(Comparison { rounds, all_fail, recovery })
}

async fn floods(options: &Options) -> io::Result<(Vec<Vec<Found>>, Found)> {
    say(HEADER);
    let mut rounds = Vec::new();
    for turn in 0..options.rounds {
        rounds.push(round(turn, options).await?);
    }
    Ok((rounds, one(Case::AllFail, options).await?))
}

/// The floods that are compared, each round begun by another, so that none is always the first.
async fn round(turn: u32, options: &Options) -> io::Result<Vec<Found>> {
    let mut cases = Case::COMPARED;
    cases.rotate_left(turn as usize % Case::COMPARED.len());
    let mut round = Vec::new();
    for case in cases {
        round.push(one(case, options).await?);
    }
    round.sort_by_key(|found| found.case);
    Ok(round)
}

async fn one(case: Case, options: &Options) -> io::Result<Found> {
    let found = flood(case, &options.binary, options.flood).await?;
    say(&found.to_string());
    tell(&found.mistakes());
    Ok(found)
}

fn tell(mistakes: &[String]) {
    mistakes.iter().for_each(|mistake| say(&format!("  WRONG: {mistake}")));
}

impl Comparison {
    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        let floods = self.rounds.iter().flatten().chain([&self.all_fail]);
        floods.into_iter().all(|found| found.mistakes().is_empty()) && self.recovery.mistakes().is_empty()
    }

    /// The median of a figure of the case at this place in each round, and of its ratio to that without alerts in the
    /// same round: what a machine does besides changes from round to round.
    fn median(&self, place: usize, figure: fn(&Found) -> f64) -> (f64, f64) {
        let figures = |place: usize| self.rounds.iter().filter_map(move |round| round.get(place).map(figure));
        let ratios = figures(place).zip(figures(0)).map(|(with, without)| with / without);
        let median = |values: Option<Spread>| values.unwrap_or_default().median;
        (median(Spread::of(figures(place))), median(Spread::of(ratios)))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds.len();
        writeln!(f, "Against the flood of which nobody is told, medians; rounds: {rounds}; not judged:\n")?;
        writeln!(f, "                    p50 ms           p99 ms           CPU us/req")?;
        for (place, case) in Case::COMPARED.into_iter().enumerate() {
            let figures: [fn(&Found) -> f64; 3] = [
                |found| milliseconds(found.latencies.per_mille(500)),
                |found| milliseconds(found.latencies.per_mille(990)),
                Found::microseconds_per_request,
            ];
            write!(f, "{case:<16}")?;
            for (figure, digits) in figures.into_iter().zip([2, 2, 0]) {
                let (median, ratio) = self.median(place, figure);
                write!(f, "{median:>9.digits$} x{ratio:.2} ")?;
            }
            writeln!(f)?;
        }
        let word = if self.holds() { "every failure is accounted for" } else { "SOMETHING IS WRONG" };
        write!(f, "\n{word}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::found::tests::faultless;
    use super::super::recovery::tests::faultless as recovered;
    use super::*;

    fn comparison(change: impl FnOnce(&mut Comparison)) -> Comparison {
        let round = || Case::COMPARED.into_iter().map(faultless).collect();
        let (all_fail, recovery) = (faultless(Case::AllFail), recovered());
        let mut comparison = Comparison { rounds: vec![round(), round()], all_fail, recovery };
        change(&mut comparison);
        comparison
    }

    #[test]
    fn one_mistake_anywhere_is_enough() {
        assert!(comparison(|_| ()).holds());
        assert!(!comparison(|all| all.rounds[1][2].arrived = 21).holds());
        assert!(!comparison(|all| all.all_fail.account.held_back += 1).holds());
        assert!(!comparison(|all| all.recovery.messages.clear()).holds());
    }

    #[test]
    fn figures_are_compared_within_a_round() {
        let comparison = comparison(|all| {
            for (round, milliseconds) in [(0, [30, 33]), (1, [300, 330])] {
                all.rounds[round][0].cpu = Duration::from_millis(milliseconds[0]);
                all.rounds[round][1].cpu = Duration::from_millis(milliseconds[1]);
            }
        });
        let (_, ratio) = comparison.median(1, Found::microseconds_per_request);
        assert!((ratio - 1.1).abs() < 1e-9, "{ratio}");
    }
}
