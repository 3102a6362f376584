/// A set of a router's candidates, by their indices: a bit for each, so that what two sets have in common is found 64
/// candidates at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set(Box<[u64]>);

const BITS: usize = u64::BITS as usize;

impl Set {
    /// Those among `count` candidates for which `is_in` holds.
    pub(crate) fn of(count: usize, is_in: impl Fn(usize) -> bool) -> Self {
        let word = |first: usize| {
            let members = (first..count.min(first + BITS)).filter(|&index| is_in(index));
            members.fold(0, |word, index| word | 1 << (index - first))
        };
        Self((0..count).step_by(BITS).map(word).collect())
    }

    /// Adds a candidate.
    pub(crate) fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / BITS) {
            *word |= 1 << (index % BITS);
        }
    }

    pub(crate) fn contains(&self, index: usize) -> bool {
        self.0.get(index / BITS).is_some_and(|word| word & 1 << (index % BITS) != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words().all(|word| word == 0)
    }

    /// Its members, in configured order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        members(self.words())
    }

    /// The words of the set of those that are in one of the two.
    pub(crate) fn union(&self, other: &Self) -> impl Iterator<Item = u64> {
        self.words().zip(other.words()).map(|(one, other)| one | other)
    }

    /// The set as words, the first candidate in the lowest bit of the first word.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }
}

/// The members of a set that is given as its words, in configured order.
pub(crate) fn members(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(place, word)| ones(word).map(move |bit| place * BITS + bit))
}

/// The places of the ones in `word`, the lowest first.
fn ones(word: u64) -> impl Iterator<Item = usize> {
    let without_lowest = |&rest: &u64| Some(rest & (rest - 1)).filter(|&rest| rest != 0);
    let rests = std::iter::successors(Some(word).filter(|&word| word != 0), without_lowest);
    rests.map(|rest| rest.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_order_whichever_word_they_are_in() {
        for count in [0, 1, 63, 64, 65, 200] {
            let all: Vec<usize> = (0..count).collect();
            assert_eq!(Set::of(count, |_| true).iter().collect::<Vec<_>>(), all, "{count}");
            assert!(Set::of(count, |_| false).is_empty(), "{count}");
        }
        let set = Set::of(200, |index| [0, 63, 64, 199].contains(&index));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 199]);
        assert_eq!((set.contains(63), set.contains(65), set.contains(1000)), (true, false, false));
    }

    #[test]
    fn a_member_can_be_added() {
        let mut set = Set::of(70, |index| index == 3);
        set.insert(69);
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 69]);
    }
}
