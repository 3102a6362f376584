//! Tokens, as the upstream counted them: <https://platform.openai.com/docs/api-reference/chat/object#chat-object-usage>.

use crate::scan::{Malformed, Scan};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// How much of the end of an answer is enough to find its usage in: providers put it last.
///
/// ```
/// use oar_protocol::usage::{self, TAIL_CAP_BYTES};
///
/// let answer = format!(r#"{{"text": "{}", "usage": {{"input_tokens": 7}}}}"#, "x".repeat(TAIL_CAP_BYTES));
/// let tail = &answer[answer.len() - TAIL_CAP_BYTES..];
/// assert_eq!(usage::find(tail.as_bytes()).and_then(|usage| usage.prompt_tokens), Some(7));
/// ```
pub const TAIL_CAP_BYTES: usize = 16 * 1024;

/// The counts of one answer.
///
/// ```
/// use oar_protocol::usage::{self, Usage};
///
/// let found = usage::find(br#"{"data": [], "usage": {"prompt_tokens": 4}}"#);
/// assert_eq!(found, Some(Usage { prompt_tokens: Some(4), completion_tokens: None }));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the completion.
    pub completion_tokens: Option<u64>,
}

/// The values of a usage object, as they are written. Chat completions and completions say `prompt_tokens` and
/// `completion_tokens`; responses and audio say `input_tokens` and `output_tokens`; some servers say both.
#[derive(Default)]
struct Counts<'a> {
    prompt_tokens: Option<&'a [u8]>,
    completion_tokens: Option<&'a [u8]>,
    input_tokens: Option<&'a [u8]>,
    output_tokens: Option<&'a [u8]>,
}

/// Finds the last usage object in the end of an answer, be it JSON or a stream of JSON events.
///
/// The text is searched rather than parsed, so a long answer costs no more than its tail. A quoted `"usage"` inside
/// somebody's text cannot be mistaken for the field: there its quotes are escaped.
///
/// ```
/// let answer = br#"{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}"#;
/// let usage = oar_protocol::usage::find(answer).ok_or("no usage")?;
/// assert_eq!((usage.prompt_tokens, usage.completion_tokens), (Some(7), Some(5)));
/// # Ok::<(), &str>(())
/// ```
pub fn find(tail: &[u8]) -> Option<Usage> {
    static FIELD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));
    // From the front, which vectors of the processor do, though it is the last one that counts.
    FIELD.find_iter(tail).filter_map(|at| object_after(tail.get(at + FIELD.needle().len()..)?)).last()
}

fn object_after(text: &[u8]) -> Option<Usage> {
    let value = text.trim_ascii_start().strip_prefix(b":")?;
    let mut counts = Counts::default();
    Scan::new(value).object(|json, name| counts.take(&name.bytes()?, json.raw()?)).ok()?;
    let usage = Usage {
        prompt_tokens: count(counts.prompt_tokens).or_else(|| count(counts.input_tokens)),
        completion_tokens: count(counts.completion_tokens).or_else(|| count(counts.output_tokens)),
    };
    (usage.prompt_tokens.is_some() || usage.completion_tokens.is_some()).then_some(usage)
}

/// What is no count is no reason to lose the others.
fn count(json: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(json?).ok()?.parse().ok()
}

impl<'a> Counts<'a> {
    /// Takes one member of the object. One that is there twice says nothing.
    fn take(&mut self, name: &[u8], json: &'a [u8]) -> Result<(), Malformed> {
        let place = match name {
            b"prompt_tokens" => &mut self.prompt_tokens,
            b"completion_tokens" => &mut self.completion_tokens,
            b"input_tokens" => &mut self.input_tokens,
            b"output_tokens" => &mut self.output_tokens,
            _ => return Ok(()),
        };
        if place.replace(json).is_some() { Err(Malformed) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(prompt: u64, completion: u64) -> Option<Usage> {
        Some(Usage { prompt_tokens: Some(prompt), completion_tokens: Some(completion) })
    }

    #[test]
    fn it_is_found_in_whole_answers_and_in_streams() {
        let chat =
            br#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8,"details":{"x":1}}}"#;
        assert_eq!(find(chat), counts(3, 5));
        let stream = b"data: {\"choices\":[{}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\": {\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
        assert_eq!(find(stream), counts(1, 2));
        let responses = br#"data: {"type":"response.completed","response":{"usage":{"input_tokens":7,"output_tokens":9},"user":null}}"#;
        assert_eq!(find(responses), counts(7, 9));
    }

    #[test]
    fn both_spellings_at_once_and_odd_values_do_not_hide_a_count() {
        let both = br#"{"usage":{"prompt_tokens":1,"input_tokens":1,"completion_tokens":2.5,"output_tokens":2}}"#;
        assert_eq!(find(both), counts(1, 2));
    }

    #[test]
    fn an_embedding_has_only_a_prompt() {
        let found = find(br#"{"data":[],"usage":{"prompt_tokens":4,"total_tokens":4}}"#);
        assert_eq!(found, Some(Usage { prompt_tokens: Some(4), completion_tokens: None }));
    }

    #[test]
    fn text_that_talks_about_usage_is_not_usage() {
        assert_eq!(find(br#"{"content":"\"usage\":{\"prompt_tokens\":1}"}"#), None);
        assert_eq!(find(br#"{"usage":"a word","usage":null,"usage":{"kilowatts":1}}"#), None);
        assert_eq!(find(br#"{"usage":{"prompt_tokens":1"#), None);
        assert_eq!(find(br#"{"usage":{"prompt_tokens":1,"prompt_tokens":2}}"#), None);
        assert_eq!(find(br#"{"usage":{"prompt_tokens":null,"completion_tokens":"2"}}"#), None);
    }
}
