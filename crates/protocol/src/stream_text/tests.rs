use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn assemble(stream: &[u8]) -> Option<String> {
    let mut text = StreamText::new(usize::MAX);
    text.push(stream);
    text.is_known().then(|| text.text())
}

fn check(events: &[Value], expected: &str) {
    let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let assembled = assemble((stream + "data: [DONE]\n\n").as_bytes());
    assert_eq!(assembled.as_deref(), Some(expected));
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
        "Hal\n[error] {\"message\":\"overloaded\"}",
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

#[test]
fn messages_become_text_reasoning_and_tool_calls() {
    let block = |index: u64, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    check(
        &[
            json!({"type": "message_start", "message": {"usage": {"input_tokens": 1}}}),
            block(0, json!({"type": "thinking_delta", "thinking": "hm"})),
            block(1, json!({"type": "text_delta", "text": "Hel"})),
            block(1, json!({"type": "text_delta", "text": "lo"})),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "f"}}),
            block(2, json!({"type": "input_json_delta", "partial_json": "{}"})),
        ],
        "[reasoning] hm\nHello\n[tool call] f({})",
    );
}

#[test]
fn transcriptions_and_the_deprecated_call_of_a_function_are_known() {
    check(
        &[
            json!({"type": "transcript.text.delta", "delta": "Good "}),
            json!({"type": "transcript.text.delta", "delta": "day"}),
        ],
        "Good day",
    );
    let call = |function: Value| chat(&json!({"function_call": function}));
    check(&[call(json!({"name": "f", "arguments": ""})), call(json!({"arguments": "{}"}))], "[tool call] f({})");
}

#[test]
fn a_failed_response_tells_its_error_alone() {
    let failed =
        json!({"type": "response.failed", "response": {"output": ["long"], "error": {"code": "server_error"}}});
    check(
        &[json!({"type": "response.output_text.delta", "delta": "Hal"}), failed],
        "Hal\n[error] {\"code\":\"server_error\"}",
    );
    check(&[chat(&json!({"content": "a"})), json!({"type": "error", "message": "no more"})], "a\n[error] no more");
}

/// What came before it may be of any kind.
#[test]
fn an_error_alone_does_not_make_a_stream_known() {
    assert_eq!(assemble(b"data: {\"tick\": 1}\n\ndata: {\"error\": {}}\n\n"), None);
}

#[test]
fn images_in_a_stream_are_not_kept() {
    check(&[json!({"type": "image_generation.partial_image", "b64_json": "UklGRg=="})], "");
}

#[test]
fn text_is_cut_at_its_cap_between_characters_and_nothing_follows() {
    let mut text = StreamText::new(4);
    for content in ["a", "bé", "é", "c"] {
        text.push(format!("data: {}\n\n", chat(&json!({"content": content}))).as_bytes());
    }
    assert_eq!((text.text().as_str(), text.is_truncated()), ("abé", true));
    let mut exact = StreamText::new(1);
    exact.push(format!("data: {}\n\n", chat(&json!({"content": "a"}))).as_bytes());
    assert_eq!((exact.text().as_str(), exact.is_truncated()), ("a", false));
}

#[test]
fn endless_choices_stay_within_their_cap() {
    let mut text = StreamText::new(usize::MAX);
    for index in 0..10_000 {
        let event = json!({"choices": [{"index": index, "delta": {"content": "x"}}]});
        text.push(format!("data: {event}\n\n").as_bytes());
    }
    assert_eq!((text.text().lines().count(), text.is_truncated()), (PARTS_CAP, true));
}

#[test]
fn one_odd_field_does_not_hide_the_others() {
    check(
        &[json!({"choices": [{"index": "0", "delta": {"content": "a", "tool_calls": 7}}], "error": null, "type": 1})],
        "a",
    );
    let half_a_pair = "data: {\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}\n\n";
    assert_eq!(assemble(half_a_pair.as_bytes()).as_deref(), Some("\u{fffd}"));
    assert!(!format!("{:?}", StreamText::new(9)).contains("parts"));
}

/// What the events tell when each is taken apart.
fn taken_apart(events: &[Vec<u8>]) -> (String, bool) {
    let mut told = Told { cap: usize::MAX, ..Told::default() };
    for data in events {
        if let Some(event) = Event::read(data) {
            told.take(&event.added());
        }
    }
    let text = StreamText { told, ..StreamText::default() };
    (text.text(), text.is_known())
}

fn assembled(events: &[Vec<u8>]) -> (String, bool) {
    let mut text = StreamText::new(usize::MAX);
    for data in events {
        text.push(&[b"data: ", &**data, b"\n\n"].concat());
    }
    (text.text(), text.is_known())
}

