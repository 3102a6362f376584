//! `GET /v1/models/…` and `/v1/account`: what clients ask before or after a prediction.

use super::clock::Birth;
use serde_json::{Value, json};
use std::time::Duration;

/// The version of every model that was asked for without one.
pub(super) const VERSION: &str = "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa";

pub(super) fn account() -> Value {
    json!({ "type": "organization", "username": "standin", "name": "Stand-in", "github_url": null })
}

pub(super) fn model(owner: &str, name: &str) -> Value {
    json!({
        "url": format!("https://replicate.com/{owner}/{name}"),
        "owner": owner,
        "name": name,
        "description": "A model that answers without thinking.",
        "visibility": "public",
        "is_official": true,
        "github_url": null,
        "paper_url": null,
        "license_url": null,
        "run_count": 1,
        "cover_image_url": null,
        "default_example": null,
        "latest_version": version(VERSION),
    })
}

pub(super) fn versions() -> Value {
    page(&[version(VERSION)])
}

pub(super) fn version(id: &str) -> Value {
    json!({ "id": id, "created_at": Birth::now().at(Duration::ZERO), "cog_version": "0.9.9", "openapi_schema": schema() })
}

/// A list that is on one page.
pub(super) fn page(results: &[Value]) -> Value {
    json!({ "previous": null, "next": null, "results": results })
}

/// As Cog describes a language model that streams.
fn schema() -> Value {
    let input = json!({
        "type": "object",
        "title": "Input",
        "required": ["prompt"],
        "properties": {
            "prompt": { "type": "string", "title": "Prompt", "x-order": 0 },
            "system_prompt": { "type": "string", "title": "System Prompt", "x-order": 1 },
            "max_tokens": { "type": "integer", "title": "Max Tokens", "x-order": 2 },
        },
    });
    let output = json!({
        "type": "array",
        "items": { "type": "string" },
        "title": "Output",
        "x-cog-array-type": "iterator",
        "x-cog-array-display": "concatenate",
    });
    let schemas = json!({ "Input": input, "Output": output });
    json!({ "openapi": "3.0.2", "info": { "title": "Cog", "version": "0.1.0" }, "components": { "schemas": schemas } })
}
