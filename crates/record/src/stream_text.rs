//! The text that a stream of server-sent events carried, as a person would read it.
//!
//! Three shapes are known: chat completions (<https://platform.openai.com/docs/api-reference/chat-streaming>), the older
//! completions, and responses (<https://platform.openai.com/docs/api-reference/responses-streaming>). Where a stream has
//! more than one thing to tell (choices, tool calls, reasoning, an error at the end), each is on lines of its own, in the
//! order in which it began.

use oar_protocol::sse::Splitter;
use serde_json::Value;

/// The text of the stream, or `None` when no event has a shape that is known here.
pub(crate) fn assemble(stream: &[u8]) -> Option<String> {
    let mut assembly = Assembly::default();
    let mut splitter = Splitter::new();
    splitter.push(stream);
    while let Some(event) = splitter.next_event() {
        if let Ok(event) = serde_json::from_str::<Value>(&event.data) {
            assembly.take(&event);
        }
    }
    assembly.known.then(|| assembly.text())
}

#[derive(Default)]
struct Assembly {
    parts: Vec<(Slot, Part)>,
    known: bool,
}

/// Which part of the answer a delta continues.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Reasoning { of: u64 },
    Text { of: u64 },
    Tool { of: u64, number: u64 },
    Error,
}

#[derive(Default)]
struct Part {
    /// A tool's name; empty for everything else.
    name: String,
    text: String,
}

impl Assembly {
    fn take(&mut self, event: &Value) {
        if let Some(choices) = event.get("choices").and_then(Value::as_array) {
            self.known = true;
            choices.iter().for_each(|choice| self.take_choice(choice));
        }
        if let Some(kind) = text_at(event, "type") {
            self.take_response_event(kind, event);
        }
        if event.get("error").is_some_and(|error| !error.is_null()) {
            self.take_error(event);
        }
    }

    fn take_choice(&mut self, choice: &Value) {
        let of = number_at(choice, "index");
        // The older completions have `text` beside the index, chat completions a `delta`.
        self.append(Slot::Text { of }, text_at(choice, "text"));
        let Some(delta) = choice.get("delta") else { return };
        self.append(Slot::Reasoning { of }, text_at(delta, "reasoning_content"));
        self.append(Slot::Text { of }, text_at(delta, "content"));
        self.append(Slot::Text { of }, text_at(delta, "refusal"));
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            let slot = Slot::Tool { of, number: number_at(call, "index") };
            let Some(function) = call.get("function") else { continue };
            self.name(slot, text_at(function, "name"));
            self.append(slot, text_at(function, "arguments"));
        }
    }

    fn take_response_event(&mut self, kind: &str, event: &Value) {
        let of = number_at(event, "output_index");
        let tool = Slot::Tool { of, number: 0 };
        let delta = text_at(event, "delta");
        self.known |= kind.starts_with("response.") || kind.ends_with("audio.delta");
        match kind {
            "response.output_text.delta" | "response.refusal.delta" => self.append(Slot::Text { of }, delta),
            "response.reasoning_summary_text.delta" => self.append(Slot::Reasoning { of }, delta),
            "response.function_call_arguments.delta" => self.append(tool, delta),
            "response.output_item.added" => self.name(tool, event.pointer("/item/name").and_then(Value::as_str)),
            "response.failed" | "error" => self.take_error(event),
            _ => {}
        }
    }

    fn take_error(&mut self, event: &Value) {
        self.known = true;
        if !self.parts.iter().any(|(slot, _)| *slot == Slot::Error) {
            self.append(Slot::Error, Some(&event.to_string()));
        }
    }

    fn append(&mut self, slot: Slot, text: Option<&str>) {
        self.extend(slot, text, |part| &mut part.text);
    }

    fn name(&mut self, slot: Slot, name: Option<&str>) {
        self.extend(slot, name, |part| &mut part.name);
    }

    fn extend(&mut self, slot: Slot, piece: Option<&str>, field: fn(&mut Part) -> &mut String) {
        let Some(piece) = piece.filter(|piece| !piece.is_empty()) else { return };
        match self.parts.iter_mut().find(|(known, _)| *known == slot) {
            Some((_, part)) => field(part).push_str(piece),
            None => {
                let mut part = Part::default();
                field(&mut part).push_str(piece);
                self.parts.push((slot, part));
            }
        }
    }

    fn text(&self) -> String {
        self.parts.iter().map(|(slot, part)| part.told(*slot)).collect::<Vec<_>>().join("\n")
    }
}

impl Part {
    fn told(&self, slot: Slot) -> String {
        let Self { name, text } = self;
        match slot {
            Slot::Text { .. } => text.clone(),
            Slot::Reasoning { .. } => format!("[reasoning] {text}"),
            Slot::Tool { .. } => format!("[tool call] {name}({text})"),
            Slot::Error => format!("[error] {text}"),
        }
    }
}

fn text_at<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn number_at(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests;
