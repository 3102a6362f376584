//! `GET /v1/models`.

use super::problem;
use crate::reply::{self, Reply};
use serde_json::{Value, json};

/// What it lists; any other name is answered as well.
const MODELS: [&str; 6] =
    ["gpt-4o-mini", "gpt-3.5-turbo-instruct", "text-embedding-3-small", "whisper-1", "tts-1", "dall-e-3"];

pub(super) fn list() -> Reply {
    reply::json(&json!({ "object": "list", "data": MODELS.map(model) }))
}

pub(super) fn retrieve(id: &str) -> Reply {
    if MODELS.contains(&id) {
        return reply::json(&model(id));
    }
    problem::not_found(&format!("The model '{id}' does not exist"), "model", Some("model_not_found"))
}

fn model(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": 1_700_000_000, "owned_by": "standin" })
}