/// How many of the events are known by the mould of one before them.
fn known_by_mould(events: &[Vec<u8>]) -> usize {
    let mut mould: Option<Mould> = None;
    let mut known = 0;
    for data in events {
        if mould.as_ref().is_some_and(|mould| mould.piece_of(data).is_some()) {
            known += 1;
        } else if let Some(event) = Event::read(data) {
            mould = Mould::of(data, &event.added()).or(mould.take());
        }
    }
    known
}

/// Streams as they are sent, and two that are not: `TEXT`, `OTHER` and `N` stand for what is another one each time.
const FORMS: [&str; 10] = [
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"content":TEXT},"finish_reason":null}],"usage":null,"obfuscation":"N"}"#,
    r#"{"id":"N","choices":[{"delta":{"reasoning_content":TEXT},"index":N}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":TEXT}}]}}]}"#,
    r#"{"choices":[{"index":0,"text":TEXT}],"n":N}"#,
    r#"{"type":"response.output_text.delta","sequence_number":N,"item_id":"m","output_index":0,"delta":TEXT,"logprobs":[]}"#,
    r#"{"type":"content_block_delta","index":N,"delta":{"type":"text_delta","text":TEXT}}"#,
    r#"{"choices":[{"index":0,"delta":{"content":TEXT}},{"index":1,"delta":{"content":TEXT}}]}"#,
    r#"{"x":OTHER,"choices":[{"delta":{"content":TEXT}}]}"#,
    r#"{"choices":[{"delta":{"reasoning_content":TEXT,"reasoning":"why"}}]}"#,
    r#"{"x":TEXT,"type":TEXT,"error":TEXT,"message":TEXT,"delta":TEXT}"#,
];

/// What may stand where `TEXT` does, as it is written.
const TEXTS: [&str; 14] = [
    r#""""#,
    r#"" the""#,
    r#"",""#,
    r#"":""#,
    r#""\n""#,
    r#""é世""#,
    r#""\ud83d""#,
    r#""index""#,
    r#""error""#,
    "null",
    "1",
    r#""a","content":"b""#,
    r#""response.failed""#,
    "\"\u{1}\"",
];

fn event_of(form: &str, text: &str, number: u64) -> Vec<u8> {
    let other = TEXTS[number as usize % TEXTS.len()];
    form.replace("OTHER", other).replace("TEXT", text).replace('N', &number.to_string()).into_bytes()
}

#[test]
fn most_events_of_a_stream_need_not_be_taken_apart() {
    for form in FORMS.iter().take(6).filter(|form| !form.contains(r#""index":N"#)) {
        let events: Vec<_> = (8..108).map(|number| event_of(form, &format!("\"word {number}\\n\""), number)).collect();
        assert_eq!(known_by_mould(&events), 99, "{form}");
        assert_eq!(assembled(&events), taken_apart(&events), "{form}");
    }
}

#[test]
fn an_event_that_says_the_same_of_another_choice_does_not_fit_the_mould() {
    let events: Vec<_> = [0, 1, 0, 1].iter().map(|&of| event_of(FORMS[5], "\"x\"", of)).collect();
    assert_eq!(known_by_mould(&events), 0);
    assert_eq!(assembled(&events).0, "xx\nxx");
}

/// What is longer is not held.
#[test]
fn a_long_event_is_no_mould() {
    let events = vec![event_of(FORMS[0], &format!("\"{}\"", "x".repeat(5000)), 1); 3];
    assert_eq!(known_by_mould(&events), 0);
    assert_eq!(assembled(&events).0.len(), 15_000);
}

fn events() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let change = prop_oneof![3 => Just(None), 1 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(Some)];
    let text = proptest::sample::select(TEXTS.to_vec());
    let event = (text, 0..30_u64, change);
    (proptest::sample::select(FORMS.to_vec()), proptest::collection::vec(event, 1..12)).prop_map(|(form, events)| {
        let changed = events.into_iter().map(|(text, number, change)| {
            let mut event = event_of(form, text, number);
            let at = change.map(|(at, byte)| (at.index(event.len()), byte));
            // A line end would make two lines of it.
            if let Some((at, byte)) = at.filter(|(_, byte)| !b"\r\n".contains(byte)) {
                event[at] = byte;
            }
            event
        });
        changed.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn a_mould_finds_what_taking_apart_finds(events in events()) {
        prop_assert_eq!(assembled(&events), taken_apart(&events));
    }
}
