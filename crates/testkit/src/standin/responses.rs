//! `POST /v1/responses`, plain and as a stream of named events.

use super::call::{Call, now};
use super::text;
use crate::reply::{self, Reply};
use serde_json::{Value, json};

pub(super) fn response(call: &Call) -> Reply {
    let input = &call.json["input"];
    let heard = input.as_str().map_or_else(|| text::last_said(input), str::to_owned);
    let said = text::answer_to(&heard);
    let usage = usage(text::tokens(&heard), text::tokens(&said));
    let message = message(call, "completed", &json!([part(&said)]));
    let completed = object(call, "completed", &json!([message]), &usage);
    if call.streams() { streamed(call, &said, &message, &completed) } else { reply::json(&completed) }
}

fn streamed(call: &Call, said: &str, message_done: &Value, completed: &Value) -> Reply {
    let begun = object(call, "in_progress", &json!([]), &Value::Null);
    let message_begun = message(call, "in_progress", &json!([]));
    let mut events = vec![
        ("response.created", json!({ "response": begun })),
        ("response.in_progress", json!({ "response": begun })),
        ("response.output_item.added", json!({ "output_index": 0, "item": message_begun })),
        ("response.content_part.added", in_part(call, &json!({ "part": part("") }))),
    ];
    events.extend(
        text::pieces(said)
            .into_iter()
            .map(|piece| ("response.output_text.delta", in_part(call, &json!({ "delta": piece, "logprobs": [] })))),
    );
    events.extend([
        ("response.output_text.done", in_part(call, &json!({ "text": said, "logprobs": [] }))),
        ("response.content_part.done", in_part(call, &json!({ "part": part(said) }))),
        ("response.output_item.done", json!({ "output_index": 0, "item": message_done })),
        ("response.completed", json!({ "response": completed })),
    ]);
    reply::events(events.into_iter().enumerate().map(|(number, (name, event))| numbered(number, name, event)))
}

/// An event carries its name and its number in its data as well.
fn numbered(number: usize, name: &str, mut event: Value) -> String {
    event["type"] = json!(name);
    event["sequence_number"] = json!(number);
    reply::named_event(name, &event)
}

/// An event about the first part of the first item.
fn in_part(call: &Call, event: &Value) -> Value {
    let mut event = event.clone();
    event["item_id"] = json!(call.id("msg_"));
    event["output_index"] = json!(0);
    event["content_index"] = json!(0);
    event
}

fn part(said: &str) -> Value {
    json!({ "type": "output_text", "text": said, "annotations": [], "logprobs": [] })
}

fn message(call: &Call, status: &str, content: &Value) -> Value {
    json!({ "id": call.id("msg_"), "type": "message", "status": status, "role": "assistant", "content": content })
}

fn usage(input: u64, output: u64) -> Value {
    json!({
        "input_tokens": input,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": output,
        "output_tokens_details": { "reasoning_tokens": 0 },
        "total_tokens": input + output,
    })
}

fn object(call: &Call, status: &str, output: &Value, usage: &Value) -> Value {
    json!({
        "id": call.id("resp_"),
        "object": "response",
        "created_at": now(),
        "status": status,
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": call.json["instructions"],
        "max_output_tokens": null,
        "model": call.model(),
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": { "effort": null, "summary": null },
        "store": true,
        "temperature": 1.0,
        "text": { "format": { "type": "text" } },
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "user": null,
        "metadata": {},
    })
}
