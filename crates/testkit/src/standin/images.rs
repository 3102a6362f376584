//! `POST /v1/images/generations`.

use super::call::{Call, now};
use crate::reply::{self, Reply};
use serde_json::{Value, json};

/// A picture of one grey pixel (PNG).
const PIXEL_PNG_BASE64: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";
const IMAGES_CAP: u64 = 10;

pub(super) fn generation(call: &Call) -> Reply {
    let count = call.json["n"].as_u64().unwrap_or(1).min(IMAGES_CAP);
    let images: Vec<_> = (0..count).map(|_| image(&call.json)).collect();
    reply::json(&json!({ "created": now(), "data": images }))
}

fn image(asked: &Value) -> Value {
    let mut image = json!({ "revised_prompt": asked["prompt"] });
    if asked["response_format"] == "url" {
        image["url"] = json!(format!("data:image/png;base64,{PIXEL_PNG_BASE64}"));
    } else {
        image["b64_json"] = json!(PIXEL_PNG_BASE64);
    }
    image
}
