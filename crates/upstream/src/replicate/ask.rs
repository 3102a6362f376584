//! OpenAI's request as a prediction to create.

use super::conversation::Conversation;
use super::family::{Family, Style};
use super::fields::Fields;
use super::prompt::Prompt;
use super::refusal::Refusal;
use http::{Method, StatusCode};
use oar_protocol::ErrorKind;
use serde_json::{Map, Number, Value, json};
use std::num::NonZeroU64;

/// How many stop sequences an answer is searched for, all the time it comes. OpenAI takes four.
const STOPS_CAP: usize = 16;
/// And how long they may be together: what could begin the longest of them is held back.
const STOPS_CAP_BYTES: usize = 4096;

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
    /// Translates a request body.
    ///
    /// # Errors
    ///
    /// A 400 that names the first field which cannot be translated.
    pub(super) fn read(surface: Surface, body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Fields::parse(body)?;
        let model: String = fields.need("model", "a string")?;
        let target = Target::parse(&model)?;
        let family = Family::of(&target.owner, &target.name);
        let prompt = prompt(&mut fields, surface, family.style)?;
        let reply = reply(&mut fields)?;
        let limit = limit(&mut fields)?;
        let stops = stops(&mut fields)?;
        let mut input = input(prompt, &stops);
        input.extend(limit.map(|limit| (family.max_tokens.to_owned(), limit.into())));
        sampling(&mut fields, &mut input)?;
        only_one_plain_answer(&mut fields)?;
        fields.finish()?;
        Ok(Self { creation: target.creation(&input, reply), shape: Shape { surface, reply, model, limit }, stops })
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

fn prompt(fields: &mut Fields, surface: Surface, style: Style) -> Result<Prompt, Refusal> {
    match surface {
        Surface::Chat => {
            let messages: Vec<Value> = fields.need("messages", "a list of messages")?;
            Ok(Prompt::write(&Conversation::read(&messages)?, style))
        }
        Surface::Completion => {
            let OneOrMore(prompts) = fields.need("prompt", "a string")?;
            let [prompt] = <[String; 1]>::try_from(prompts)
                .map_err(|_| Refusal::field("prompt", "`prompt` must be one string: only one answer can be made"))?;
            Ok(Prompt::raw(prompt, style))
        }
    }
}

/// A string, or a list of strings.
#[derive(serde::Deserialize)]
#[serde(from = "StringOrList")]
struct OneOrMore(Vec<String>);

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum StringOrList {
    String(String),
    List(Vec<String>),
}

impl From<StringOrList> for OneOrMore {
    fn from(value: StringOrList) -> Self {
        match value {
            StringOrList::String(text) => Self(vec![text]),
            StringOrList::List(texts) => Self(texts),
        }
    }
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

fn limit(fields: &mut Fields) -> Result<Option<u64>, Refusal> {
    let old: Option<NonZeroU64> = fields.take("max_tokens", "a positive whole number")?;
    let new: Option<NonZeroU64> = fields.take("max_completion_tokens", "a positive whole number")?;
    Ok(new.or(old).map(NonZeroU64::get))
}

fn stops(fields: &mut Fields) -> Result<Vec<String>, Refusal> {
    let OneOrMore(mut stops) = fields.take("stop", "a string or a list of strings")?.unwrap_or(OneOrMore(Vec::new()));
    stops.retain(|stop| !stop.is_empty());
    if stops.len() > STOPS_CAP || stops.iter().map(String::len).sum::<usize>() > STOPS_CAP_BYTES {
        let most = format!("`stop` may be at most {STOPS_CAP} sequences of {STOPS_CAP_BYTES} bytes together");
        return Err(Refusal::field("stop", most));
    }
    Ok(stops)
}

fn input(prompt: Prompt, stops: &[String]) -> Map<String, Value> {
    let mut input = Map::from_iter([("prompt".to_owned(), prompt.text.into())]);
    input.extend(prompt.system.map(|system| ("system_prompt".to_owned(), system.into())));
    input.extend(prompt.template.map(|template| ("prompt_template".to_owned(), template.into())));
    // Replicate splits at commas. One that cannot be said there is only looked for in the answer, as all of them are.
    let sayable: Vec<&str> = stops.iter().map(String::as_str).filter(|stop| !stop.contains(',')).collect();
    if !sayable.is_empty() {
        input.insert("stop_sequences".to_owned(), sayable.join(",").into());
    }
    input
}

/// Inputs that Replicate's models call as OpenAI does. `top_k` is no field of OpenAI's, but many clients can send it.
fn sampling(fields: &mut Fields, input: &mut Map<String, Value>) -> Result<(), Refusal> {
    for name in ["temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed"] {
        let value: Option<Number> = fields.take(name, "a number")?;
        input.extend(value.map(|number| (name.to_owned(), number.into())));
    }
    Ok(())
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
