//! The text that a stream of server-sent events carries, as a person would read it.
//!
//! Known are chat completions (<https://platform.openai.com/docs/api-reference/chat-streaming>), the older completions,
//! responses (<https://platform.openai.com/docs/api-reference/responses-streaming>), transcriptions, and messages
//! (<https://docs.anthropic.com/en/docs/build-with-claude/streaming>). Where a stream has more than one thing to tell
//! (choices, tool calls, reasoning, an error at the end), each is on lines of its own, in the order in which it began.

use crate::sse::Splitter;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The most things that one stream tells side by side: no answer has so many choices and tool calls.
const PARTS_CAP: usize = 256;

/// Puts the text of a stream together while it passes, in a small part of the room that its events take.
///
/// `Debug` shows none of it.
#[derive(Default)]
pub struct StreamText {
    splitter: Splitter,
    parts: Vec<(Slot, Part)>,
    held: usize,
    cap: usize,
    is_known: bool,
    is_truncated: bool,
}

/// Which part of the answer a piece of text continues.
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

impl StreamText {
    /// Of a stream that is about to begin; of its text, no more than `cap` bytes are held.
    pub fn new(cap: usize) -> Self {
        Self { cap, ..Self::default() }
    }

    /// Takes the next bytes of the stream, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.splitter.push(bytes);
        while let Some(event) = self.splitter.next_event() {
            if let Ok(event) = serde_json::from_str::<Event<'_>>(&event.data) {
                self.take(&event);
            }
        }
    }

    /// Whether there was an event of a kind that is known here. If not, there is no telling what the stream's text is.
    pub const fn is_known(&self) -> bool {
        self.is_known
    }

    /// Whether there was more text than is held.
    pub const fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// The text so far. Empty for a stream that carries none, such as one of sound.
    pub fn text(&self) -> String {
        self.parts.iter().map(|(slot, part)| part.told(*slot)).collect::<Vec<_>>().join("\n")
    }

    fn take(&mut self, event: &Event<'_>) {
        if let Some(choices) = read::<Vec<Choice<'_>>>(event.choices) {
            self.is_known = true;
            choices.iter().for_each(|choice| self.take_choice(choice));
        }
        if let Some(kind) = text(event.kind) {
            self.take_event_of(&kind, event);
        }
        if event.error.is_some() {
            self.take_error(event);
        }
    }

    fn take_choice(&mut self, choice: &Choice<'_>) {
        let of = number(choice.index);
        // The older completions have `text` beside the index, chat completions a `delta`.
        self.append(Slot::Text { of }, text(choice.text));
        let Some(delta) = read::<ChatDelta<'_>>(choice.delta) else { return };
        // OpenRouter's name for it is the second.
        self.append(Slot::Reasoning { of }, text(delta.reasoning_content).or_else(|| text(delta.reasoning)));
        self.append(Slot::Text { of }, text(delta.content));
        self.append(Slot::Text { of }, text(delta.refusal));
        for call in read::<Vec<ToolCall<'_>>>(delta.tool_calls).unwrap_or_default() {
            let slot = Slot::Tool { of, number: number(call.index) };
            self.take_function(slot, read(call.function));
        }
        // Deprecated, and still what some servers send.
        self.take_function(Slot::Tool { of, number: 0 }, read(delta.function_call));
    }

    fn take_function(&mut self, slot: Slot, function: Option<Function<'_>>) {
        let Some(function) = function else { return };
        self.name(slot, text(function.name));
        self.append(slot, text(function.arguments));
    }

    fn take_event_of(&mut self, kind: &str, event: &Event<'_>) {
        let is_sound_or_image = kind.ends_with("audio.delta") || kind.starts_with("image_");
        self.is_known |= is_sound_or_image || KNOWN.iter().any(|known| kind.starts_with(known));
        let of = number(event.output_index);
        let tool = Slot::Tool { of, number: 0 };
        match kind {
            "response.output_text.delta" | "response.refusal.delta" | "response.audio.transcript.delta" => {
                self.append(Slot::Text { of }, text(event.delta));
            }
            "transcript.text.delta" => self.append(Slot::Text { of }, text(event.delta)),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.append(Slot::Reasoning { of }, text(event.delta));
            }
            "response.function_call_arguments.delta"
            | "response.custom_tool_call_input.delta"
            | "response.mcp_call_arguments.delta"
            | "response.code_interpreter_call_code.delta" => self.append(tool, text(event.delta)),
            "response.output_item.added" => {
                self.name(tool, read::<Item<'_>>(event.item).and_then(|item| text(item.name)));
            }
            "content_block_start" => {
                let tool = Slot::Tool { of: number(event.index), number: 0 };
                self.name(tool, read::<Item<'_>>(event.content_block).and_then(|block| text(block.name)));
            }
            "content_block_delta" => self.take_block(number(event.index), read(event.delta)),
            "response.failed" | "error" => self.take_error(event),
            _ => {}
        }
    }

    fn take_block(&mut self, of: u64, delta: Option<BlockDelta<'_>>) {
        let Some(delta) = delta else { return };
        self.append(Slot::Reasoning { of }, text(delta.thinking));
        self.append(Slot::Text { of }, text(delta.text));
        self.append(Slot::Tool { of, number: 0 }, text(delta.partial_json));
    }

    /// An error alone does not make a stream known: what came before it may be of any kind.
    fn take_error(&mut self, event: &Event<'_>) {
        if !self.parts.iter().any(|(slot, _)| *slot == Slot::Error) {
            self.append(Slot::Error, Some(event.error_text()));
        }
    }

    fn append(&mut self, slot: Slot, text: Option<Cow<'_, str>>) {
        self.extend(slot, text, |part| &mut part.text);
    }

    fn name(&mut self, slot: Slot, name: Option<Cow<'_, str>>) {
        self.extend(slot, name, |part| &mut part.name);
    }

    /// What does not fit is cut off, and so is everything after it: text with a hole in it is no text.
    fn extend(&mut self, slot: Slot, piece: Option<Cow<'_, str>>, field: fn(&mut Part) -> &mut String) {
        let Some(piece) = piece.filter(|piece| !piece.is_empty() && !self.is_truncated) else { return };
        let fits = piece.floor_char_boundary(self.cap.saturating_sub(self.held));
        self.is_truncated = fits < piece.len();
        if let Some(part) = self.part(slot) {
            field(part).push_str(piece.get(..fits).unwrap_or_default());
            self.held += fits;
        }
    }

    fn part(&mut self, slot: Slot) -> Option<&mut Part> {
        let known = self.parts.iter().rposition(|(known, _)| *known == slot);
        if known.is_none() && self.parts.len() == PARTS_CAP {
            self.is_truncated = true;
            return None;
        }
        let at = known.unwrap_or_else(|| {
            self.parts.push((slot, Part::default()));
            self.parts.len() - 1
        });
        self.parts.get_mut(at).map(|(_, part)| part)
    }
}

