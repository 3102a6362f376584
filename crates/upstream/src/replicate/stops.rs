//! Stop sequences, looked for in the answer: not every model takes them as input, and none takes one with a comma.

/// Cuts a text that comes in pieces at the first stop sequence.
///
/// What could be the beginning of one is held back until the next piece tells.
#[derive(Debug)]
pub(super) struct Stops {
    sequences: Vec<String>,
    held: String,
}

/// What is left of a piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It goes on after this.
    Open(String),
    /// It ends after this: a stop sequence followed.
    Closed(String),
}

impl Stops {
    pub(super) fn new(sequences: Vec<String>) -> Self {
        Self { sequences, held: String::new() }
    }

    pub(super) fn push(&mut self, piece: &str) -> Cut {
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        if let Some(end) = self.sequences.iter().filter_map(|stop| text.find(stop.as_str())).min() {
            text.truncate(end);
            return Cut::Closed(text);
        }
        self.held = text.split_off(self.undecided_from(&text));
        Cut::Open(text)
    }

    /// What was held back, when no more text comes.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Where the longest end of the text starts with which a stop sequence begins.
    fn undecided_from(&self, text: &str) -> usize {
        let begins = |end: &str| self.sequences.iter().any(|stop| stop.starts_with(end));
        text.char_indices().map(|(at, _)| at).find(|&at| text.get(at..).is_some_and(begins)).unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut stops = Stops::new(stops.iter().map(|&stop| stop.to_owned()).collect());
        let mut whole = String::new();
        for piece in pieces {
            match stops.push(piece) {
                Cut::Open(text) => whole.push_str(&text),
                Cut::Closed(text) => return (whole + &text, true),
            }
        }
        (whole + &stops.finish(), false)
    }

    #[test]
    fn text_without_a_stop_passes_whole() {
        assert_eq!(cut(&[], &["a", "b"]), ("ab".to_owned(), false));
        assert_eq!(cut(&["END"], &["E", "N", "E", "ND of", " EN"]), ("EN".to_owned(), true));
        assert_eq!(cut(&["END"], &["EN", " EN"]), ("EN EN".to_owned(), false));
    }

    #[test]
    fn the_earliest_stop_cuts_wherever_the_pieces_are_split() {
        let whole = "你好\n\nUser: x END";
        for at in whole.char_indices().map(|(at, _)| at) {
            let (left, right) = whole.split_at(at);
            assert_eq!(cut(&["END", "\n\nUser:"], &[left, right]), ("你好".to_owned(), true), "{at}");
        }
    }

    #[test]
    fn text_that_cannot_become_a_stop_is_not_held_back() {
        let mut stops = Stops::new(vec!["<end>".to_owned()]);
        assert_eq!(stops.push("a < b"), Cut::Open("a < b".to_owned()));
        assert_eq!(stops.push(" <en"), Cut::Open(" ".to_owned()));
        assert_eq!(stops.push("ds>"), Cut::Open("<ends>".to_owned()));
    }
}
