//! An answer known beforehand: whoever gets a part of it can tell that it is its beginning.

/// What is said, a piece for each event. Each is one character of several bytes, so that a cut can go through it.
pub(crate) const WORDS: [&str; 6] = ["一", "二", "三", "四", "五", "六"];

/// The event with one word, as chat completions send it.
pub(crate) fn event(word: &str) -> String {
    let choice = format!(r#"{{"index":0,"delta":{{"content":"{word}"}},"finish_reason":null}}"#);
    format!("data: {}\n\n", answer("chat.completion.chunk", &choice))
}

/// The whole of it as one JSON object.
pub(crate) fn whole() -> String {
    let message = format!(r#"{{"role":"assistant","content":"{}"}}"#, WORDS.concat());
    let choice = format!(r#"{{"index":0,"message":{message},"finish_reason":"stop"}}"#);
    answer("chat.completion", &choice)
}

fn answer(object: &str, choice: &str) -> String {
    format!(r#"{{"id":"chatcmpl-1","object":"{object}","created":1,"model":"m","choices":[{choice}]}}"#)
}

/// Its first half.
pub(crate) fn half() -> String {
    let whole = whole();
    whole.get(..whole.len() / 2).unwrap_or_default().to_owned()
}
