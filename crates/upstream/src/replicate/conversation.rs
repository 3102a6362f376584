//! `messages`, checked and brought into the shape that prompts have: a system prompt and alternating turns.

use super::refusal::Refusal;
use serde_json::{Map, Value};

/// What was said. Turns alternate, and the last is the user's; there may be none if there is a system prompt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conversation {
    pub(super) system: Option<String>,
    pub(super) turns: Vec<Turn>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) speaker: Speaker,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
}

/// Between messages that become one.
const SEAM: &str = "\n\n";

impl Conversation {
    /// Reads `messages`: system messages are joined wherever they stand, consecutive messages of one role are merged.
    pub(super) fn read(messages: &[Value]) -> Result<Self, Refusal> {
        let mut conversation = Self { system: None, turns: Vec::new() };
        for (index, message) in messages.iter().enumerate() {
            conversation.add(&Message::read(message, &format!("messages[{index}]"))?);
        }
        match (conversation.turns.last(), &conversation.system) {
            (Some(Turn { speaker: Speaker::User, .. }), _) | (None, Some(_)) => Ok(conversation),
            (Some(_), _) | (None, None) => Err(Refusal::field("messages", "the last of `messages` must be the user's")),
        }
    }

    fn add(&mut self, message: &Message) {
        let text = message.text.as_str();
        match (message.speaker, self.turns.last_mut()) {
            (None, _) => append(self.system.get_or_insert_default(), text),
            (Some(speaker), Some(last)) if last.speaker == speaker => append(&mut last.text, text),
            (Some(speaker), _) => self.turns.push(Turn { speaker, text: text.to_owned() }),
        }
    }

    /// The same with a question first: prompt formats know no answer without one, and a system prompt alone is one.
    pub(super) fn begun_by_user(mut self) -> Self {
        if self.turns.first().is_none_or(|turn| turn.speaker == Speaker::Assistant) {
            self.turns.insert(0, Turn { speaker: Speaker::User, text: String::new() });
        }
        self
    }

    /// The same without a system prompt of its own: it stands before the first turn's text.
    pub(super) fn with_system_in_first_turn(mut self) -> Self {
        if let (Some(first), Some(mut text)) = (self.turns.first_mut(), self.system.take()) {
            if !first.text.is_empty() {
                append(&mut text, &first.text);
            }
            first.text = text;
        }
        self
    }
}

fn append(to: &mut String, text: &str) {
    if !to.is_empty() {
        to.push_str(SEAM);
    }
    to.push_str(text);
}

struct Message {
    /// `None` for the system.
    speaker: Option<Speaker>,
    text: String,
}

impl Message {
    fn read(message: &Value, at: &str) -> Result<Self, Refusal> {
        let fields = message.as_object().ok_or_else(|| Refusal::field(at, format!("`{at}` must be an object")))?;
        let speaker = speaker(fields, at)?;
        only_role_and_content(fields, at)?;
        Ok(Self { speaker, text: content(fields.get("content"), &format!("{at}.content"))? })
    }
}

fn speaker(fields: &Map<String, Value>, at: &str) -> Result<Option<Speaker>, Refusal> {
    match fields.get("role").and_then(Value::as_str) {
        Some("system" | "developer") => Ok(None),
        Some("user") => Ok(Some(Speaker::User)),
        Some("assistant") => Ok(Some(Speaker::Assistant)),
        Some(_) | None => {
            let param = format!("{at}.role");
            Err(Refusal::field(&param, format!("`{param}` must be `system`, `developer`, `user` or `assistant`")))
        }
    }
}

/// Clients send an answer back as they got it, with fields that hold nothing; anything else would be dropped in silence.
fn only_role_and_content(fields: &Map<String, Value>, at: &str) -> Result<(), Refusal> {
    let holds_something = |value: &Value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty());
    let is_extra = |name: &str| !matches!(name, "role" | "content");
    match fields.iter().find(|(name, value)| is_extra(name) && holds_something(value)) {
        Some((name, _)) => {
            let param = format!("{at}.{name}");
            Err(Refusal::field(&param, format!("`{param}` is not supported with Replicate's models")))
        }
        None => Ok(()),
    }
}

