use super::*;
use serde_json::{Value, json};

fn matches(pattern: &str, name: &str) -> bool {
    Model::new(pattern, None, InputNames::default()).expect(pattern).is_about(name)
}

#[test]
fn a_star_stands_for_any_characters() {
    for (pattern, name) in [
        ("mistralai/*", "mistralai/mixtral-8x7b-instruct-v0.1"),
        ("mistralai/mixtral-8x7b", "mistralai/mixtral-8x7b"),
        ("*", "a/b"),
        ("*/b", "a/b"),
        ("A/B", "a/b"),
        ("a/b", "A/B"),
        ("*mixtral*instruct*", "someone/mixtral-instruct"),
        ("a/*b*b", "a/bb"),
        ("a/b*", "a/b"),
    ] {
        assert!(matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [
        ("mistralai/*", "notmistralai/x"),
        ("a/b", "a/bc"),
        ("a/b", "xa/b"),
        ("a/*b*b", "a/b"),
        ("*b/c", "b/c/d"),
        ("a/b*", "a/xb"),
    ] {
        assert!(!matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn what_can_be_no_models_name_is_refused() {
    for name in ["", "mixtral", "a/b/c", "a/b:1", "a b/c", "a/b?", "模型/*"] {
        assert_eq!(Model::new(name, None, InputNames::default()).err(), Some(ModelError::Name), "{name}");
    }
}

fn decode(item: &Value) -> Result<Model, String> {
    serde_json::from_value(item.clone()).map_err(|error| error.to_string())
}

#[test]
fn an_item_may_say_nothing_but_whom_it_is_about() {
    let model = decode(&json!({"model": "a/*"})).expect("valid");
    assert_eq!((model.prompt, model.fields), (None, InputNames::default()));
    let model = decode(&json!({"model": "a/*", "prompt": "llama2", "fields": {"stop": "until", "seed": null}}));
    let model = model.expect("valid");
    assert_eq!((model.prompt, model.fields.stop), (Some(PromptStyle::Llama2), InputName::from("until")));
    assert_eq!((model.fields.seed, model.fields.top_k), (InputName::Missing, InputName::AsUsual));
}

#[test]
fn what_is_wrong_with_an_item_is_told_with_the_remedy() {
    for (item, told) in [
        (json!({"prompt": "mistral"}), "missing field `model`"),
        (json!({"model": "mixtral"}), "expected `owner/name`"),
        (json!({"model": "a/b", "prompt": "mixtral"}), "`mistral`, `llama2`, `llama3`, `system_prompt`, `messages`"),
        (
            json!({"model": "a/b", "fields": {"max_token": "x"}}),
            "unknown field `max_token`, expected one of `max_tokens`",
        ),
        (json!({"model": "a/b", "fields": {"seed": ""}}), "expected the name of an input, or `null`"),
        (json!({"model": "a/b", "prompt": "messages", "fields": {"messages": null}}), "needs another `prompt`"),
        (json!({"model": "a/b", "prompt": "llama3", "fields": {"prompt": null}}), "needs `prompt: messages`"),
    ] {
        let error = decode(&item).expect_err("refused");
        assert!(error.contains(told), "{error}");
    }
}
