//! What all rounds yielded, and how it compares.

use super::exercise::Exercise;
use super::figure::{Against, Figure};
use super::peer::Peer;
use super::sample::Sample;
use crate::spread::Spread;
use std::collections::BTreeMap;

/// What all measurements yielded, round by round.
#[derive(Clone, Debug, Default)]
pub struct Rounds(BTreeMap<(Exercise, Peer), Vec<Sample>>);

impl Rounds {
    /// Keeps what the next round yielded.
    pub fn push(&mut self, exercise: Exercise, peer: Peer, sample: Sample) {
        self.0.entry((exercise, peer)).or_default().push(sample);
    }

    /// Which exercises were done.
    pub fn exercises(&self) -> Vec<Exercise> {
        let mut exercises: Vec<_> = self.0.keys().map(|(exercise, _)| *exercise).collect();
        exercises.dedup();
        exercises
    }

    /// Who did this exercise.
    pub fn peers(&self, exercise: Exercise) -> Vec<Peer> {
        self.0.keys().filter(|(done, _)| *done == exercise).map(|(_, peer)| *peer).collect()
    }

    /// The figure of a peer.
    pub fn spread(&self, exercise: Exercise, peer: Peer, figure: Figure) -> Option<Spread> {
        Spread::of(self.values(exercise, peer, figure).into_iter().flatten())
    }

    /// The same, held against what it is to be held against, each within its round: what a machine does besides changes
    /// from round to round.
    pub fn compared(&self, exercise: Exercise, peer: Peer, figure: Figure) -> Option<Spread> {
        let (other, compare): (_, fn(f64, f64) -> f64) = match figure.against() {
            Against::Nothing => return None,
            Against::Nginx => (Peer::Nginx, |own, other| own / other),
            Against::Direct => (Peer::Direct, |own, other| own - other),
        };
        let (own, other) = (self.values(exercise, peer, figure), self.values(exercise, other, figure));
        Spread::of(own.into_iter().zip(other).filter_map(|(own, other)| Some(compare(own?, other?))))
    }

    fn values(&self, exercise: Exercise, peer: Peer, figure: Figure) -> Vec<Option<f64>> {
        let samples = self.0.get(&(exercise, peer)).map(Vec::as_slice).unwrap_or_default();
        samples.iter().map(|sample| sample.get(&figure).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_each_round() {
        let mut rounds = Rounds::default();
        for (nginx, ours) in [(10.0, 20.0), (20.0, 20.0), (10.0, 15.0)] {
            rounds.push(Exercise::Plain, Peer::Nginx, [(Figure::Cpu, nginx)].into());
            rounds.push(Exercise::Plain, Peer::OursNone, [(Figure::Cpu, ours)].into());
        }
        let compared = rounds.compared(Exercise::Plain, Peer::OursNone, Figure::Cpu);
        assert_eq!(compared, Some(Spread { median: 1.5, least: 1.0, most: 2.0 }));
        let spread = rounds.spread(Exercise::Plain, Peer::Nginx, Figure::Cpu);
        assert_eq!(spread, Some(Spread { median: 10.0, least: 10.0, most: 20.0 }));
        assert_eq!(rounds.compared(Exercise::Plain, Peer::Go, Figure::Cpu), None);
        assert_eq!((rounds.exercises(), rounds.peers(Exercise::Plain).len()), (vec![Exercise::Plain], 2));
    }
}