fn content(value: Option<&Value>, at: &str) -> Result<String, Refusal> {
    if let Some(text) = value.and_then(Value::as_str) {
        return Ok(text.to_owned());
    }
    let parts = value.and_then(Value::as_array);
    let parts = parts.ok_or_else(|| Refusal::field(at, format!("`{at}` must be a string or a list of text parts")))?;
    parts.iter().enumerate().map(|(index, part)| text_part(part, &format!("{at}[{index}]"))).collect()
}

fn text_part(part: &Value, at: &str) -> Result<String, Refusal> {
    let kind = part.get("type").and_then(Value::as_str);
    match (kind, part.get("text").and_then(Value::as_str)) {
        (Some("text"), Some(text)) => Ok(text.to_owned()),
        (Some("text"), None) => Err(Refusal::field(&format!("{at}.text"), format!("`{at}.text` must be a string"))),
        (Some(_) | None, _) => {
            Err(Refusal::field(&format!("{at}.type"), format!("`{at}` must be text: only text is supported")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(messages: &Value) -> Result<Conversation, Refusal> {
        Conversation::read(messages.as_array().expect("a list"))
    }

    fn refused(messages: &Value, param: &str) {
        let refusal = read(messages).expect_err("refused");
        let body: Value = serde_json::from_slice(&refusal.json()).expect("JSON");
        assert_eq!((refusal.status.as_u16(), body["error"]["param"].as_str()), (400, Some(param)), "{messages}");
    }

    #[test]
    fn messages_of_one_role_are_merged_and_system_messages_joined() {
        let conversation = read(&json!([
            {"role": "system", "content": "a"}, {"role": "user", "content": "b"}, {"role": "user", "content": "c"},
            {"role": "assistant", "content": "d", "refusal": null, "annotations": []},
            {"role": "developer", "content": "e"},
            {"role": "user", "content": [{"type": "text", "text": "f"}, {"type": "text", "text": "g"}]},
        ]));
        let turn = |speaker, text: &str| Turn { speaker, text: text.to_owned() };
        let turns = vec![turn(Speaker::User, "b\n\nc"), turn(Speaker::Assistant, "d"), turn(Speaker::User, "fg")];
        assert_eq!(conversation.expect("read"), Conversation { system: Some("a\n\ne".to_owned()), turns });
    }

    #[test]
    fn a_prompt_begins_with_the_user() {
        for messages in [
            json!([{"role": "assistant", "content": "hi"}, {"role": "user", "content": "x"}]),
            json!([{"role": "system", "content": "obey"}]),
        ] {
            let first = read(&messages).expect("read").begun_by_user().turns.remove(0);
            assert_eq!(first, Turn { speaker: Speaker::User, text: String::new() });
        }
    }

    #[test]
    fn a_system_prompt_without_a_place_of_its_own_stands_before_the_first_question() {
        for (question, expected) in [("why?", "obey\n\nwhy?"), ("", "obey")] {
            let messages = json!([{"role": "user", "content": question}, {"role": "system", "content": "obey"}]);
            let conversation = read(&messages).expect("read").with_system_in_first_turn();
            assert_eq!((conversation.system, conversation.turns[0].text.as_str()), (None, expected));
        }
    }

    #[test]
    fn what_a_prompt_cannot_say_is_refused_by_name() {
        refused(&json!([]), "messages");
        refused(&json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]), "messages");
        refused(&json!(["hi"]), "messages[0]");
        refused(&json!([{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]), "messages[1].role");
        refused(&json!([{"content": "a"}]), "messages[0].role");
        refused(&json!([{"role": "user", "content": 1}]), "messages[0].content");
        refused(&json!([{"role": "user"}]), "messages[0].content");
        refused(&json!([{"role": "user", "content": "a", "name": "Bob"}]), "messages[0].name");
        let called = json!([{"role": "assistant", "content": "a", "tool_calls": [{"id": "1"}]}]);
        refused(&called, "messages[0].tool_calls");
        let image = json!({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}});
        refused(
            &json!([{"role": "user", "content": [{"type": "text", "text": "a"}, image]}]),
            "messages[0].content[1].type",
        );
    }
}
