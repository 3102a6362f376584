use crate::{json, multipart};

/// A model name longer than this is refused: names become allow-list keys and record values.
pub const MODEL_CAP_BYTES: usize = 256;

/// What a request's body says that matters for routing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The model asked for; `None` when the body names none (most GETs, uploads without a `model` field).
    pub model: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// How the body was read.
    pub form: Form,
}

/// How a body was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As one JSON object.
    Json,
    /// As `multipart/form-data`: uploads.
    Multipart,
    /// Not at all: empty, or a form that a gateway need not understand.
    #[default]
    Opaque,
}

/// Why a body cannot be routed without guessing.
///
/// Two parsers that disagree about which `model` a body names would let a caller past an allow list, so whatever could
/// be read in two ways is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// The body is not one JSON object.
    #[error("the body is not a valid JSON object")]
    InvalidJson,
    /// The form has no boundary, or does not follow it.
    #[error("the body is not valid multipart/form-data")]
    InvalidMultipart,
    /// A field that must be unique comes twice, or in another case (`MODEL`).
    #[error("the field `{0}` is given more than once or in another case")]
    Duplicate(&'static str),
    /// `model` is no string of 1 to [`MODEL_CAP_BYTES`] bytes without control characters.
    #[error("`model` must be a string of 1 to {MODEL_CAP_BYTES} bytes without control characters")]
    InvalidModel,
    /// `stream` is neither true, false nor null.
    #[error("`stream` must be true or false")]
    InvalidStream,
}

impl FactsError {
    /// The field at fault, for the error object's `param`.
    pub const fn param(&self) -> Option<&'static str> {
        match self {
            Self::InvalidJson | Self::InvalidMultipart => None,
            Self::Duplicate(field) => Some(field),
            Self::InvalidModel => Some("model"),
            Self::InvalidStream => Some("stream"),
        }
    }

    /// The word for it in the error object's `code`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidMultipart => "invalid_multipart",
            Self::Duplicate(_) => "duplicate_field",
            Self::InvalidModel => "invalid_model",
            Self::InvalidStream => "invalid_stream",
        }
    }
}

impl Facts {
    /// Reads the facts of `body`, sent as `content_type`.
    ///
    /// JSON is read whatever the content type says, as soon as the body starts like an object: `curl -d` labels it as a
    /// form, and servers behind the gateway may read it all the same.
    ///
    /// # Errors
    ///
    /// A [`FactsError`] when the body claims a form that it does not have, or could be read in two ways.
    pub fn read(content_type: Option<&str>, body: &[u8]) -> Result<Self, FactsError> {
        let content_type = content_type.unwrap_or_default();
        if body.is_empty() {
            Ok(Self::default())
        } else if essence_is(content_type, "multipart/form-data") {
            multipart::facts(content_type, body)
        } else if essence_is(content_type, "application/json") || starts_like_an_object(body) {
            json::facts(body)
        } else {
            Ok(Self::default())
        }
    }
}

/// Accepts a model name, or says why not.
pub(crate) fn checked_model(name: &str) -> Result<String, FactsError> {
    let fits = (1..=MODEL_CAP_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(FactsError::InvalidModel) }
}

fn essence_is(content_type: &str, essence: &str) -> bool {
    let given = content_type.split(';').next().unwrap_or_default().trim();
    given.eq_ignore_ascii_case(essence)
}

fn starts_like_an_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{')
}
