//! What differs between models: how a conversation is written, and what the inputs are called.
//!
//! Replicate's API does not tell; a model's name does, to whoever has read the schemas on the pages of the models.

use super::models::{InputName, InputNames, Model, PromptStyle};

/// A field of a request, or of what becomes of it, for which a model may have an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    MaxTokens,
    Temperature,
    TopP,
    TopK,
    Stop,
    Seed,
    PresencePenalty,
    FrequencyPenalty,
    SystemPrompt,
    Prompt,
    PromptTemplate,
    Messages,
}

/// How one model is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family<'a> {
    pub(super) style: PromptStyle,
    /// What the operator said.
    told: Option<&'a InputNames>,
    usual: Inputs,
}

/// Inputs that are not called as most models call them; `None` for those that are not there.
type Inputs = &'static [(Field, Option<&'static str>)];

/// `max_new_tokens` and `stop_sequences`, and nothing for a system prompt: the schema of mistralai/mistral-7b-v0.1.
const MISTRAL_BASE: Inputs = LLAMA_2_BASE;
/// `max_new_tokens`, `prompt_template`: the schema of mistralai/mixtral-8x7b-instruct-v0.1.
const MISTRAL: Inputs = LLAMA_2;
/// The schema of meta/llama-2-70b has `max_new_tokens` and no `system_prompt`.
const LLAMA_2_BASE: Inputs = &[(Field::MaxTokens, Some("max_new_tokens")), (Field::SystemPrompt, None)];
/// The schema of meta/llama-2-13b-chat has both names and calls `max_new_tokens` the old one; older versions know no other.
const LLAMA_2: Inputs = &[(Field::MaxTokens, Some("max_new_tokens"))];
/// The schema of meta/meta-llama-3-70b has `max_tokens` and no `system_prompt`.
const LLAMA_3_BASE: Inputs = &[(Field::SystemPrompt, None)];
/// The schema of openai/gpt-4o; that of openai/gpt-5-nano has fewer inputs, and none that this has not.
const OPENAI: Inputs = &[
    (Field::MaxTokens, Some("max_completion_tokens")),
    (Field::TopK, None),
    (Field::Stop, None),
    (Field::Seed, None),
    (Field::PromptTemplate, None),
];
/// The schemas of meta/meta-llama-3.1-405b-instruct, ibm-granite/granite-3.1-8b-instruct, replicate/vllm and most others.
const MOST: Inputs = &[];

impl<'a> Family<'a> {
    /// How the model `owner/name` is asked: what the first of `models` that is about it says, over what its name tells.
    pub(super) fn of(models: &'a [Model], owner: &str, name: &str) -> Self {
        let (style, usual) = known(&owner.to_ascii_lowercase(), &name.to_ascii_lowercase());
        let told = models.iter().find(|model| model.is_about(&format!("{owner}/{name}")));
        let told_style = told.and_then(|model| model.prompt);
        Self { style: told_style.unwrap_or(style), told: told.map(|model| &model.fields), usual }
    }

    /// What the model's input for `field` is called; `None` if it has none.
    pub(super) fn input(&self, field: Field) -> Option<&'a str> {
        match self.told.map(|names| field.of(names)) {
            Some(InputName::Called(name)) => Some(name),
            Some(InputName::Missing) => None,
            Some(InputName::AsUsual) | None => {
                let unusual = self.usual.iter().find(|(known, _)| *known == field);
                unusual.map_or_else(|| Some(field.usual_input()), |(_, input)| *input)
            }
        }
    }
}

/// The style and the inputs of a model, by its name in lower case.
fn known(owner: &str, name: &str) -> (PromptStyle, Inputs) {
    let says = |word| name.contains(word);
    let tuned = says("instruct") || says("chat");
    // Mistral's names of base models: mistral-7b-v0.1, mistral-nemo-base-2407.
    let base = says("base") || (says("-v0.") && !tuned);
    match () {
        () if owner == "openai" => (PromptStyle::Messages, OPENAI),
        () if owner == "mistralai" || name.starts_with("mistral-") || name.starts_with("mixtral-") => {
            if base {
                (PromptStyle::SystemPrompt, MISTRAL_BASE)
            } else {
                (PromptStyle::Mistral, MISTRAL)
            }
        }
        () if says("llama-2") && tuned => (PromptStyle::Llama2, LLAMA_2),
        () if says("llama-2") => (PromptStyle::SystemPrompt, LLAMA_2_BASE),
        () if says("llama-3") && tuned => (PromptStyle::Llama3, MOST),
        () if says("llama-3") => (PromptStyle::SystemPrompt, LLAMA_3_BASE),
        () => (PromptStyle::SystemPrompt, MOST),
    }
}

