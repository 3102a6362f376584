//! Tells an answer that is an error from one that is not, whatever its status says.

use crate::json::Key;
use memchr::memmem;
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// How much of the beginning of an answer is looked at: errors are short.
const LOOKED_AT_CAP_BYTES: usize = 16 * 1024;

/// Whether an answer is a JSON object with an `error` that is not null. It may be the beginning of one only: what stands
/// behind the first 16 KiB, or was cut off, is not looked at, and nothing is built of what is.
pub fn is_error_answer(answer: &[u8]) -> bool {
    let beginning = answer.get(..LOOKED_AT_CAP_BYTES).unwrap_or(answer);
    let mut found = Found(false);
    if memmem::find(beginning, b"\"error\"").is_some() {
        // A text that is cut off, or is no object, ends in an error that says nothing about what was found before.
        let _ = serde_json::Deserializer::from_slice(beginning).deserialize_map(&mut found);
    }
    found.0
}

struct Found(bool);

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = object.next_key()? {
            if key == "error" {
                self.0 = object.next_value::<Option<IgnoredAny>>()?.is_some();
                return Ok(());
            }
            object.next_value::<IgnoredAny>()?;
        }
        Ok(())
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
