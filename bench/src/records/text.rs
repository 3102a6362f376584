use crate::dice::Dice;

const WORDS: &[&str] = &[
    "the", "of", "and", "to", "in", "a", "is", "that", "it", "for", "was", "on", "are", "as", "with", "they", "be",
    "at", "one", "have", "this", "from", "or", "had", "by", "word", "but", "what", "some", "we", "can", "out", "other",
    "were", "all", "there", "when", "use", "your", "how", "said", "an", "each", "which", "their", "time", "will",
    "way", "about", "many", "then", "them", "write", "would", "like", "so", "these", "long", "make", "thing", "see",
    "two", "has", "look",
];

/// So many bytes that a database can compress about as well as what people write.
pub(super) fn text(dice: &mut Dice, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 8);
    while text.len() < bytes {
        let place = dice.below(WORDS.len() as u64) as usize;
        text.push_str(WORDS.get(place).copied().unwrap_or_default());
        text.push(' ');
    }
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_length_and_is_not_the_last_one_again() {
        let mut dice = Dice::of(1, 1);
        let (one, two) = (text(&mut dice, 2048), text(&mut dice, 2048));
        assert_eq!((one.len(), two.len()), (2048, 2048));
        assert_ne!(one, two);
    }
}
