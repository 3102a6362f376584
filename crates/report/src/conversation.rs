//! A body of JSON, as the conversation that it is.

use crate::parts::{Part, cut, of_call, of_content, text_at};
use serde_json::{Map, Value};

/// What was said, by whom, and what it was said with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Conversation {
    /// The other keys of the body, with what they say in short.
    pub(crate) parameters: Vec<(String, String)>,
    /// The names of the tools that could be called.
    pub(crate) tools: Vec<String>,
    pub(crate) turns: Vec<Turn>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The role, with what else tells the speaker.
    pub(crate) who: String,
    pub(crate) parts: Vec<Part>,
}

/// The keys that are told as what is said.
const SAID: [&str; 7] = ["messages", "system", "instructions", "input", "prompt", "tools", "model"];

impl Conversation {
    /// Of a request; `None` when nobody says anything in it.
    pub(crate) fn of_request(body: &Value) -> Option<Self> {
        let body = body.as_object()?;
        let mut turns = Vec::new();
        for key in ["system", "instructions"] {
            turns.extend(body.get(key).map(|text| Turn::new("system", of_content(text))));
        }
        let list = |key: &str| body.get(key).and_then(Value::as_array).into_iter().flatten();
        turns.extend(list("messages").map(Turn::of_message));
        match body.get("input").or_else(|| body.get("prompt")) {
            Some(Value::Array(items)) if items.iter().all(Value::is_object) => {
                turns.extend(items.iter().map(Turn::of_item));
            }
            Some(text) => turns.push(Turn::new("user", of_content(text))),
            None => {}
        }
        turns.retain(|turn| !turn.parts.is_empty());
        let tools = list("tools").filter_map(tool_name).collect();
        (!turns.is_empty()).then(|| Self { parameters: parameters(body), tools, turns })
    }

    /// Of an answer; `None` when it is in no form that is known here.
    pub(crate) fn of_answer(body: &Value) -> Option<Self> {
        let list = |key: &str| body.get(key).and_then(Value::as_array).into_iter().flatten();
        let mut turns: Vec<Turn> = list("choices").filter_map(Turn::of_choice).collect();
        turns.extend(list("output").map(Turn::of_item));
        if let Some(content) = body.get("content").filter(|content| content.is_array()) {
            turns.push(Turn::new(&ended("assistant", text_at(body, "stop_reason")), of_content(content)));
        }
        turns.retain(|turn| !turn.parts.is_empty());
        (!turns.is_empty()).then(|| Self { turns, ..Self::default() })
    }
}

impl Turn {
    fn new(who: &str, parts: Vec<Part>) -> Self {
        Self { who: who.to_owned(), parts }
    }

    fn of_message(message: &Value) -> Self {
        let names = ["role", "name", "tool_call_id"].iter().filter_map(|key| text_at(message, key));
        let who = names.collect::<Vec<_>>().join(" ");
        Self { who, parts: message_parts(message) }
    }

    fn of_choice(choice: &Value) -> Option<Self> {
        let why = text_at(choice, "finish_reason");
        if let Some(text) = text_at(choice, "text") {
            return Some(Self::new(&ended("assistant", why), vec![Part::Text(text.to_owned())]));
        }
        let message = choice.get("message")?;
        let who = text_at(message, "role").unwrap_or("assistant");
        Some(Self::new(&ended(who, why), message_parts(message)))
    }

    /// Of the responses API: messages, calls, results, thoughts.
    fn of_item(item: &Value) -> Self {
        match text_at(item, "type").unwrap_or("message") {
            "message" => Self::of_message(item),
            "function_call" | "custom_tool_call" => Self::new("assistant", vec![of_call(item)]),
            "function_call_output" | "custom_tool_call_output" => {
                let who = format!("tool {}", text_at(item, "call_id").unwrap_or_default());
                Self::new(who.trim_end(), of_content(item.get("output").unwrap_or(&Value::Null)))
            }
            "reasoning" => {
                let thoughts = of_content(item.get("summary").unwrap_or(&Value::Null)).into_iter();
                let parts = thoughts.map(|part| if let Part::Text(text) = part { Part::Reasoning(text) } else { part });
                Self::new("assistant", parts.collect())
            }
            other => Self::new(other, vec![Part::Note(cut(&item.to_string()))]),
        }
    }
}