/// How the kinds of events begin that are known here.
const KNOWN: [&str; 4] = ["response.", "transcript.", "message_", "content_block_"];

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

impl fmt::Debug for StreamText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamText").field("held", &self.held).finish_non_exhaustive()
    }
}

/// Fields of events of every kind. Each is looked into only if it is of use: a wrong one shall not hide the others.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    choices: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ChatDelta<'a> {
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct BlockDelta<'a> {
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow, default)]
    partial_json: Option<&'a RawValue>,
}

/// An item of an answer, of which the name counts, and the error.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl<'a> Event<'a> {
    fn error_text(&self) -> Cow<'a, str> {
        let inner = || read::<Item<'a>>(self.response)?.error;
        let error = self.error.or_else(inner).map(|error| Cow::Borrowed(error.get()));
        error.or_else(|| text(self.message)).unwrap_or_default()
    }
}

/// The value, if it is what is wanted.
fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// The value, if it is a text. Half of a surrogate pair, which some servers cut in two, becomes a replacement character.
fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let json = raw?.get();
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    Some(serde_json::from_str::<String>(json).unwrap_or_else(|_| "\u{fffd}".to_owned()).into())
}

fn number(raw: Option<&RawValue>) -> u64 {
    read(raw).unwrap_or_default()
}

#[cfg(test)]
mod tests;
