use super::*;
use serde_json::json;

fn check(events: &[Value], expected: &str) {
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    assert_eq!(assemble((stream + "data: [DONE]\n\n").as_bytes()).as_deref(), Some(expected));
}

fn chat(delta: &Value) -> Value {
    json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]})
}

#[test]
fn chat_deltas_become_the_message() {
    check(
        &[
            chat(&json!({"role": "assistant", "content": ""})),
            chat(&json!({"content": "Hello, "})),
            chat(&json!({"content": "世界"})),
            json!({"choices": [], "usage": {"prompt_tokens": 1}}),
        ],
        "Hello, 世界",
    );
}

#[test]
fn tool_calls_are_put_together_from_their_pieces() {
    let call = |index: u64, function: Value| chat(&json!({"tool_calls": [{"index": index, "function": function}]}));
    check(
        &[
            chat(&json!({"content": "Let me see."})),
            call(0, json!({"name": "weather", "arguments": ""})),
            call(0, json!({"arguments": "{\"city\":"})),
            call(1, json!({"name": "time", "arguments": "{}"})),
            call(0, json!({"arguments": "\"Paris\"}"})),
        ],
        "Let me see.\n[tool call] weather({\"city\":\"Paris\"})\n[tool call] time({})",
    );
}

#[test]
fn choices_do_not_mix() {
    let choice = |index: u64, text: &str| json!({"choices": [{"index": index, "delta": {"content": text}}]});
    check(&[choice(0, "a"), choice(1, "x"), choice(0, "b"), choice(1, "y")], "ab\nxy");
}

#[test]
fn completions_become_their_text() {
    check(
        &[json!({"choices": [{"index": 0, "text": "On"}]}), json!({"choices": [{"index": 0, "text": "ce"}]})],
        "Once",
    );
}

#[test]
fn response_events_become_text_and_tool_calls() {
    check(
        &[
            json!({"type": "response.created", "response": {"error": null}}),
            json!({"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"}),
            json!({"type": "response.output_text.delta", "output_index": 0, "delta": "lo"}),
            json!({"type": "response.output_text.done", "output_index": 0, "text": "Hello"}),
            json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "function_call", "name": "f"}}),
            json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}),
        ],
        "Hello\n[tool call] f({})",
    );
}

#[test]
fn an_error_in_the_stream_is_told_after_what_came_before_it() {
    check(
        &[chat(&json!({"content": "Hal"})), json!({"error": {"message": "overloaded"}})],
        "Hal\n[error] {\"error\":{\"message\":\"overloaded\"}}",
    );
}

#[test]
fn reasoning_is_told_apart() {
    check(&[chat(&json!({"reasoning_content": "hm"})), chat(&json!({"content": "42"}))], "[reasoning] hm\n42");
}

#[test]
fn sound_in_a_stream_is_not_kept() {
    check(&[json!({"type": "speech.audio.delta", "audio": "UklGRg=="})], "");
}

#[test]
fn a_stream_cut_within_an_event_tells_what_was_whole() {
    let stream = b"data: {\"choices\":[{\"delta\":{\"content\":\"whole\"}}]}\n\ndata: {\"choices\":[{\"del";
    assert_eq!(assemble(stream).as_deref(), Some("whole"));
}

#[test]
fn events_of_no_known_shape_are_nobodys_text() {
    assert_eq!(assemble(b"data: {\"tick\": 1}\n\ndata: plain words\n\n"), None);
    assert_eq!(assemble(b""), None);
}
