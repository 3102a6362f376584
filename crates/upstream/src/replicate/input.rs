//! A prediction's input: what was asked, under the names of the model.

use super::ask::Surface;
use super::conversation::Conversation;
use super::family::{Family, Field};
use super::fields::{Fields, OneOrMore};
use super::models::PromptStyle;
use super::prompt::{self, Prompt};
use super::refusal::Refusal;
use serde_json::{Map, Number, Value};
use std::num::NonZeroU64;

/// How many stop sequences an answer is searched for, all the time it comes. OpenAI takes four.
const STOPS_CAP: usize = 16;
/// And how long they may be together: what could begin the longest of them is held back.
const STOPS_CAP_BYTES: usize = 4096;

/// As far as it is put together.
pub(super) struct Input<'a> {
    family: Family<'a>,
    values: Map<String, Value>,
}

impl<'a> Input<'a> {
    pub(super) fn new(family: Family<'a>) -> Self {
        Self { family, values: Map::new() }
    }

    pub(super) const fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// What the model is to answer.
    pub(super) fn take_question(&mut self, fields: &mut Fields, surface: Surface) -> Result<(), Refusal> {
        match surface {
            Surface::Chat => {
                let messages: Vec<Value> = fields.need("messages", "a list of messages")?;
                self.put_conversation(Conversation::read(&messages)?)
            }
            Surface::Completion => {
                let OneOrMore(prompts) = fields.need("prompt", "a string")?;
                let [prompt] = <[String; 1]>::try_from(prompts).map_err(|_| {
                    Refusal::field("prompt", "`prompt` must be one string: only one answer can be made")
                })?;
                self.put_text(prompt)
            }
        }
    }

    fn put_conversation(&mut self, conversation: Conversation) -> Result<(), Refusal> {
        if self.family.style == PromptStyle::Messages {
            return self.put("messages", Field::Messages, prompt::messages(&conversation));
        }
        let conversation = conversation.begun_by_user();
        let conversation = match self.family.input(Field::SystemPrompt) {
            Some(_) => conversation,
            None => conversation.with_system_in_first_turn(),
        };
        self.put_prompt("messages", Prompt::write(&conversation, self.family.style))
    }

    /// A text to be continued.
    fn put_text(&mut self, text: String) -> Result<(), Refusal> {
        if self.family.style == PromptStyle::Messages {
            let message = "the model takes conversations only: ask it at /v1/chat/completions";
            return Err(Refusal::field("model", message));
        }
        self.put_prompt("prompt", Prompt::raw(text, self.family.style))
    }

    fn put_prompt(&mut self, asked: &str, prompt: Prompt) -> Result<(), Refusal> {
        self.put(asked, Field::Prompt, prompt.text)?;
        if let Some(system) = prompt.system {
            self.put(asked, Field::SystemPrompt, system)?;
        }
        // Where there is no template, nothing is wrapped.
        if let (Some(template), Some(_)) = (prompt.template, self.family.input(Field::PromptTemplate)) {
            self.put(asked, Field::PromptTemplate, template)?;
        }
        Ok(())
    }

    /// How long the answer may be, in tokens.
    pub(super) fn take_limit(&mut self, fields: &mut Fields) -> Result<Option<u64>, Refusal> {
        let old: Option<NonZeroU64> = fields.take("max_tokens", "a positive whole number")?;
        let new: Option<NonZeroU64> = fields.take("max_completion_tokens", "a positive whole number")?;
        if old.is_some_and(|old| new.is_some_and(|new| new != old)) {
            let message = "`max_tokens` and `max_completion_tokens` mean the same and must not differ";
            return Err(Refusal::field("max_tokens", message));
        }
        let Some(limit) = new.or(old) else { return Ok(None) };
        let asked = if new.is_some() { "max_completion_tokens" } else { "max_tokens" };
        self.put(asked, Field::MaxTokens, limit.get())?;
        Ok(Some(limit.get()))
    }

    /// Where the answer ends. The model is told as far as it can be; the answer is searched for all of them.
    pub(super) fn take_stops(&mut self, fields: &mut Fields) -> Result<Vec<String>, Refusal> {
        let stops = stops(fields)?;
        // Replicate splits at commas: the schemas of all public models have a text here, and none a list.
        let sayable: Vec<&str> = stops.iter().map(String::as_str).filter(|stop| !stop.contains(',')).collect();
        if let (Some(input), false) = (self.family.input(Field::Stop), sayable.is_empty()) {
            self.values.insert(input.to_owned(), sayable.join(",").into());
        }
        Ok(stops)
    }

    /// How the next token is picked. `top_k` is no field of OpenAI's, but many clients can send it.
    pub(super) fn take_sampling(&mut self, fields: &mut Fields) -> Result<(), Refusal> {
        use Field::{FrequencyPenalty, PresencePenalty, Seed, Temperature, TopK, TopP};
        for field in [Temperature, TopP, TopK, PresencePenalty, FrequencyPenalty, Seed] {
            let value: Option<Number> = fields.take(field.name(), "a number")?;
            let lacking = self.family.input(field).is_none();
            if let Some(value) = value.filter(|value| !(lacking && asks_for_nothing(field, value))) {
                self.put(field.name(), field, value)?;
            }
        }
        Ok(())
    }

    /// Sets the model's input for `field`. The client called it `asked`, and that is what it is told if there is none.
    fn put(&mut self, asked: &str, field: Field, value: impl Into<Value>) -> Result<(), Refusal> {
        let input = self.family.input(field).ok_or_else(|| lacking(asked))?;
        self.values.insert(input.to_owned(), value.into());
        Ok(())
    }
}

fn lacking(asked: &str) -> Refusal {
    Refusal::field(asked, format!("`{asked}` is not supported with this model"))
}

/// Whether an answer is the same without it. Many clients send these whether they are meant or not.
fn asks_for_nothing(field: Field, value: &Number) -> bool {
    let neutral = match field {
        Field::PresencePenalty | Field::FrequencyPenalty => 0.0,
        Field::TopP => 1.0,
        Field::MaxTokens
        | Field::Temperature
        | Field::TopK
        | Field::Stop
        | Field::Seed
        | Field::SystemPrompt
        | Field::Prompt
        | Field::PromptTemplate
        | Field::Messages => return false,
    };
    value.as_f64() == Some(neutral)
}

fn stops(fields: &mut Fields) -> Result<Vec<String>, Refusal> {
    let OneOrMore(mut stops) = fields.take("stop", "a string or a list of strings")?.unwrap_or(OneOrMore(Vec::new()));
    stops.retain(|stop| !stop.is_empty());
    if stops.len() > STOPS_CAP || stops.iter().map(String::len).sum::<usize>() > STOPS_CAP_BYTES {
        let most = format!("`stop` may be at most {STOPS_CAP} sequences of {STOPS_CAP_BYTES} bytes together");
        return Err(Refusal::field("stop", most));
    }
    Ok(stops)
}
