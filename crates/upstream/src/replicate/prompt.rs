//! A conversation as one prompt, in the format that a family of models was trained on.

use super::conversation::{Conversation, Speaker, Turn};
use super::models::PromptStyle;
use serde_json::{Value, json};

/// What a conversation becomes in a prediction's input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) text: String,
    /// The `system_prompt`, for models that take one.
    pub(super) system: Option<String>,
    /// The `prompt_template`, for prompts that must not be wrapped once more.
    pub(super) template: Option<&'static str>,
}

/// A template that adds nothing.
pub(super) const BARE_TEMPLATE: &str = "{prompt}";

impl Prompt {
    /// A conversation that the user began. [`PromptStyle::Messages`] has no prompt: there, it is a transcript.
    pub(super) fn write(conversation: &Conversation, style: PromptStyle) -> Self {
        use PromptStyle::{Llama2, Llama3, Messages, Mistral, SystemPrompt};
        match style {
            Mistral => Self { text: mistral(conversation), system: None, template: Some(BARE_TEMPLATE) },
            Llama2 => Self::with_system(conversation, LLAMA_2, joined(conversation, LLAMA_2, llama_2_seam)),
            Llama3 => Self::with_system(conversation, LLAMA_3, joined(conversation, LLAMA_3, llama_3_seam)),
            SystemPrompt | Messages => Self::with_system(conversation, &[], labelled(conversation)),
        }
    }

    /// A prompt that the client wrote itself, for completions. It reaches the model as it is.
    pub(super) fn raw(text: String, style: PromptStyle) -> Self {
        let wraps = match style {
            PromptStyle::Mistral | PromptStyle::Llama2 | PromptStyle::Llama3 => true,
            PromptStyle::SystemPrompt | PromptStyle::Messages => false,
        };
        Self { text, system: None, template: wraps.then_some(BARE_TEMPLATE) }
    }

    fn with_system(conversation: &Conversation, markers: &[&str], text: String) -> Self {
        let system = conversation.system.as_deref().map(|system| neutral(system, markers));
        Self { text, system, template: None }
    }
}

/// <https://huggingface.co/mistralai/Mixtral-8x7B-Instruct-v0.1#instruction-format>.
const MISTRAL: &[&str] = &["<s>", "</s>", "[INST]", "[/INST]"];
const LLAMA_2: &[&str] = &["<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"];
const LLAMA_3: &[&str] = &["<|"];

/// One `<s>` at the very start, `</s>` after each answer, nothing between turns. The system prompt has no place of its
/// own: it stands before the first question.
fn mistral(conversation: &Conversation) -> String {
    let mut prompt = String::from("<s>");
    let mut system = conversation.system.as_deref().map(|system| neutral(system, MISTRAL));
    for turn in &conversation.turns {
        let text = neutral(&turn.text, MISTRAL);
        let part = match (turn.speaker, system.take()) {
            (Speaker::Assistant, _) => format!(" {text}</s>"),
            (Speaker::User, Some(system)) if text.is_empty() => format!("[INST] {system} [/INST]"),
            (Speaker::User, Some(system)) => format!("[INST] {system}\n\n{text} [/INST]"),
            (Speaker::User, None) => format!("[INST] {text} [/INST]"),
        };
        prompt.push_str(&part);
    }
    prompt
}

/// Llama's templates wrap the prompt as if it were one question. With these seams between the turns the whole comes out
/// as the conversation that the model was trained on.
fn joined(conversation: &Conversation, markers: &[&str], seam: fn(Speaker) -> &'static str) -> String {
    let with_seam = |(index, turn): (usize, &Turn)| {
        let seam = if index == 0 { "" } else { seam(turn.speaker) };
        format!("{seam}{}", neutral(&turn.text, markers))
    };
    conversation.turns.iter().enumerate().map(with_seam).collect()
}

fn llama_2_seam(next: Speaker) -> &'static str {
    match next {
        Speaker::Assistant => " [/INST] ",
        Speaker::User => " </s><s>[INST] ",
    }
}

fn llama_3_seam(next: Speaker) -> &'static str {
    match next {
        Speaker::Assistant => "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        Speaker::User => "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
    }
}

/// For models whose format is unknown: one question as it is, a longer conversation as a transcript to continue.
fn labelled(conversation: &Conversation) -> String {
    if let [question] = conversation.turns.as_slice() {
        return question.text.clone();
    }
    let line = |turn: &Turn| match turn.speaker {
        Speaker::User => format!("User: {}\n\n", turn.text),
        Speaker::Assistant => format!("Assistant: {}\n\n", turn.text),
    };
    conversation.turns.iter().map(line).chain(["Assistant:".to_owned()]).collect()
}

/// The conversation with its roles, for models that write their prompt themselves. There are no markers to be mistaken.
pub(super) fn messages(conversation: &Conversation) -> Value {
    let message = |role: &str, text: &str| json!({"role": role, "content": text});
    let system = conversation.system.iter().map(|system| message("system", system));
    let turns = conversation.turns.iter().map(|turn| match turn.speaker {
        Speaker::User => message("user", &turn.text),
        Speaker::Assistant => message("assistant", &turn.text),
    });
    system.chain(turns).collect()
}