fn message_parts(message: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    parts.extend(text_at(message, "reasoning_content").map(|text| Part::Reasoning(text.to_owned())));
    parts.extend(of_content(message.get("content").unwrap_or(&Value::Null)));
    parts.extend(text_at(message, "refusal").map(|text| Part::Text(text.to_owned())));
    parts.extend(message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().map(of_call));
    parts.extend(message.get("function_call").filter(|call| call.is_object()).map(of_call));
    parts.retain(|part| !matches!(part, Part::Text(text) | Part::Reasoning(text) if text.is_empty()));
    parts
}

fn ended(who: &str, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("{who} ({why})"),
        None => who.to_owned(),
    }
}

fn tool_name(tool: &Value) -> Option<String> {
    let named = tool.get("function").or_else(|| tool.get("custom")).unwrap_or(tool);
    text_at(named, "name").or_else(|| text_at(tool, "type")).map(str::to_owned)
}

fn parameters(body: &Map<String, Value>) -> Vec<(String, String)> {
    let others = body.iter().filter(|(key, _)| !SAID.contains(&key.as_str()));
    others
        .map(|(key, value)| (key.clone(), cut(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn turns(conversation: Option<Conversation>) -> Vec<(String, Vec<Part>)> {
        conversation.expect("a conversation").turns.into_iter().map(|turn| (turn.who, turn.parts)).collect()
    }

    fn call(id: &str) -> Part {
        Part::Call { name: "f".to_owned(), id: Some(id.to_owned()), arguments: "{}".to_owned() }
    }

    #[test]
    fn a_chat_is_told_with_its_tools() {
        let conversation = Conversation::of_request(&json!({
            "model": "m", "temperature": 0.5, "stream": true,
            "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "web_search"}],
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": [{"type": "text", "text": "hi"}]},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "function": {"name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c1", "content": "7"},
            ],
        }));
        let told = conversation.as_ref().expect("a conversation");
        assert_eq!(told.tools, ["f", "web_search"]);
        assert_eq!(told.parameters, [("stream".into(), "true".into()), ("temperature".into(), "0.5".into())]);
        let expected =
            [("system", text("be brief")), ("user", text("hi")), ("assistant", call("c1")), ("tool c1", text("7"))];
        assert_eq!(turns(conversation), expected.map(|(who, part)| (who.to_owned(), vec![part])));
    }

    #[test]
    fn other_apis_are_conversations_too() {
        let responses = json!({"instructions": "be brief", "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "7"},
        ]});
        let expected =
            [("system", text("be brief")), ("user", text("hi")), ("assistant", call("c1")), ("tool c1", text("7"))];
        let expected = expected.map(|(who, part)| (who.to_owned(), vec![part]));
        assert_eq!(turns(Conversation::of_request(&responses)), expected);
        for plain in [json!({"input": "hi"}), json!({"prompt": "hi"}), json!({"prompt": ["hi"]})] {
            assert_eq!(turns(Conversation::of_request(&plain)), [("user".to_owned(), vec![text("hi")])], "{plain}");
        }
    }

    #[test]
    fn answers_of_every_api_are_told() {
        for (answer, who, part) in [
            (
                json!({"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}),
                "assistant (stop)",
                text("hi"),
            ),
            (json!({"choices": [{"text": "hi"}]}), "assistant", text("hi")),
            (
                json!({"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}]}),
                "assistant",
                text("hi"),
            ),
            (
                json!({"content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}], "stop_reason": "tool_use"}),
                "assistant (tool_use)",
                call("c1"),
            ),
        ] {
            assert_eq!(turns(Conversation::of_answer(&answer)), [(who.to_owned(), vec![part])]);
        }
    }

    #[test]
    fn what_is_no_conversation_is_none() {
        for body in [json!(null), json!([1]), json!({}), json!({"messages": "x"}), json!({"error": {"message": "x"}})] {
            assert_eq!(Conversation::of_request(&body), None, "{body}");
            assert_eq!(Conversation::of_answer(&body), None, "{body}");
        }
    }
}
