use super::*;

const MIXTRAL: &str = "mistralai/mixtral-8x7b-instruct-v0.1";

fn chat(extra: &Value) -> Result<Ask, Refusal> {
    let mut body = json!({"model": MIXTRAL, "messages": [{"role": "user", "content": "hi"}]});
    let fields = extra.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(fields);
    Ask::read(Surface::Chat, body.to_string().as_bytes(), &[])
}

fn completion(body: &Value) -> Result<Ask, Refusal> {
    Ask::read(Surface::Completion, body.to_string().as_bytes(), &[])
}

/// A chat with a model of which this is told.
fn told(model: &Value, extra: &Value) -> Result<Ask, Refusal> {
    let models = [serde_json::from_value(model.clone()).expect("valid")];
    let mut body = json!({"model": "o/n", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    Ask::read(Surface::Chat, body.to_string().as_bytes(), &models)
}

fn refused(result: Result<Ask, Refusal>, param: Option<&str>) {
    let refusal = result.expect_err("refused");
    let body: Value = serde_json::from_slice(&refusal.json()).expect("JSON");
    assert_eq!(refusal.status, 400, "{body}");
    assert_eq!(body["error"]["param"].as_str(), param, "{body}");
    assert_eq!(body["error"]["type"], "invalid_request_error");
}

#[test]
fn parameters_get_the_names_of_the_family() {
    let asked = json!({
        "max_tokens": 7, "temperature": 0.2, "top_p": 0.5, "top_k": 40, "seed": 3, "presence_penalty": 0.1,
        "frequency_penalty": -0.1, "stop": ["\n\n", "END"],
    });
    let ask = chat(&asked).expect("translated");
    let expected = json!({
        "prompt": "<s>[INST] hi [/INST]", "prompt_template": "{prompt}", "max_new_tokens": 7, "temperature": 0.2,
        "top_p": 0.5, "top_k": 40, "seed": 3, "presence_penalty": 0.1, "frequency_penalty": -0.1,
        "stop_sequences": "\n\n,END",
    });
    assert_eq!(ask.creation.body, json!({"input": expected, "stream": false}));
    assert_eq!(ask.creation.path, format!("/models/{MIXTRAL}/predictions"));
    assert_eq!((ask.shape.reply, ask.shape.limit), (Reply::Whole, Some(7)));
}

#[test]
fn a_llama_takes_a_system_prompt_and_max_tokens() {
    let messages = json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]);
    let body = json!({"model": "meta/meta-llama-3-8b-instruct", "messages": messages, "max_completion_tokens": 9});
    let ask = Ask::read(Surface::Chat, body.to_string().as_bytes(), &[]).expect("translated");
    assert_eq!(ask.creation.body["input"], json!({"prompt": "hi", "system_prompt": "be brief", "max_tokens": 9}));
}

#[test]
fn inputs_are_called_what_the_table_says() {
    let fields = json!({
        "max_tokens": "length", "temperature": "heat", "top_p": "p", "top_k": "k", "stop": "until", "seed": "luck",
        "presence_penalty": "pp", "frequency_penalty": "fp", "system_prompt": "role", "prompt": "text",
    });
    let asked = json!({
        "max_completion_tokens": 7, "temperature": 0, "top_p": 0.5, "top_k": 40, "seed": 3, "presence_penalty": 0.1,
        "frequency_penalty": 0, "stop": "END",
        "messages": [{"role": "system", "content": "obey"}, {"role": "user", "content": "hi"}],
    });
    let ask = told(&json!({"model": "o/*", "fields": fields}), &asked).expect("translated");
    let expected = json!({
        "text": "hi", "role": "obey", "length": 7, "heat": 0, "p": 0.5, "k": 40, "luck": 3, "pp": 0.1, "fp": 0,
        "until": "END",
    });
    assert_eq!(ask.creation.body["input"], expected);
}

#[test]
fn a_field_whose_input_a_model_has_not_is_refused_by_name() {
    let lacking = |field: &str| json!({"model": "*", "fields": {field: null}});
    for (field, value) in [
        ("max_tokens", json!(7)),
        ("temperature", json!(1)),
        ("top_p", json!(0.9)),
        ("top_k", json!(1)),
        ("seed", json!(0)),
        ("presence_penalty", json!(0.1)),
        ("frequency_penalty", json!(-1)),
    ] {
        refused(told(&lacking(field), &json!({field: value})), Some(field));
    }
    refused(told(&lacking("max_tokens"), &json!({"max_completion_tokens": 7})), Some("max_completion_tokens"));
    refused(told(&lacking("prompt"), &json!({})), Some("messages"));
}

