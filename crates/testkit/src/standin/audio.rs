//! `POST /v1/audio/transcriptions` (and translations), `POST /v1/audio/speech`.

use super::call::Call;
use super::problem;
use crate::reply::{self, Reply};
use bytes::Bytes;
use http::HeaderValue;
use serde_json::json;
use sha2::{Digest, Sha256};

const SPEECH_BYTES: usize = 320 * 1024;
const SPEECH_PIECE_BYTES: usize = 16 * 1024;

/// Tells what arrived rather than what was said, so that a client can check that every byte came through.
pub(super) fn transcription(call: &Call) -> Reply {
    let Some(file) = call.part("file") else { return problem::missing("file") };
    let (bytes, sha256, model) = (file.content.len(), hex_sha256(&file.content), call.model());
    let text = format!("bytes={bytes} sha256={sha256} model={model}");
    let heard = json!({ "bytes": bytes, "sha256": sha256, "model": model, "filename": file.filename });
    match call.field("response_format").unwrap_or("json") {
        "json" => reply::json(&json!({ "text": text, "standin": heard })),
        "verbose_json" => reply::json(&json!({
            "task": "transcribe",
            "language": "english",
            "duration": 1.0,
            "text": text,
            "segments": [],
            "standin": heard,
        })),
        _ => reply::whole("text/plain; charset=utf-8", format!("{text}\n")),
    }
}

/// Bytes that look like an MP3's first, in chunks; `x-standin-sha256` is what they should hash to.
pub(super) fn speech(call: &Call) -> Reply {
    let sound = sound(call.json["input"].as_str().unwrap_or_default());
    let sha256 = HeaderValue::from_str(&hex_sha256(&sound));
    let pieces = (0..sound.len()).step_by(SPEECH_PIECE_BYTES);
    let pieces = pieces.map(|at| sound.slice(at..sound.len().min(at + SPEECH_PIECE_BYTES))).collect();
    let mut reply = reply::pieces("audio/mpeg", pieces);
    reply.headers_mut().extend(sha256.map(|sha256| (http::HeaderName::from_static("x-standin-sha256"), sha256)));
    reply
}

/// An ID3 tag and noise that depends on the text alone.
fn sound(input: &str) -> Bytes {
    let mut state = input.bytes().fold(0x9e37_79b9_u32, |state, byte| state.rotate_left(5) ^ u32::from(byte)) | 1;
    let mut bytes = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64".to_vec();
    while bytes.len() < SPEECH_BYTES {
        // Marsaglia's xorshift: any noise would do, this one needs no crate.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.into()
}

pub(super) fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
