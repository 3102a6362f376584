//! `docs/replicate.md`: what it says of fields, prompts, settings and errors is so.

use crate::configuration::{problems, told_keys};
use crate::markdown::{Page, rows, spans};
use crate::{Words, file, root, sources, words};
use oar_app::upstream::replicate::{Replicate, Settings};
use oar_app::upstream::{Connection, Upstream, UpstreamRequest};
use oar_testkit::replicate::{Running, Standin};
use serde_json::{Value, json};
use std::time::Duration;

const PAGE: &str = "docs/replicate.md";
/// Models that the columns of the table of fields are about.
const COLUMNS: [&[&str]; 3] = [
    &["mistralai/mixtral-8x7b-instruct-v0.1", "meta/llama-2-70b-chat"],
    &["meta/meta-llama-3-8b-instruct", "acme/assistant"],
    &["openai/gpt-4o"],
];

/// What came of a request: its status, and the input that the model got, if it did.
struct Asked {
    status: u16,
    input: Value,
}

async fn ask(replicate: &Running, model: &str, field: &str) -> Asked {
    let settings = Settings { sk: "key".into(), endpoint: replicate.endpoint(), ..Settings::default() };
    let upstream = Replicate::new(settings, Duration::from_secs(5)).expect("valid");
    let before = replicate.predictions().len();
    let response = upstream.send(&request(model, field)).await.expect("an answer");
    let input = replicate.predictions().get(before).map(|created| created["input"].clone()).unwrap_or_default();
    Asked { status: response.status.as_u16(), input }
}

fn request(model: &str, field: &str) -> UpstreamRequest {
    let path = if field == "prompt" { "/completions" } else { "/chat/completions" };
    let messages = || ("messages".to_owned(), json!([{"role": "user", "content": "hi"}]));
    let asked = (field != "messages").then(|| (field.to_owned(), value(field)));
    let parts = [("model".to_owned(), json!(model))].into_iter().chain((field != "prompt").then(messages)).chain(asked);
    let body = Value::Object(parts.collect());
    UpstreamRequest {
        method: http::Method::POST,
        path_and_query: path.into(),
        headers: http::HeaderMap::new(),
        body: body.to_string().into(),
        model: None,
        stream: false,
        request_id: "r".into(),
        client_token: None,
        upgrade: None,
        connection: Connection::Any,
    }
}

/// One that asks for something.
fn value(field: &str) -> Value {
    match field {
        "prompt" | "stop" => json!("END"),
        "max_tokens" | "max_completion_tokens" | "top_k" | "seed" => json!(7),
        _ => json!(0.5),
    }
}

#[tokio::test]
async fn fields_become_the_inputs_that_are_told() {
    let replicate = Standin::new().start().await.expect("a port");
    let page = Page::read(PAGE);
    let table = rows(page.under("What becomes of a request"));
    let fields = table.iter().filter(|row| row.len() == 5);
    let mut seen = 0;
    for row in fields {
        let field = row.first().and_then(|cell| spans(cell).next()).expect("a field");
        for (models, cell) in COLUMNS.iter().zip(row.iter().skip(1)) {
            for model in *models {
                check(&ask(&replicate, model, field).await, cell, &format!("{field} of {model}"));
            }
        }
        seen += 1;
    }
    assert!(seen > 8, "{seen} fields");
}

fn check(asked: &Asked, told: &str, what: &str) {
    let Asked { status, input } = asked;
    match (told, spans(told).next()) {
        ("400", _) => assert_eq!(*status, 400, "{what}"),
        ("none", _) => assert_eq!((*status, input.as_object().map(serde_json::Map::len)), (200, Some(1)), "{what}"),
        (_, Some(name)) => assert!(*status == 200 && !input[name].is_null(), "{what}: {status} {input}"),
        (_, None) => panic!("{what}: `{told}`"),
    }
}

/// What a row of the page's table about `models` names, but for the key itself.
fn told_of(key: &str) -> Words {
    let page = Page::read(PAGE);
    let rows = rows(page.under("Models that are asked in another way"));
    let row = rows.iter().find(|row| row.first().is_some_and(|cell| cell == &format!("`{key}`"))).expect(key);
    words(row.iter().skip(1).flat_map(|cell| spans(cell)))
}

/// A configuration with this item of `models`.
fn with_model(item: &str) -> String {
    format!("authorization: a\nupstreams:\n  - type: replicate\n    sk: key\n    models: [{item}]\n")
}

#[test]
fn every_input_and_style_of_an_entry_is_told() {
    let fields =
        told_keys(&with_model("{model: a/b, fields: {zzzzzzzz: a}}"), "upstreams[0].models[0].fields.zzzzzzzz");
    assert_eq!(told_of("fields"), words(fields));
    let problems = problems(&with_model("{model: a/b, prompt: zzzzzzzz}"));
    let styles = problems.iter().find_map(|problem| problem.message.strip_prefix("is none of: "));
    let styles = words(styles.expect("the styles are told").split(", "));
    assert!(styles.len() == 5 && told_of("prompt").is_superset(&styles), "{styles:?}");
}

#[test]
fn the_prompt_is_that_of_the_unit_tests() {
    let page = Page::read(PAGE);
    let prompt = page.blocks_in("text").find(|block| block.text.starts_with("<s>")).expect("a prompt");
    let tests = file("crates/upstream/src/replicate/prompt.rs");
    assert!(tests.contains(&format!("\"{}\"", prompt.text.trim_end())), "{}", prompt.text);
}

#[test]
fn every_code_exists() {
    let code = ["crates/upstream/src/replicate", "crates/gateway/src"].map(|folder| sources(&root().join(folder)));
    let page = Page::read(PAGE);
    let table = rows(page.under("When it fails"));
    assert!(table.len() > 10, "{table:?}");
    for told in table.iter().filter_map(|row| row.get(2)).flat_map(|cell| spans(cell)) {
        assert!(code.iter().any(|code| code.contains(&format!("\"{told}\""))), "`{told}` does not exist");
    }
}
