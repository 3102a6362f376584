//! What the stand-in says, in the words of OpenAI's chat completions.

use crate::compare::clock;
use std::fmt::Write;

/// What every event begins with; the moment at which it was made follows, in 18 digits.
pub(crate) const EVENT_START: &str = "data: {\"id\":\"chatcmpl-";

/// How many digits those are.
pub(crate) const STAMP_DIGITS: usize = 18;

/// What comes after the last event.
pub(super) const DONE: &str = "data: [DONE]\n\n";

const PLAIN_START: &str = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1760000000,\
    \"model\":\"bench-1\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"";
const PLAIN_END: &str = "\"},\"finish_reason\":\"stop\"}],\
    \"usage\":{\"prompt_tokens\":210,\"completion_tokens\":150,\"total_tokens\":360}}";

/// A completion of so many bytes, or of as many as it takes to say nothing.
pub(super) fn plain(bytes: usize) -> String {
    let words = bytes.saturating_sub(PLAIN_START.len() + PLAIN_END.len());
    let text = "a word ".chars().cycle().take(words);
    PLAIN_START.chars().chain(text).chain(PLAIN_END.chars()).collect()
}

/// Whether more events follow one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Within,
    Last,
}

/// Appends an event that is made now.
pub(super) fn event(place: Place, to: &mut String) {
    let reason = match place {
        Place::Within => "null",
        Place::Last => "\"stop\"",
    };
    // Writing to a string cannot fail.
    let _ = write!(
        to,
        "{EVENT_START}{:018}\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"bench-1\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word\"}},\"finish_reason\":{reason}}}]}}\n\n",
        clock::now()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_has_its_length_and_is_json() {
        let answer = plain(1024);
        assert_eq!(answer.len(), 1024);
        assert!(serde_json::from_str::<serde_json::Value>(&answer).is_ok());
    }

    #[test]
    fn an_event_says_when_it_was_made() {
        let mut text = String::new();
        event(Place::Last, &mut text);
        let digits = &text[EVENT_START.len()..EVENT_START.len() + STAMP_DIGITS];
        assert!(digits.parse::<u64>().unwrap() <= clock::now());
        let json = text.strip_prefix("data: ").unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(json).unwrap()["choices"][0]["finish_reason"], "stop");
    }
}
