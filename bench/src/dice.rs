//! Chance that can be repeated.

/// Numbers that look random, the same for the same seed: SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The dice of the request with this number in a run with this seed, whichever client sends it.
    pub fn of(seed: u64, number: u64) -> Self {
        let mut dice = Self(seed);
        let start = dice.next() ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93);
        Self(start)
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "an iterator that never ends would need an unwrap at each use")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or_default()
    }

    /// The place of one of `weights`, each as likely as it is heavy; `None` when all are 0.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> Option<usize> {
        let mut left = self.below(weights.clone().sum());
        weights.enumerate().find_map(|(place, weight)| {
            let here = left < weight;
            left = left.saturating_sub(weight);
            here.then_some(place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_number_throw_the_same() {
        let throw = |seed, number| Dice::of(seed, number).next();
        assert_eq!(throw(1, 7), throw(1, 7));
        assert_ne!(throw(1, 7), throw(2, 7));
        assert_ne!(throw(1, 7), throw(1, 8));
    }

    #[test]
    fn a_place_comes_as_often_as_it_is_heavy() {
        let weights = [0, 1, 3];
        let mut counts = [0; 3];
        for number in 0..4000 {
            counts[Dice::of(1, number).weighted(weights.into_iter()).unwrap()] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!((900..1100).contains(&counts[1]), "{counts:?}");
        assert_eq!(Dice::of(1, 1).weighted([0, 0].into_iter()), None);
    }
}
