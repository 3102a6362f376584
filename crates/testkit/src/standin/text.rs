//! What the stand-in says, and how it counts it.

use serde_json::{Value, json};

/// What it says when it was asked for text.
pub(super) fn answer_to(prompt: &str) -> String {
    match prompt.trim() {
        "" => "The stand-in heard nothing.".to_owned(),
        heard => format!("The stand-in heard: {heard}"),
    }
}

/// The pieces a text is streamed in; together they are the text.
pub(super) fn pieces(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

/// The first `limit` pieces of a text, and OpenAI's word for why it ends there.
pub(super) fn limited(text: &str, limit: Option<u64>) -> (String, &'static str) {
    let pieces = pieces(text);
    match limit.and_then(|limit| usize::try_from(limit).ok()) {
        Some(limit) if limit < pieces.len() => (pieces.into_iter().take(limit).collect(), "length"),
        _ => (pieces.concat(), "stop"),
    }
}

/// How many tokens a text has here: its words.
pub(crate) fn tokens(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// The text of a message's content: a string, or the texts of its parts.
pub(super) fn of_content(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

/// The text of all messages, for counting.
pub(crate) fn of_messages(messages: &Value) -> String {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    messages.iter().map(|message| of_content(&message["content"])).collect::<Vec<_>>().join(" ")
}

/// The text of the last message that is not the model's own.
pub(super) fn last_said(messages: &Value) -> String {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    let last = messages.iter().rfind(|message| message["role"] != "assistant");
    last.map(|message| of_content(&message["content"])).unwrap_or_default()
}

/// The `usage` object of chat completions and completions.
pub(super) fn usage(prompt_tokens: u64, completion_tokens: u64) -> Value {
    json!({
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}
