//! OpenAI's request as a prediction to create.

use super::family::Family;
use super::fields::Fields;
use super::input::Input;
use super::models::Model;
use super::refusal::Refusal;
use http::{Method, StatusCode};
use oar_protocol::ErrorKind;
use serde_json::{Map, Value, json};

/// What was asked, translated.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) creation: Creation,
    pub(super) shape: Shape,
    /// Where the answer ends, if it says one of these. Never empty strings.
    pub(super) stops: Vec<String>,
}

/// How the prediction is created.
#[derive(Debug)]
pub(super) struct Creation {
    /// The path below the endpoint.
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) reply: Reply,
}

/// What the answer looks like.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) surface: Surface,
    pub(super) reply: Reply,
    /// The model, as the client named it.
    pub(super) model: String,
    /// How long the answer may be, in tokens.
    pub(super) limit: Option<u64>,
}

/// Which of OpenAI's operations is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    Chat,
    Completion,
}

/// How the client wants the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Whole,
    Stream,
    /// A stream that ends with the counts of tokens.
    StreamWithUsage,
}

impl Surface {
    /// The operation at `path_and_query`, which starts after `/v1`.
    pub(super) fn of(method: &Method, path_and_query: &str) -> Result<Self, Refusal> {
        let surface = match path_and_query.split('?').next() {
            Some("/chat/completions") => Self::Chat,
            Some("/completions") => Self::Completion,
            Some(_) | None => {
                let message = "Replicate's models answer /v1/chat/completions and /v1/completions only";
                return Err(Refusal::new(
                    StatusCode::NOT_FOUND,
                    ErrorKind::InvalidRequestError,
                    "unknown_url",
                    message,
                ));
            }
        };
        if method == Method::POST {
            return Ok(surface);
        }
        let (status, kind) = (StatusCode::METHOD_NOT_ALLOWED, ErrorKind::InvalidRequestError);
        Err(Refusal::new(status, kind, "method_not_allowed", "completions are asked for with POST"))
    }
}

impl Ask {
    /// Translates a request body; `models` tells what is known of some models.
    ///
    /// # Errors
    ///
    /// A 400 that names the first field which cannot be translated.
    pub(super) fn read(surface: Surface, body: &[u8], models: &[Model]) -> Result<Self, Refusal> {
        let mut fields = Fields::parse(body)?;
        let model: String = fields.need("model", "a string")?;
        let target = Target::parse(&model)?;
        let mut input = Input::new(Family::of(models, &target.owner, &target.name));
        input.take_question(&mut fields, surface)?;
        let reply = reply(&mut fields)?;
        let limit = input.take_limit(&mut fields)?;
        let stops = input.take_stops(&mut fields)?;
        input.take_sampling(&mut fields)?;
        only_one_plain_answer(&mut fields)?;
        fields.finish()?;
        let creation = target.creation(input.values(), reply);
        Ok(Self { creation, shape: Shape { surface, reply, model, limit }, stops })
    }
}

/// `owner/name`, or `owner/name:version`.
struct Target {
    owner: String,
    name: String,
    version: Option<String>,
}

impl Target {
    fn parse(model: &str) -> Result<Self, Refusal> {
        let (path, version) = model.split_once(':').map_or((model, None), |(path, version)| (path, Some(version)));
        let parts = path.split_once('/').filter(|(owner, name)| is_plain(owner) && is_plain(name));
        match (parts, version) {
            (Some((owner, name)), version) if version.is_none_or(is_plain) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned(), version: version.map(str::to_owned) })
            }
            (Some(_) | None, _) => {
                Err(Refusal::field("model", "`model` must be `owner/name` or `owner/name:version`, as on Replicate"))
            }
        }
    }

    /// Official models are addressed by name, all others by version.
    fn creation(&self, input: &Map<String, Value>, reply: Reply) -> Creation {
        let stream = reply != Reply::Whole;
        let (path, body) = match &self.version {
            Some(version) => ("/predictions".to_owned(), json!({"version": version, "input": input, "stream": stream})),
            None => {
                let path = format!("/models/{}/{}/predictions", self.owner, self.name);
                (path, json!({"input": input, "stream": stream}))
            }
        };
        Creation { path, body, reply }
    }
}

/// Whether it can stand in a path as it is, and is no step up.
pub(super) fn is_plain(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !part.is_empty() && part.bytes().all(plain) && part.bytes().any(|byte| byte != b'.')
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamOptions {
    include_usage: Option<bool>,
    /// Padding against eavesdroppers who measure packets; OpenAI's clients cannot tell whether it is there.
    #[serde(rename = "include_obfuscation")]
    _include_obfuscation: Option<bool>,
}

fn reply(fields: &mut Fields) -> Result<Reply, Refusal> {
    let stream = fields.take("stream", "true or false")?.unwrap_or(false);
    let options: Option<StreamOptions> = fields.take("stream_options", "an object with `include_usage`")?;
    match (stream, options) {
        (false, None) => Ok(Reply::Whole),
        (false, Some(_)) => Err(Refusal::field("stream_options", "`stream_options` is for streams only")),
        (true, Some(StreamOptions { include_usage: Some(true), .. })) => Ok(Reply::StreamWithUsage),
        (true, Some(_) | None) => Ok(Reply::Stream),
    }
}

/// Claims what OpenAI's clients may send: nothing but one plain text can be made.
fn only_one_plain_answer(fields: &mut Fields) -> Result<(), Refusal> {
    type Test = fn(&Value) -> bool;
    const ASKS_FOR_NOTHING: &[(&str, Test)] = &[
        ("n", |value| value.as_u64() == Some(1)),
        ("best_of", |value| value.as_u64() == Some(1)),
        ("tools", is_empty),
        ("tool_choice", |value| matches!(value.as_str(), Some("none" | "auto"))),
        ("functions", is_empty),
        ("function_call", |value| matches!(value.as_str(), Some("none" | "auto"))),
        ("response_format", |value| value.get("type").and_then(Value::as_str) == Some("text")),
        ("modalities", |value| *value == json!(["text"])),
        ("logprobs", |value| value.as_bool() == Some(false)),
        ("top_logprobs", |value| value.as_u64() == Some(0)),
        ("logit_bias", is_empty),
        ("echo", |value| value.as_bool() == Some(false)),
        ("suffix", |value| value.as_str() == Some("")),
        ("store", |value| value.as_bool() == Some(false)),
    ];
    for &(name, asks_for_nothing) in ASKS_FOR_NOTHING {
        fields.only(name, asks_for_nothing)?;
    }
    const NO_DIFFERENCE: &[&str] =
        &["user", "metadata", "safety_identifier", "prompt_cache_key", "service_tier", "parallel_tool_calls"];
    NO_DIFFERENCE.iter().for_each(|name| fields.ignore(name));
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
