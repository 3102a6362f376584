//! What one event adds to the text of its stream.

use super::{Field, Slot};
use crate::members::{Members, members, members_of_each};
use std::borrow::Cow;

/// Fields of events of every kind, as they are written. Each is looked into only if it is of use: a wrong one shall not
/// hide the others.
pub(super) struct Event<'a> {
    choices: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    delta: Option<&'a [u8]>,
    output_index: Option<&'a [u8]>,
    index: Option<&'a [u8]>,
    item: Option<&'a [u8]>,
    content_block: Option<&'a [u8]>,
    response: Option<&'a [u8]>,
    error: Option<&'a [u8]>,
    message: Option<&'a [u8]>,
}

/// The members of an event that are looked into. What the others say makes no difference.
pub(super) const NAMES: [&str; 10] =
    ["choices", "type", "delta", "output_index", "index", "item", "content_block", "response", "error", "message"];

/// How the kinds of events begin that are known here.
const KNOWN: [&str; 4] = ["response.", "transcript.", "message_", "content_block_"];

/// What an event adds.
#[derive(Default)]
pub(super) struct Added<'a> {
    /// Whether the event is of a kind that is known here. An error alone does not make it one: what came before it may be
    /// of any kind.
    pub(super) is_known: bool,
    pub(super) pieces: Vec<Piece<'a>>,
    pub(super) error: Option<Cow<'a, str>>,
}

/// A piece of text, and what it continues.
pub(super) struct Piece<'a> {
    pub(super) slot: Slot,
    pub(super) field: Field,
    /// A JSON string, as it is written.
    pub(super) json: &'a [u8],
}

impl<'a> Event<'a> {
    /// `None` for what is no JSON object, or has a member twice.
    pub(super) fn read(data: &'a [u8]) -> Option<Self> {
        let [choices, kind, delta, output_index, index, item, content_block, response, error, message] =
            members(data, NAMES)?;
        Some(Self { choices, kind, delta, output_index, index, item, content_block, response, error, message })
    }

    pub(super) fn added(&self) -> Added<'a> {
        let mut added = Added::default();
        if let Some(choices) = self.choices.and_then(|choices| members_of_each(choices, ["index", "text", "delta"])) {
            added.is_known = true;
            choices.into_iter().for_each(|choice| added.take_choice(choice));
        }
        if let Some(kind) = text(self.kind) {
            added.take_event_of(&kind, self);
        }
        if self.error.is_some() {
            added.error = Some(self.error_text());
        }
        added
    }

    fn error_text(&self) -> Cow<'a, str> {
        let inner = || members(self.response?, ["error"])?.into_iter().flatten().next();
        let error = self.error.or_else(inner).map(String::from_utf8_lossy);
        error.or_else(|| text(self.message)).unwrap_or_default()
    }
}

impl<'a> Added<'a> {
    fn take_choice(&mut self, [index, text, delta]: Members<'a, 3>) {
        let of = number(index);
        // The older completions have `text` beside the index, chat completions a `delta`.
        self.text(Slot::Text { of }, text);
        let names = ["reasoning_content", "reasoning", "content", "refusal", "tool_calls", "function_call"];
        let Some(delta) = delta.and_then(|delta| members(delta, names)) else { return };
        let [reasoning_content, reasoning, content, refusal, tool_calls, function_call] = delta;
        // OpenRouter's name for it is the second.
        self.text(Slot::Reasoning { of }, reasoning_content.filter(is_text).or(reasoning));
        self.text(Slot::Text { of }, content);
        self.text(Slot::Text { of }, refusal);
        let calls = tool_calls.and_then(|calls| members_of_each(calls, ["index", "function"]));
        for [index, function] in calls.unwrap_or_default() {
            self.take_function(Slot::Tool { of, number: number(index) }, function);
        }
        // Deprecated, and still what some servers send.
        self.take_function(Slot::Tool { of, number: 0 }, function_call);
    }

    fn take_function(&mut self, slot: Slot, function: Option<&'a [u8]>) {
        let function = function.and_then(|function| members(function, ["name", "arguments"]));
        let Some([name, arguments]) = function else { return };
        self.add(slot, Field::Name, name);
        self.text(slot, arguments);
    }

    fn take_event_of(&mut self, kind: &str, event: &Event<'a>) {
        let is_sound_or_image = kind.ends_with("audio.delta") || kind.starts_with("image_");
        self.is_known |= is_sound_or_image || KNOWN.iter().any(|known| kind.starts_with(known));
        let of = number(event.output_index);
        let tool = Slot::Tool { of, number: 0 };
        match kind {
            "response.output_text.delta" | "response.refusal.delta" | "response.audio.transcript.delta" => {
                self.text(Slot::Text { of }, event.delta);
            }
            "transcript.text.delta" => self.text(Slot::Text { of }, event.delta),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.text(Slot::Reasoning { of }, event.delta);
            }
            "response.function_call_arguments.delta"
            | "response.custom_tool_call_input.delta"
            | "response.mcp_call_arguments.delta"
            | "response.code_interpreter_call_code.delta" => self.text(tool, event.delta),
            "response.output_item.added" => self.name(tool, event.item),
            "content_block_start" => {
                self.name(Slot::Tool { of: number(event.index), number: 0 }, event.content_block);
            }
            "content_block_delta" => self.take_block(number(event.index), event.delta),
            "response.failed" | "error" => self.error = Some(event.error_text()),
            _ => {}
        }
    }

    fn take_block(&mut self, of: u64, delta: Option<&'a [u8]>) {
        let delta = delta.and_then(|delta| members(delta, ["text", "thinking", "partial_json"]));
        let Some([text, thinking, partial_json]) = delta else { return };
        self.text(Slot::Reasoning { of }, thinking);
        self.text(Slot::Text { of }, text);
        self.text(Slot::Tool { of, number: 0 }, partial_json);
    }

    fn text(&mut self, slot: Slot, json: Option<&'a [u8]>) {
        self.add(slot, Field::Text, json);
    }

    /// The `name` of a tool.
    fn name(&mut self, slot: Slot, tool: Option<&'a [u8]>) {
        let name = tool.and_then(|tool| members(tool, ["name"])).and_then(|[name]| name);
        self.add(slot, Field::Name, name);
    }

    fn add(&mut self, slot: Slot, field: Field, json: Option<&'a [u8]>) {
        self.pieces.extend(json.filter(is_text).map(|json| Piece { slot, field, json }));
    }
}

impl Piece<'_> {
    pub(super) fn text(&self) -> Cow<'_, str> {
        text(Some(self.json)).unwrap_or_default()
    }
}

/// Whether the value is a text.
pub(super) fn is_text(json: &&[u8]) -> bool {
    json.starts_with(b"\"")
}

/// The value, if it is a text. Half of a surrogate pair, which some servers cut in two, becomes a replacement character.
fn text(json: Option<&[u8]>) -> Option<Cow<'_, str>> {
    let [b'"', inner @ .., b'"'] = json? else { return None };
    if !inner.contains(&b'\\') {
        // Checking a text takes a small part of the time in which it is read for what is no text.
        return Some(std::str::from_utf8(inner).map_or_else(|_| String::from_utf8_lossy(inner), Cow::Borrowed));
    }
    let text = serde_json::from_str(&String::from_utf8_lossy(json?));
    Some(Cow::Owned(text.unwrap_or_else(|_| "\u{fffd}".to_owned())))
}

fn number(json: Option<&[u8]>) -> u64 {
    json.and_then(|json| std::str::from_utf8(json).ok()?.parse().ok()).unwrap_or_default()
}
