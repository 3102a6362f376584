//! What a message is made of, in the forms of the APIs that the gateway passes on: chat completions, responses
//! (<https://platform.openai.com/docs/api-reference>) and messages (<https://docs.anthropic.com/en/api/messages>).

use crate::quantity;
use serde_json::Value;

/// A piece of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// What the model thought.
    Reasoning(String),
    /// What the model wants done.
    Call {
        name: String,
        id: Option<String>,
        arguments: String,
    },
    /// What stands for a thing that is no text.
    Note(String),
}

/// The most characters of a piece that is told as JSON, or of a link.
const NOTE_CAP_CHARS: usize = 300;

/// The pieces of a `content`: a text, a list, or nothing.
pub(crate) fn of_content(content: &Value) -> Vec<Part> {
    match content {
        Value::Null => Vec::new(),
        Value::String(text) => vec![Part::Text(text.clone())],
        Value::Array(parts) => parts.iter().map(of_part).collect(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) => vec![of_part(content)],
    }
}

fn of_part(part: &Value) -> Part {
    if let Some(text) = part.as_str() {
        return Part::Text(text.to_owned());
    }
    match text_at(part, "type").unwrap_or_default() {
        "text" | "input_text" | "output_text" | "summary_text" | "reasoning_text" => Part::Text(owned(part, "text")),
        "refusal" => Part::Text(owned(part, "refusal")),
        "thinking" => Part::Reasoning(owned(part, "thinking")),
        "image_url" | "input_image" | "image" => Part::Note(picture(part)),
        "input_audio" => Part::Note(audio(part)),
        "file" | "input_file" | "document" => Part::Note(document(part)),
        "tool_use" => {
            Part::Call { name: owned(part, "name"), id: id_at(part, "id"), arguments: json_at(part, "input") }
        }
        "tool_result" => tool_result(part),
        _ => Part::Note(other(part)),
    }
}

/// The call of a tool in any of the APIs' forms.
pub(crate) fn of_call(call: &Value) -> Part {
    let function = call.get("function").or_else(|| call.get("custom")).unwrap_or(call);
    let arguments = ["arguments", "input"].iter().find_map(|key| function.get(key));
    let arguments = arguments.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let id = id_at(call, "call_id").or_else(|| id_at(call, "id"));
    Part::Call { name: owned(function, "name"), id, arguments: arguments.unwrap_or_default() }
}

fn tool_result(part: &Value) -> Part {
    let texts = of_content(part.get("content").unwrap_or(&Value::Null)).into_iter().map(|part| match part {
        Part::Text(text) | Part::Reasoning(text) | Part::Note(text) => text,
        Part::Call { name, .. } => name,
    });
    let id = id_at(part, "tool_use_id").unwrap_or_default();
    Part::Text(format!("[result of {id}] {}", texts.collect::<Vec<_>>().join("\n")))
}

fn picture(part: &Value) -> String {
    let link = part.pointer("/image_url/url").or_else(|| part.get("image_url")).and_then(Value::as_str);
    match link {
        Some(link) => format!("[image: {}]", linked(link)),
        None => format!("[image: {}]", source(part)),
    }
}

fn audio(part: &Value) -> String {
    let format = part.pointer("/input_audio/format").and_then(Value::as_str).unwrap_or("of some kind");
    let data = part.pointer("/input_audio/data").and_then(Value::as_str).unwrap_or_default();
    format!("[audio: {format}, {}]", decoded_size(data))
}

fn document(part: &Value) -> String {
    let file = part.get("file").unwrap_or(part);
    let name = ["filename", "title", "file_id", "file_url"].iter().find_map(|key| text_at(file, key));
    let size = text_at(file, "file_data").map(linked);
    let told: Vec<String> = name.map(cut).into_iter().chain(size).collect();
    if told.is_empty() { format!("[file: {}]", source(part)) } else { format!("[file: {}]", told.join(", ")) }
}

/// Where something is: the forms of `source`, or an id.
fn source(part: &Value) -> String {
    let at = |path: &str| part.pointer(path).and_then(Value::as_str);
    let media_type = at("/source/media_type").unwrap_or("of some kind");
    match (at("/source/data"), at("/source/url"), at("/file_id")) {
        (Some(data), _, _) => format!("{media_type}, {}", decoded_size(data)),
        (_, Some(url), _) => linked(url),
        (_, _, Some(id)) => cut(id),
        _ => "of some kind".to_owned(),
    }
}

/// A link; of one that holds what it leads to, the kind and the size.
fn linked(link: &str) -> String {
    match link.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((kind, data)) => format!("{}, {}", cut(kind.trim_end_matches(";base64")), decoded_size(data)),
        None => cut(link),
    }
}

/// Base64 says three bytes with four characters.
fn decoded_size(data: &str) -> String {
    let characters = data.trim_end_matches('=').len() as u64;
    quantity::bytes(characters * 3 / 4)
}

fn other(part: &Value) -> String {
    cut(&format!("[{part}]"))
}

pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(NOTE_CAP_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

pub(crate) fn text_at<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn owned(value: &Value, key: &str) -> String {
    text_at(value, key).unwrap_or_default().to_owned()
}

fn id_at(value: &Value, key: &str) -> Option<String> {
    text_at(value, key).map(str::to_owned)
}

fn json_at(value: &Value, key: &str) -> String {
    value.get(key).map(Value::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn note(part: &Value) -> String {
        let told = of_part(part);
        if let Part::Note(note) = told { note } else { format!("{told:?}") }
    }

    #[test]
    fn what_is_no_text_is_a_note_with_its_size() {
        let data = "A".repeat(4096);
        for (part, told) in [
            (
                json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}}),
                "[image: image/png, 3.0 KiB]",
            ),
            (json!({"type": "image_url", "image_url": {"url": "https://h/cat.png"}}), "[image: https://h/cat.png]"),
            (json!({"type": "input_image", "image_url": "https://h/cat.png"}), "[image: https://h/cat.png]"),
            (json!({"type": "input_image", "file_id": "file-1"}), "[image: file-1]"),
            (
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": data}}),
                "[image: image/jpeg, 3.0 KiB]",
            ),
            (json!({"type": "input_audio", "input_audio": {"format": "wav", "data": data}}), "[audio: wav, 3.0 KiB]"),
            (
                json!({"type": "file", "file": {"filename": "a.pdf", "file_data": format!("data:application/pdf;base64,{data}")}}),
                "[file: a.pdf, application/pdf, 3.0 KiB]",
            ),
            (json!({"type": "hologram", "x": 1}), "[{\"type\":\"hologram\",\"x\":1}]"),
        ] {
            assert_eq!(note(&part), told);
        }
    }

    #[test]
    fn calls_are_told_in_every_form() {
        let expected =
            |id: &str| Part::Call { name: "f".to_owned(), id: Some(id.to_owned()), arguments: "{\"a\":1}".to_owned() };
        let chat = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}});
        let response =
            json!({"type": "function_call", "id": "x", "call_id": "c2", "name": "f", "arguments": "{\"a\":1}"});
        assert_eq!([of_call(&chat), of_call(&response)], [expected("c1"), expected("c2")]);
        assert_eq!(of_part(&json!({"type": "tool_use", "id": "c3", "name": "f", "input": {"a": 1}})), expected("c3"));
    }
}
