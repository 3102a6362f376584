//! `POST /v1/chat/completions`.

use super::call::{Call, now};
use super::{sample, text};
use crate::reply::{self, Reply};
use serde_json::{Value, json};

/// What the stand-in decided to say.
enum Answer {
    Text { content: String, finish: &'static str },
    Tool { name: String, arguments: String },
}

pub(super) fn completion(call: &Call) -> Reply {
    let answer = Answer::to(&call.json);
    if call.streams() { streamed(call, &answer) } else { plain(call, &answer) }
}

impl Answer {
    fn to(asked: &Value) -> Self {
        if let Some(function) = wanted_function(asked) {
            let name = function["name"].as_str().unwrap_or_default().to_owned();
            return Self::Tool { name, arguments: sample::of_schema(&function["parameters"]).to_string() };
        }
        let limit = asked["max_completion_tokens"].as_u64().or_else(|| asked["max_tokens"].as_u64());
        let (content, finish) = text::limited(&content(asked), limit);
        Self::Text { content, finish }
    }

    fn finish_reason(&self) -> &'static str {
        match self {
            Self::Text { finish, .. } => finish,
            Self::Tool { .. } => "tool_calls",
        }
    }

    fn usage(&self, asked: &Value) -> Value {
        let said = match self {
            Self::Text { content, .. } => text::tokens(content),
            Self::Tool { name, arguments } => text::tokens(name) + text::tokens(arguments),
        };
        text::usage(text::tokens(&text::of_messages(&asked["messages"])), said)
    }

    fn message(&self, call: &Call) -> Value {
        let mut message = json!({ "role": "assistant", "content": null, "refusal": null, "annotations": [] });
        match self {
            Self::Text { content, .. } => message["content"] = json!(content),
            Self::Tool { name, arguments } => {
                let function = json!({ "name": name, "arguments": arguments });
                message["tool_calls"] = json!([{ "id": call.id("call_"), "type": "function", "function": function }]);
            }
        }
        message
    }

    /// The deltas of a stream, without the first, which names the role, and the last, which is empty.
    fn deltas(&self, call: &Call) -> Vec<Value> {
        match self {
            Self::Text { content, .. } => {
                text::pieces(content).into_iter().map(|piece| json!({ "content": piece })).collect()
            }
            Self::Tool { name, arguments } => {
                let opening = json!({ "name": name, "arguments": "" });
                let opening = json!({ "index": 0, "id": call.id("call_"), "type": "function", "function": opening });
                let pieces = arguments.split_inclusive(',');
                let rest = pieces.map(|piece| json!({ "index": 0, "function": { "arguments": piece } }));
                [opening].into_iter().chain(rest).map(|call| json!({ "tool_calls": [call] })).collect()
            }
        }
    }
}

/// The function to call: the one the request insists on, or the first, unless a tool has just answered.
fn wanted_function(asked: &Value) -> Option<&Value> {
    let tool_answered = asked["messages"].as_array()?.last()?["role"] == "tool";
    if tool_answered || asked["tool_choice"] == "none" {
        return None;
    }
    let named = asked["tool_choice"]["function"]["name"].as_str();
    let mut functions = asked["tools"].as_array()?.iter().map(|tool| &tool["function"]);
    functions.find(|function| named.is_none_or(|named| function["name"] == named))
}

fn content(asked: &Value) -> String {
    let format = &asked["response_format"];
    match format["type"].as_str() {
        Some("json_schema") => sample::of_schema(&format["json_schema"]["schema"]).to_string(),
        Some("json_object") => json!({ "heard": text::last_said(&asked["messages"]) }).to_string(),
        _ => text::answer_to(&text::last_said(&asked["messages"])),
    }
}

fn plain(call: &Call, answer: &Answer) -> Reply {
    let choice = json!({
        "index": 0,
        "message": answer.message(call),
        "logprobs": null,
        "finish_reason": answer.finish_reason(),
    });
    reply::json(&json!({
        "id": call.id("chatcmpl-"),
        "object": "chat.completion",
        "created": now(),
        "model": call.model(),
        "choices": [choice],
        "usage": answer.usage(&call.json),
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }))
}

fn streamed(call: &Call, answer: &Answer) -> Reply {
    let opening = json!({ "role": "assistant", "content": "", "refusal": null });
    let deltas = [opening].into_iter().chain(answer.deltas(call)).map(|delta| (delta, Value::Null));
    let closing = (json!({}), json!(answer.finish_reason()));
    let choices = deltas
        .chain([closing])
        .map(|(delta, finish)| json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]));
    let mut events: Vec<_> = choices.map(|choices| reply::event(&chunk(call, &choices, &Value::Null))).collect();
    if call.wants_usage() {
        events.push(reply::event(&chunk(call, &json!([]), &answer.usage(&call.json))));
    }
    events.push("data: [DONE]\n\n".to_owned());
    reply::events(events)
}

/// One chunk; `usage` stands in every chunk of a stream that was asked for it, null in all but the last.
fn chunk(call: &Call, choices: &Value, usage: &Value) -> Value {
    let mut chunk = json!({
        "id": call.id("chatcmpl-"),
        "object": "chat.completion.chunk",
        "created": now(),
        "model": call.model(),
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
        "choices": choices,
    });
    if call.wants_usage() {
        chunk["usage"] = usage.clone();
    }
    chunk
}
