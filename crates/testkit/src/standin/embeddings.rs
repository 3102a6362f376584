//! `POST /v1/embeddings`, as numbers or as base64.

use super::call::Call;
use super::text;
use crate::reply::{self, Reply};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How many dimensions a vector has unless the request says otherwise.
const DIMENSIONS: usize = 8;
const DIMENSIONS_CAP: usize = 4096;

pub(super) fn embeddings(call: &Call) -> Reply {
    let inputs = inputs(&call.json["input"]);
    let tokens: u64 = inputs.iter().map(|input| text::tokens(input)).sum();
    let data: Vec<_> = inputs.iter().enumerate().map(|(index, input)| embedding(call, index, input)).collect();
    reply::json(&json!({
        "object": "list",
        "data": data,
        "model": call.model(),
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    }))
}

/// One text for each input: a string, several strings, a list of tokens, or several such lists.
fn inputs(input: &Value) -> Vec<String> {
    match input {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) if items.iter().all(Value::is_number) => vec![input.to_string()],
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

fn embedding(call: &Call, index: usize, input: &str) -> Value {
    let asked = call.json["dimensions"].as_u64().and_then(|count| usize::try_from(count).ok());
    let vector = vector(input, asked.unwrap_or(DIMENSIONS).min(DIMENSIONS_CAP));
    let embedding = if call.json["encoding_format"] == "base64" { json!(packed(&vector)) } else { json!(vector) };
    json!({ "object": "embedding", "index": index, "embedding": embedding })
}

/// A vector that depends on the text alone. Each number is a multiple of 1/256, so every encoding of it is exact.
fn vector(input: &str, dimensions: usize) -> Vec<f32> {
    let digest = Sha256::digest(input.as_bytes());
    digest.iter().cycle().take(dimensions).map(|byte| f32::from(*byte) / 256.0).collect()
}

/// Little-endian 32-bit floats in base64.
fn packed(vector: &[f32]) -> String {
    BASE64_STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())
}