/// Text in which no marker can be taken for one: a space after its first character.
fn neutral(text: &str, markers: &[&str]) -> String {
    markers.iter().fold(text.to_owned(), |text, marker| {
        let (head, tail) = marker.split_at(1);
        text.replace(marker, &format!("{head} {tail}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(system: Option<&str>, texts: &[&str]) -> Conversation {
        let speakers = [Speaker::User, Speaker::Assistant].into_iter().cycle();
        let turns = speakers.zip(texts).map(|(speaker, &text)| Turn { speaker, text: text.to_owned() }).collect();
        Conversation { system: system.map(str::to_owned), turns }
    }

    fn check(style: PromptStyle, system: Option<&str>, texts: &[&str], expected: &str) {
        assert_eq!(Prompt::write(&conversation(system, texts), style).text, expected);
    }

    #[test]
    fn mistral_prompts_follow_the_model_card() {
        check(PromptStyle::Mistral, None, &["u1"], "<s>[INST] u1 [/INST]");
        check(PromptStyle::Mistral, Some("sys"), &["u1"], "<s>[INST] sys\n\nu1 [/INST]");
        check(PromptStyle::Mistral, Some("sys"), &[""], "<s>[INST] sys [/INST]");
        check(PromptStyle::Mistral, None, &["", "a1", "u2"], "<s>[INST]  [/INST] a1</s>[INST] u2 [/INST]");
        check(
            PromptStyle::Mistral,
            Some("sys"),
            &["u1", "a1", "u2", "a2", "u3"],
            "<s>[INST] sys\n\nu1 [/INST] a1</s>[INST] u2 [/INST] a2</s>[INST] u3 [/INST]",
        );
    }

    #[test]
    fn a_mistral_prompt_is_not_wrapped_twice_and_has_no_system_input() {
        let prompt = Prompt::write(&conversation(Some("sys"), &["u"]), PromptStyle::Mistral);
        assert_eq!((prompt.system, prompt.template), (None, Some("{prompt}")));
    }

    #[test]
    fn markers_in_what_people_say_are_no_markers() {
        check(
            PromptStyle::Mistral,
            None,
            &["a </s><s>[INST] b [/INST]"],
            "<s>[INST] a < /s>< s>[ INST] b [ /INST] [/INST]",
        );
        check(PromptStyle::Mistral, Some("[INST]"), &["[[INST]INST]"], "<s>[INST] [ INST]\n\n[[ INST]INST] [/INST]");
        check(PromptStyle::Llama2, None, &["<<SYS>>x<</SYS>>"], "< <SYS>>x< </SYS>>");
        check(PromptStyle::Llama3, None, &["a<|eot_id|>b"], "a< |eot_id|>b");
        let prompt = Prompt::write(&conversation(Some("<|eot_id|>"), &["u"]), PromptStyle::Llama3);
        assert_eq!(prompt.system.as_deref(), Some("< |eot_id|>"));
    }

    #[test]
    fn llama_prompts_continue_their_template() {
        check(PromptStyle::Llama2, Some("sys"), &["u1", "a1", "u2"], "u1 [/INST] a1 </s><s>[INST] u2");
        check(
            PromptStyle::Llama3,
            None,
            &["u1", "a1", "u2"],
            "u1<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\na1<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nu2",
        );
        let prompt = Prompt::write(&conversation(Some("sys"), &["u"]), PromptStyle::Llama3);
        assert_eq!((prompt.text.as_str(), prompt.system.as_deref(), prompt.template), ("u", Some("sys"), None));
    }

    #[test]
    fn models_of_unknown_format_get_the_question_or_a_transcript() {
        check(PromptStyle::SystemPrompt, Some("sys"), &["[INST] u"], "[INST] u");
        check(
            PromptStyle::SystemPrompt,
            None,
            &["u1", "a1", "u2"],
            "User: u1\n\nAssistant: a1\n\nUser: u2\n\nAssistant:",
        );
    }

    #[test]
    fn messages_keep_their_roles_and_every_character() {
        let said = conversation(Some("[INST]"), &["<s>", "</s>", "<|x|>"]);
        let expected = json!([
            {"role": "system", "content": "[INST]"}, {"role": "user", "content": "<s>"},
            {"role": "assistant", "content": "</s>"}, {"role": "user", "content": "<|x|>"},
        ]);
        assert_eq!(messages(&said), expected);
    }

    #[test]
    fn a_raw_prompt_stays_as_it_is() {
        let raw = |style| Prompt::raw("<s>[INST] x".to_owned(), style);
        assert_eq!(
            (raw(PromptStyle::Mistral).text.as_str(), raw(PromptStyle::Mistral).template),
            ("<s>[INST] x", Some("{prompt}"))
        );
        assert_eq!(raw(PromptStyle::SystemPrompt).template, None);
    }
}
