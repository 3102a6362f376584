//! Tells an answer that is an error from one that is not, whatever its status says.

use crate::scan::{Malformed, Scan};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// How much of the beginning of an answer is looked at: errors are short.
const LOOKED_AT_CAP_BYTES: usize = 16 * 1024;

/// Whether an answer is a JSON object with an `error` that is not null. It may be the beginning of one only: what stands
/// behind the first 16 KiB, or was cut off, is not looked at, and nothing is built of what is.
///
/// ```
/// use oar_protocol::is_error_answer;
///
/// assert!(is_error_answer(br#"{"error": {"message": "overloaded"}}"#));
/// assert!(!is_error_answer(br#"{"choices": [], "error": null}"#));
/// ```
pub fn is_error_answer(answer: &[u8]) -> bool {
    static FIELD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));
    let beginning = answer.get(..LOOKED_AT_CAP_BYTES).unwrap_or(answer);
    FIELD.find(beginning).is_some() && error_in(beginning) == Err(End::Found)
}

/// Why no more of an answer is read.
#[derive(PartialEq, Eq)]
enum End {
    /// An error that is not null.
    Found,
    /// One that is null.
    Null,
    /// The text is cut off, or is no object: that says nothing about what was found before.
    Malformed,
}

fn error_in(beginning: &[u8]) -> Result<(), End> {
    Scan::new(beginning).object(|value, name| {
        let is_error = *name.bytes()? == *b"error";
        match value.raw()? {
            b"null" if is_error => Err(End::Null),
            _ if is_error => Err(End::Found),
            _ => Ok(()),
        }
    })
}

impl From<Malformed> for End {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S16.
    #[test]
    fn an_error_is_found_at_the_top_and_nowhere_else() {
        for error in [
            r#"{"error":{"message":"overloaded"}}"#,
            " {\"error\" : \"overloaded\"}\n",
            r#"{"object":"response","output":[{"error":null}],"error":{"code":1},"usage":{}}"#,
            r#"{"error":{"code":1},"cut":"of"#,
            r#"{"error":false}"#,
        ] {
            assert!(is_error_answer(error.as_bytes()), "{error}");
        }
        for other in [
            "",
            "{}",
            r#"{"error":null,"output":[]}"#,
            r#"{"choices":[{"error":{"code":1}}],"content":"\"error\": {}"}"#,
            r#"["error",{"error":{}}]"#,
            r#""error""#,
            "data: {\"error\":{}}\n\n",
            "<html>\"error\"</html>",
            r#"{"a":1 "error":{}}"#,
            r#"{"text":"cut of"#,
        ] {
            assert!(!is_error_answer(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_long_answer_is_looked_at() {
        let answer = |before: usize| format!(r#"{{"text":"{}","error":{{}}}}"#, "x".repeat(before));
        assert!(is_error_answer(answer(LOOKED_AT_CAP_BYTES - 100).as_bytes()));
        assert!(!is_error_answer(answer(LOOKED_AT_CAP_BYTES).as_bytes()));
    }

    /// B06: also on a stack as small as some runtimes give their threads.
    #[test]
    fn deep_nesting_costs_no_stack() {
        let depth = "[{\"x\":".repeat(2000);
        let texts = [format!("{{\"x\":{depth}\"error\""), format!("{{\"error\":{depth}"), format!("{depth}\"error\"")];
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let read = small.spawn(move || texts.map(|text| is_error_answer(text.as_bytes())));
        assert_eq!(read.map(std::thread::JoinHandle::join).expect("a thread").expect("no overflow"), [false; 3]);
    }
}
