//! What an operator tells of models whose names do not tell it.

use super::ask::is_plain;
use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use std::fmt;

/// What is known of some of Replicate's models: an item of `models`.
///
/// ```yaml
/// models:
///   - model: mistralai/*          # `*` stands for any characters, none included; versions are left out
///     prompt: mistral             # absent: what the model's name tells
///     fields:                     # those that are absent are called what the model's name tells
///       max_tokens: max_new_tokens
///       seed: null                # the model has no such input
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    names: Pattern,
    pub(super) prompt: Option<PromptStyle>,
    pub(super) fields: InputNames,
}

/// How a conversation is written for a model.
///
/// ```
/// use oar_upstream::replicate::PromptStyle;
///
/// assert_eq!(serde_json::from_str::<PromptStyle>(r#""system_prompt""#)?, PromptStyle::SystemPrompt);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptStyle {
    /// Mistral's instruct format; the system prompt is part of the first turn.
    Mistral,
    /// Llama 2's chat format between turns; the system prompt is an input of its own.
    Llama2,
    /// Llama 3's headers between turns; the system prompt is an input of its own.
    Llama3,
    /// One turn as it is, several as a labelled transcript; the system prompt is an input of its own.
    SystemPrompt,
    /// A list of messages with roles, the system's first. Such a model answers no text completions.
    Messages,
}

/// What a model's inputs are called, each by what OpenAI calls it; `top_k`, `system_prompt` and `prompt_template` are not
/// OpenAI's.
///
/// ```
/// use oar_upstream::replicate::{InputName, InputNames};
///
/// let names: InputNames = serde_json::from_str(r#"{"max_tokens": "max_new_tokens", "seed": null}"#)?;
/// let expected = InputNames { max_tokens: "max_new_tokens".into(), seed: InputName::Missing, ..InputNames::default() };
/// assert_eq!(names, expected);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputNames {
    /// For `max_completion_tokens` as well.
    pub max_tokens: InputName,
    /// As OpenAI's, but some models refuse 0.
    pub temperature: InputName,
    /// As OpenAI's.
    pub top_p: InputName,
    /// Many clients can send it.
    pub top_k: InputName,
    /// A text, in which commas stand between the sequences. Without such an input, the answer is cut all the same.
    pub stop: InputName,
    /// As OpenAI's.
    pub seed: InputName,
    /// As OpenAI's.
    pub presence_penalty: InputName,
    /// As OpenAI's.
    pub frequency_penalty: InputName,
    /// What system messages become. Without such an input, they stand before the first question.
    pub system_prompt: InputName,
    /// What the conversation becomes, in every style but [`PromptStyle::Messages`].
    pub prompt: InputName,
    /// Set to `{prompt}` for a prompt that is written out whole. Without such an input, nothing is set.
    pub prompt_template: InputName,
    /// What the conversation becomes in [`PromptStyle::Messages`].
    pub messages: InputName,
}

/// What one input is called.
///
/// ```
/// use oar_upstream::replicate::InputName;
///
/// assert_eq!(InputName::from("stop_words"), InputName::Called("stop_words".into()));
/// assert_eq!(InputName::default(), InputName::AsUsual);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InputName {
    /// What the model's name tells, or else what most models call it: `stop_sequences`, and OpenAI's name for all others.
    #[default]
    AsUsual,
    /// The model has no such input: a request that needs it is answered 400. Written `null`.
    Missing,
    /// This.
    Called(String),
}

/// Why nothing can be known of a model in this way.
///
/// ```
/// use oar_upstream::replicate::{InputNames, Model, ModelError};
///
/// let error = Model::new("owner/name:version", None, InputNames::default()).expect_err("a version");
/// assert_eq!(error, ModelError::Name);
/// assert!(error.to_string().starts_with("is not `owner/name`"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelError {
    /// It says which models in a way that no name could match.
    Name,
    /// The conversation is to become a `prompt`, and the model is said to have no such input.
    NoPrompt,
    /// The conversation is to become `messages`, and the model is said to have no such input.
    NoMessages,
}

impl ModelError {
    /// What it should have been.
    const fn expected(self) -> &'static str {
        match self {
            Self::Name => "`owner/name`, in which `*` may stand for any characters, without a version",
            Self::NoPrompt => "a model that could be asked: without its input for `prompt` it needs `prompt: messages`",
            Self::NoMessages => {
                "a model that could be asked: without its input for `messages` it needs another `prompt`"
            }
        }
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "is not {}", self.expected())
    }
}

impl std::error::Error for ModelError {}

impl Model {
    /// Of all models whose `owner/name` is this, with `*` for any characters, however letters are cased.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] for what can be said of no model.
    ///
    /// ```
    /// use oar_upstream::replicate::{InputNames, Model, PromptStyle, Settings};
    ///
    /// let mistral = Model::new("mistralai/*", Some(PromptStyle::Mistral), InputNames::default())?;
    /// let settings = Settings { models: vec![mistral], ..Settings::default() };
    /// # Ok::<(), oar_upstream::replicate::ModelError>(())
    /// ```
    pub fn new(names: &str, prompt: Option<PromptStyle>, fields: InputNames) -> Result<Self, ModelError> {
        Self::checked(Pattern::parse(names).ok_or(ModelError::Name)?, prompt, fields)
    }

    fn checked(names: Pattern, prompt: Option<PromptStyle>, fields: InputNames) -> Result<Self, ModelError> {
        use PromptStyle::{Llama2, Llama3, Messages, Mistral, SystemPrompt};
        match prompt {
            Some(Messages) if fields.messages == InputName::Missing => Err(ModelError::NoMessages),
            Some(Mistral | Llama2 | Llama3 | SystemPrompt) if fields.prompt == InputName::Missing => {
                Err(ModelError::NoPrompt)
            }
            Some(Messages | Mistral | Llama2 | Llama3 | SystemPrompt) | None => Ok(Self { names, prompt, fields }),
        }
    }

    /// Whether this is about the model of this `owner/name`.
    pub(super) fn is_about(&self, name: &str) -> bool {
        self.names.matches(&name.to_ascii_lowercase())
    }
}

impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Item {
            model: Pattern,
            #[serde(default)]
            prompt: Option<PromptStyle>,
            #[serde(default)]
            fields: InputNames,
        }
        let Item { model, prompt, fields } = Item::deserialize(deserializer)?;
        Self::checked(model, prompt, fields).map_err(|error| wrong(error.expected()))
    }
}

/// A name with `*` in it, in lower case.
#[derive(Clone, Debug)]
struct Pattern(String);

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '*');
        let slashes = text.matches('/').count();
        let can_match = slashes == 1 || (slashes == 0 && text.contains('*'));
        (can_match && text.chars().all(known)).then(|| Self(text.to_ascii_lowercase()))
    }

    fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|head| name.strip_prefix(head)) else { return false };
        let Some(tail) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(tail)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| wrong(ModelError::Name.expected()))
    }
}

impl From<&str> for InputName {
    fn from(name: &str) -> Self {
        Self::Called(name.to_owned())
    }
}

impl<'de> Deserialize<'de> for InputName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            None => Ok(Self::Missing),
            Some(name) if is_plain(&name) => Ok(Self::Called(name)),
            Some(_) => Err(wrong("the name of an input, or `null` for a model without it")),
        }
    }
}

/// An error that does not repeat the value.
fn wrong<E: Error>(expected: &str) -> E {
    E::invalid_value(Unexpected::Other("this"), &expected)
}

#[cfg(test)]
#[path = "models_tests.rs"]
mod tests;
