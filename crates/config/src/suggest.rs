//! Did you mean …?

/// What people coming from other gateways write, and what it is called here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("key", "sk"),
    ("api_key", "sk"),
    ("apikey", "sk"),
    ("secret_key", "sk"),
    ("url", "endpoint"),
    ("base_url", "endpoint"),
    ("api_base", "endpoint"),
    ("models", "allow"),
    ("model", "allow"),
    ("token", "authorization"),
    ("tokens", "authorization"),
    ("auth", "authorization"),
    ("backend", "type"),
    ("provider", "type"),
    ("listen", "address"),
    ("port", "address"),
    ("postgresql", "postgres"),
    ("pg", "postgres"),
    ("sqlite3", "sqlite"),
    ("shuffle", "random"),
];

/// The known word that was probably meant, if any is near enough.
///
/// Looks at case, dashes, letters that are missing, doubled, wrong or swapped, and names used by other gateways.
pub(crate) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = normal(word);
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == word).map(|(_, ours)| *ours);
    let score = |candidate: &str| if Some(candidate) == other { 0 } else { distance(&word, &normal(candidate)) };
    let (score, best) =
        known.into_iter().map(|candidate| (score(candidate), candidate)).min_by_key(|(score, _)| *score)?;
    (score <= allowance(&word)).then_some(best)
}

fn normal(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

/// How many slips a word of this length may hold and still be recognized.
fn allowance(word: &str) -> usize {
    (word.chars().count() / 3).min(3)
}

/// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, each of weight 1.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row = Row { before: Vec::new(), above: (0..=b.len()).collect(), previous: None };
    for (index, letter) in a.chars().enumerate() {
        row = row.next(index + 1, letter, &b);
    }
    row.above.last().copied().unwrap_or(0)
}

/// The last two rows of the alignment table, and the letter of the last.
struct Row {
    before: Vec<usize>,
    above: Vec<usize>,
    previous: Option<char>,
}

impl Row {
    fn next(self, first: usize, letter: char, b: &[char]) -> Self {
        let at =
            |row: &[usize], index: Option<usize>| index.and_then(|i| row.get(i)).copied().unwrap_or(usize::MAX - 1);
        let mut row = vec![first];
        for (index, other) in b.iter().enumerate() {
            let replace = at(&self.above, Some(index)) + usize::from(letter != *other);
            let delete = at(&self.above, Some(index + 1)) + 1;
            let insert = at(&row, Some(index)) + 1;
            let swapped = self.previous == Some(*other) && index.checked_sub(1).and_then(|i| b.get(i)) == Some(&letter);
            let swap = if swapped { at(&self.before, index.checked_sub(1)) + 1 } else { usize::MAX };
            row.push(replace.min(delete).min(insert).min(swap));
        }
        Self { before: self.above, above: row, previous: Some(letter) }
    }
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn a_swap_of_neighbours_counts_once() {
        assert_eq!(distance("endpiont", "endpoint"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("ab", "ba"), 1);
    }

    #[test]
    fn slips_case_dashes_and_foreign_names_are_recognized() {
        let known = ["sk", "endpoint", "stream_timeout", "timeout", "allow"];
        for (word, meant) in [
            ("Endpoint", Some("endpoint")),
            ("stream-timeout", Some("stream_timeout")),
            ("tiemout", Some("timeout")),
            ("api_key", Some("sk")),
            ("ks", None),
            ("colour", None),
        ] {
            assert_eq!(closest(word, known), meant, "{word}");
        }
    }

    #[test]
    fn a_foreign_name_is_only_translated_to_a_known_one() {
        assert_eq!(closest("api_key", ["address"]), None);
    }
}