impl Field {
    /// What OpenAI calls it, or, where OpenAI has nothing like it, what settings call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::TopK => "top_k",
            Self::Stop => "stop",
            Self::Seed => "seed",
            Self::PresencePenalty => "presence_penalty",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::SystemPrompt => "system_prompt",
            Self::Prompt => "prompt",
            Self::PromptTemplate => "prompt_template",
            Self::Messages => "messages",
        }
    }

    /// What most of Replicate's models call it.
    const fn usual_input(self) -> &'static str {
        match self {
            Self::Stop => "stop_sequences",
            Self::MaxTokens
            | Self::Temperature
            | Self::TopP
            | Self::TopK
            | Self::Seed
            | Self::PresencePenalty
            | Self::FrequencyPenalty
            | Self::SystemPrompt
            | Self::Prompt
            | Self::PromptTemplate
            | Self::Messages => self.name(),
        }
    }

    const fn of(self, names: &InputNames) -> &InputName {
        match self {
            Self::MaxTokens => &names.max_tokens,
            Self::Temperature => &names.temperature,
            Self::TopP => &names.top_p,
            Self::TopK => &names.top_k,
            Self::Stop => &names.stop,
            Self::Seed => &names.seed,
            Self::PresencePenalty => &names.presence_penalty,
            Self::FrequencyPenalty => &names.frequency_penalty,
            Self::SystemPrompt => &names.system_prompt,
            Self::Prompt => &names.prompt,
            Self::PromptTemplate => &names.prompt_template,
            Self::Messages => &names.messages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Field::{MaxTokens, Seed, Stop, SystemPrompt as System};
    use PromptStyle::{Llama2, Llama3, Messages, Mistral, SystemPrompt};

    #[test]
    fn a_name_tells_its_family() {
        for (model, style, max_tokens, system) in [
            ("mistralai/mixtral-8x7b-instruct-v0.1", Mistral, "max_new_tokens", true),
            ("mistralai/mistral-7b-instruct-v0.2", Mistral, "max_new_tokens", true),
            ("someone/Mixtral-tuned", Mistral, "max_new_tokens", true),
            ("mistralai/mistral-7b-v0.1", SystemPrompt, "max_new_tokens", false),
            ("mistralai/mistral-nemo-base-2407", SystemPrompt, "max_new_tokens", false),
            ("someone/openhermes-2-mistral-7b", SystemPrompt, "max_tokens", true),
            ("meta/llama-2-70b-chat", Llama2, "max_new_tokens", true),
            ("meta/llama-2-70b", SystemPrompt, "max_new_tokens", false),
            ("meta/meta-llama-3-8b-instruct", Llama3, "max_tokens", true),
            ("meta/meta-llama-3.1-405b-instruct", Llama3, "max_tokens", true),
            ("meta/meta-llama-3-8b", SystemPrompt, "max_tokens", false),
            ("ibm-granite/granite-3.3-8b-instruct", SystemPrompt, "max_tokens", true),
            ("OpenAI/gpt-4o", Messages, "max_completion_tokens", true),
        ] {
            let (owner, name) = model.split_once('/').expect("a slash");
            let family = Family::of(&[], owner, name);
            assert_eq!((family.style, family.input(MaxTokens)), (style, Some(max_tokens)), "{model}");
            assert_eq!(family.input(System).is_some(), system, "{model}");
        }
    }

    #[test]
    fn most_inputs_are_called_what_openai_calls_them() {
        let family = Family::of(&[], "some", "model");
        for field in
            [Field::Temperature, Field::TopP, Field::TopK, Seed, Field::PresencePenalty, Field::FrequencyPenalty]
        {
            assert_eq!(family.input(field), Some(field.name()));
        }
        assert_eq!(family.input(Stop), Some("stop_sequences"));
        assert_eq!(Family::of(&[], "openai", "gpt-4o").input(Stop), None);
    }

    #[test]
    fn the_first_that_is_told_lies_over_what_the_name_tells() {
        let told = |prompt, fields| Model::new("mistralai/*", prompt, fields).expect("valid");
        let fields = InputNames { stop: "stop".into(), seed: InputName::Missing, ..InputNames::default() };
        let models = [told(None, fields), told(Some(Llama3), InputNames::default())];
        let family = Family::of(&models, "mistralai", "mixtral-8x7b-instruct-v0.1");
        assert_eq!(family.style, Mistral);
        let inputs = [Stop, Seed, MaxTokens, System].map(|field| family.input(field));
        assert_eq!(inputs, [Some("stop"), None, Some("max_new_tokens"), Some("system_prompt")]);
        assert_eq!(Family::of(&models[1..], "mistralai", "x").style, Llama3);
        assert_eq!(Family::of(&models, "meta", "llama-2-7b-chat").style, Llama2);
    }
}
