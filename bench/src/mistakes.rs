//! What went wrong.

/// No more than this are kept in words: more would only repeat.
const KEPT_CAP: usize = 20;

/// Mistakes: all of them are counted, and the first are told in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes {
    count: u64,
    first: Vec<String>,
}

impl Mistakes {
    /// One more.
    pub fn add(&mut self, mistake: String) {
        self.count += 1;
        if self.first.len() < KEPT_CAP {
            self.first.push(mistake);
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first twenty.
    pub fn first(&self) -> &[String] {
        &self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_are_told() {
        let mut mistakes = Mistakes::default();
        (0..100).for_each(|number| mistakes.add(format!("mistake {number}")));
        assert_eq!((mistakes.count(), mistakes.first().len()), (100, KEPT_CAP));
        assert_eq!(mistakes.first().last().map(String::as_str), Some("mistake 19"));
    }
}
