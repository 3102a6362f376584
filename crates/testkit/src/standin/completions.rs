//! `POST /v1/completions`, the older interface.

use super::call::{Call, now};
use super::text;
use crate::reply::{self, Reply};
use serde_json::{Value, json};

pub(super) fn completion(call: &Call) -> Reply {
    let prompt = prompt(&call.json["prompt"]);
    let (said, finish) = text::limited(&text::answer_to(&prompt), call.json["max_tokens"].as_u64());
    let usage = text::usage(text::tokens(&prompt), text::tokens(&said));
    if !call.streams() {
        return reply::json(&object(call, &json!([choice(&said, &json!(finish))]), &usage));
    }
    let mut events: Vec<_> = text::pieces(&said).iter().map(|piece| event(call, piece, &Value::Null)).collect();
    events.push(event(call, "", &json!(finish)));
    if call.wants_usage() {
        events.push(reply::event(&object(call, &json!([]), &usage)));
    }
    events.push("data: [DONE]\n\n".to_owned());
    reply::events(events)
}

/// The prompt, or the first of several.
fn prompt(prompt: &Value) -> String {
    let first = prompt.as_array().and_then(|prompts| prompts.first());
    first.unwrap_or(prompt).as_str().unwrap_or_default().to_owned()
}

fn event(call: &Call, piece: &str, finish: &Value) -> String {
    reply::event(&object(call, &json!([choice(piece, finish)]), &Value::Null))
}

fn choice(text: &str, finish: &Value) -> Value {
    json!({ "text": text, "index": 0, "logprobs": null, "finish_reason": finish })
}

fn object(call: &Call, choices: &Value, usage: &Value) -> Value {
    let mut object = json!({
        "id": call.id("cmpl-"),
        "object": "text_completion",
        "created": now(),
        "model": call.model(),
        "choices": choices,
    });
    if !call.streams() || call.wants_usage() {
        object["usage"] = usage.clone();
    }
    object
}