#[test]
fn what_needs_no_input_is_not_refused_for_the_lack_of_one() {
    for (field, asked) in [
        ("presence_penalty", json!({"presence_penalty": 0})),
        ("frequency_penalty", json!({"frequency_penalty": 0.0})),
        ("top_p", json!({"top_p": 1})),
        ("stop", json!({"stop": "END"})),
    ] {
        let ask = told(&json!({"model": "o/n", "fields": {field: null}}), &asked).expect("translated");
        assert_eq!(ask.creation.body["input"], json!({"prompt": "hi"}), "{field}");
        assert_eq!(ask.stops.len(), usize::from(field == "stop"));
    }
}

#[test]
fn a_model_without_an_input_for_the_system_prompt_gets_it_before_the_question() {
    let messages = json!([{"role": "system", "content": "obey"}, {"role": "user", "content": "hi"}]);
    let none = json!({"model": "o/n", "fields": {"system_prompt": null}});
    let ask = told(&none, &json!({"messages": messages})).expect("translated");
    assert_eq!(ask.creation.body["input"], json!({"prompt": "obey\n\nhi"}));
}

#[test]
fn a_style_is_told_and_a_template_set_where_there_is_one() {
    let input = |model: &Value| told(model, &json!({})).expect("translated").creation.body["input"].clone();
    let expected = json!({"prompt": "<s>[INST] hi [/INST]", "prompt_template": "{prompt}"});
    assert_eq!(input(&json!({"model": "O/N", "prompt": "mistral"})), expected);
    let bare = json!({"model": "o/n", "prompt": "mistral", "fields": {"prompt_template": null}});
    assert_eq!(input(&bare), json!({"prompt": "<s>[INST] hi [/INST]"}));
    let models = [serde_json::from_value(bare).expect("valid")];
    let versioned = Ask::read(Surface::Completion, br#"{"model": "o/n:7", "prompt": "x"}"#, &models);
    assert_eq!(versioned.expect("translated").creation.body["input"], json!({"prompt": "x"}));
}

#[test]
fn a_model_that_takes_messages_gets_them() {
    let said = json!([
        {"role": "developer", "content": "<s>"}, {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]);
    let asked = json!({"model": "openai/gpt-4o", "messages": said, "max_tokens": 5, "stop": "END"});
    let ask = Ask::read(Surface::Chat, asked.to_string().as_bytes(), &[]).expect("translated");
    let expected = json!([
        {"role": "system", "content": "<s>"}, {"role": "assistant", "content": "yes?"}, {"role": "user", "content": "hi"},
    ]);
    assert_eq!(ask.creation.body["input"], json!({"messages": expected, "max_completion_tokens": 5}));
    assert_eq!(ask.stops, ["END"]);
    let named = json!({"model": "o/*", "prompt": "messages", "fields": {"messages": "chat"}});
    let ask = told(&named, &json!({"messages": [{"role": "system", "content": "a"}]})).expect("translated");
    assert_eq!(ask.creation.body["input"], json!({"chat": [{"role": "system", "content": "a"}]}));
    refused(completion(&json!({"model": "openai/gpt-4o", "prompt": "x"})), Some("model"));
}

#[test]
fn two_names_of_one_limit_must_agree() {
    let limits = |old, new| chat(&json!({"max_tokens": old, "max_completion_tokens": new}));
    assert_eq!(limits(json!(7), json!(7)).expect("translated").shape.limit, Some(7));
    assert_eq!(limits(json!(null), json!(8)).expect("translated").shape.limit, Some(8));
    refused(limits(json!(7), json!(8)), Some("max_tokens"));
}

#[test]
fn a_version_is_addressed_by_version() {
    let ask = completion(&json!({"model": "owner/name:abc123", "prompt": "Once"})).expect("translated");
    assert_eq!(ask.creation.path, "/predictions");
    assert_eq!(ask.creation.body, json!({"version": "abc123", "input": {"prompt": "Once"}, "stream": false}));
}

#[test]
fn a_completion_is_prompted_verbatim() {
    let ask = completion(&json!({"model": MIXTRAL, "prompt": ["Once <s>"]})).expect("translated");
    assert_eq!(ask.creation.body["input"], json!({"prompt": "Once <s>", "prompt_template": "{prompt}"}));
    for prompt in [json!([]), json!(["a", "b"]), json!([1, 2]), json!([[1]]), json!(null)] {
        refused(completion(&json!({"model": MIXTRAL, "prompt": prompt})), Some("prompt"));
    }
}

#[test]
fn a_stop_with_a_comma_is_not_said_to_replicate_but_kept() {
    let ask = chat(&json!({"stop": ["a,b", "c", ""]})).expect("translated");
    assert_eq!(ask.creation.body["input"]["stop_sequences"], "c");
    assert_eq!(ask.stops, ["a,b", "c"]);
    assert_eq!(chat(&json!({"stop": ","})).expect("translated").creation.body["input"].get("stop_sequences"), None);
}

#[test]
fn sixteen_stops_of_four_kibibytes_together_are_taken() {
    let stops: Vec<String> = ('a'..='p').map(|c| c.to_string().repeat(256)).collect();
    assert_eq!(chat(&json!({"stop": stops})).expect("translated").stops, stops);
}

#[test]
fn streams_may_ask_for_usage() {
    let reply = |extra| chat(&extra).expect("translated").shape.reply;
    assert_eq!(reply(json!({"stream": true})), Reply::Stream);
    assert_eq!(reply(json!({"stream": true, "stream_options": {"include_usage": true}})), Reply::StreamWithUsage);
    assert_eq!(reply(json!({"stream": true, "stream_options": {"include_obfuscation": false}})), Reply::Stream);
    refused(chat(&json!({"stream_options": {"include_usage": true}})), Some("stream_options"));
    refused(chat(&json!({"stream": true, "stream_options": {"x": 1}})), Some("stream_options"));
}

#[test]
fn what_cannot_be_mapped_is_refused_by_name() {
    for (name, value) in [
        ("n", json!(2)),
        ("tools", json!([{"type": "function"}])),
        ("tool_choice", json!("required")),
        ("functions", json!([{}])),
        ("response_format", json!({"type": "json_object"})),
        ("response_format", json!({"type": "json_schema", "json_schema": {}})),
        ("logprobs", json!(true)),
        ("top_logprobs", json!(3)),
        ("logit_bias", json!({"50256": -100})),
        ("modalities", json!(["text", "audio"])),
        ("store", json!(true)),
        ("reasoning_effort", json!("high")),
        ("something_new", json!(1)),
        ("temperature", json!("hot")),
        ("max_tokens", json!(-1)),
        ("max_tokens", json!(0)),
        ("max_completion_tokens", json!(0)),
        ("max_tokens", json!(1.5)),
        ("stream", json!("true")),
        ("stop", json!([1])),
        ("stop", json!(vec!["x"; 17])),
        ("stop", json!("x".repeat(4097))),
        ("stop", json!(["x".repeat(2048), "y".repeat(2049)])),
    ] {
        refused(chat(&json!({name: value})), Some(name));
    }
}

#[test]
fn what_asks_for_nothing_is_accepted() {
    let asked = json!({
        "n": 1, "tools": [], "tool_choice": "auto", "response_format": {"type": "text"}, "logprobs": false,
        "top_logprobs": null, "logit_bias": {}, "user": "u", "metadata": {"a": "b"}, "service_tier": "auto",
        "temperature": null, "stop": null, "stream": null, "parallel_tool_calls": true, "modalities": ["text"],
    });
    let plain = chat(&json!({})).expect("translated");
    assert_eq!(chat(&asked).expect("translated").creation.body, plain.creation.body);
}

#[test]
fn a_model_is_an_owner_and_a_name() {
    for model in ["gpt-4o", "a/b/c", "/b", "a/", "a/b:", "../b", "a/..", "a/b?x", "a/b%2f", "a b/c", "a/b:c/d", ""] {
        refused(completion(&json!({"model": model, "prompt": "x"})), Some("model"));
    }
    refused(completion(&json!({"prompt": "x"})), Some("model"));
    refused(Ask::read(Surface::Chat, b"{", &[]), None);
    refused(Ask::read(Surface::Chat, b"[]", &[]), None);
}

#[test]
fn other_operations_are_unknown() {
    let status = |method, path| Surface::of(&method, path).map_err(|refusal| refusal.status.as_u16());
    assert_eq!(status(Method::POST, "/chat/completions?x=1"), Ok(Surface::Chat));
    assert_eq!(status(Method::POST, "/completions"), Ok(Surface::Completion));
    assert_eq!(status(Method::POST, "/embeddings"), Err(404));
    assert_eq!(status(Method::POST, "/chat/completions/x"), Err(404));
    assert_eq!(status(Method::GET, "/chat/completions"), Err(405));
}
