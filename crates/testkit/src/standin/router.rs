use super::call::Call;
use super::files::Files;
use super::{audio, chat, completions, embeddings, images, models, problem, responses};
use crate::reply::Reply;

/// Which endpoint a call is for.
pub(super) fn answer(call: &Call, files: &Files) -> Reply {
    match (call.method(), call.segments().as_slice()) {
        ("POST", ["chat", "completions"]) => chat::completion(call),
        ("POST", ["completions"]) => completions::completion(call),
        ("POST", ["embeddings"]) => embeddings::embeddings(call),
        ("POST", ["audio", "transcriptions" | "translations"]) => audio::transcription(call),
        ("POST", ["audio", "speech"]) => audio::speech(call),
        ("POST", ["images", "generations"]) => images::generation(call),
        ("POST", ["responses"]) => responses::response(call),
        ("POST", ["files"]) => files.upload(call),
        ("GET", ["files"]) => files.list(),
        ("GET", ["files", id]) => files.retrieve(id),
        ("GET", ["files", id, "content"]) => files.content(id),
        ("DELETE", ["files", id]) => files.delete(id),
        ("GET", ["models"]) => models::list(),
        ("GET", ["models", id]) => models::retrieve(id),
        _ => problem::unknown_url(&call.target()),
    }
}
