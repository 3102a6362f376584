/// What differs between families of models: how a conversation is written and how their inputs are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) style: Style,
    /// The input that limits the length of the answer, in tokens.
    pub(super) max_tokens: &'static str,
}

/// How a conversation is written as one prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Mistral's instruct format; the system prompt is part of the first turn.
    Mistral,
    /// Llama 2's chat format between turns; the system prompt is an input of its own.
    Llama2,
    /// Llama 3's headers between turns; the system prompt is an input of its own.
    Llama3,
    /// One turn as it is, several as a labelled transcript; the system prompt is an input of its own.
    Labelled,
}

impl Style {
    /// Whether the model wraps the prompt in a template of its own, and takes another one as input.
    pub(super) const fn has_template(self) -> bool {
        match self {
            Self::Mistral | Self::Llama2 | Self::Llama3 => true,
            Self::Labelled => false,
        }
    }
}

impl Family {
    /// The family of a model, by its name: Replicate's API does not tell.
    pub(super) fn of(owner: &str, name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let tuned = ["instruct", "chat"].iter().any(|word| name.contains(word));
        let mistral =
            owner.eq_ignore_ascii_case("mistralai") || name.starts_with("mistral-") || name.starts_with("mixtral-");
        match () {
            () if mistral => Self { style: Style::Mistral, max_tokens: "max_new_tokens" },
            () if name.contains("llama-2") => {
                Self { style: if tuned { Style::Llama2 } else { Style::Labelled }, max_tokens: "max_new_tokens" }
            }
            () if name.contains("llama-3") && tuned => Self { style: Style::Llama3, max_tokens: "max_tokens" },
            () => Self { style: Style::Labelled, max_tokens: "max_tokens" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_family() {
        for (owner, name, style, max_tokens) in [
            ("mistralai", "mixtral-8x7b-instruct-v0.1", Style::Mistral, "max_new_tokens"),
            ("mistralai", "mistral-7b-instruct-v0.2", Style::Mistral, "max_new_tokens"),
            ("someone", "Mixtral-tuned", Style::Mistral, "max_new_tokens"),
            ("someone", "openhermes-2-mistral-7b", Style::Labelled, "max_tokens"),
            ("meta", "llama-2-70b-chat", Style::Llama2, "max_new_tokens"),
            ("meta", "llama-2-70b", Style::Labelled, "max_new_tokens"),
            ("meta", "meta-llama-3-8b-instruct", Style::Llama3, "max_tokens"),
            ("meta", "meta-llama-3.1-405b-instruct", Style::Llama3, "max_tokens"),
            ("meta", "meta-llama-3-8b", Style::Labelled, "max_tokens"),
            ("ibm-granite", "granite-3.3-8b-instruct", Style::Labelled, "max_tokens"),
        ] {
            assert_eq!(Family::of(owner, name), Family { style, max_tokens }, "{owner}/{name}");
        }
    }
}
