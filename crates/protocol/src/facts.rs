use crate::{Outline, json, multipart, parameters, url_encoded};

/// A model name longer than this is refused: names become allow-list keys and record values.
///
/// ```
/// use oar_protocol::{Facts, FactsError, MODEL_CAP_BYTES};
///
/// let body = format!(r#"{{"model": "{}"}}"#, "m".repeat(MODEL_CAP_BYTES + 1));
/// assert_eq!(Facts::read(None, body.as_bytes()), Err(FactsError::InvalidModel));
/// ```
pub const MODEL_CAP_BYTES: usize = 256;

/// What a request's body says that matters for routing.
///
/// ```
/// use oar_protocol::{Facts, Form};
///
/// let facts = Facts::read(Some("application/json"), br#"{"model": "gpt-4o", "stream": true}"#)?;
/// let expected = Facts { model: Some("gpt-4o".into()), stream: true, form: Form::Json, ..Facts::default() };
/// assert_eq!(facts, expected);
/// # Ok::<(), oar_protocol::FactsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The model asked for; `None` when the body names none (most GETs, uploads without a `model` field).
    pub model: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// How the body was read.
    pub form: Form,
    /// What the parts of a form are, if it is one that may hold files.
    pub outline: Outline,
}

/// How a body was read.
///
/// ```
/// use oar_protocol::{Facts, Form};
///
/// let form = Some("application/x-www-form-urlencoded");
/// assert_eq!(Facts::read(form, b"model=gpt-4o")?.form, Form::UrlEncoded);
/// assert_eq!(Facts::read(form, br#"{"model": "gpt-4o"}"#)?.form, Form::Json, "as `curl -d` labels it");
/// # Ok::<(), oar_protocol::FactsError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// As one JSON object.
    Json,
    /// As `multipart/form-data`: uploads.
    Multipart,
    /// As `application/x-www-form-urlencoded`, which some servers take in place of JSON.
    UrlEncoded,
    /// Not at all: empty, or a form that a gateway need not understand.
    #[default]
    Opaque,
}

/// Why a body cannot be routed without guessing.
///
/// Two parsers that disagree about which `model` a body names would let a caller past an allow list, so whatever could
/// be read in two ways is refused.
///
/// ```
/// use oar_protocol::{Facts, FactsError};
///
/// let error = Facts::read(None, br#"{"model": "cheap", "MODEL": "dear"}"#).expect_err("two models");
/// assert_eq!(error, FactsError::Duplicate("model"));
/// assert_eq!(error.to_string(), "the field `model` is given more than once, in another case or encoded");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FactsError {
    /// The body is not one JSON object.
    #[error("the body is not a valid JSON object")]
    InvalidJson,
    /// The form has no boundary, or does not follow it.
    #[error("the body is not valid multipart/form-data")]
    InvalidMultipart,
    /// A field that must be unique comes twice, in another case (`MODEL`), or so that not everybody recognises it
    /// (`mod%65l`).
    #[error("the field `{0}` is given more than once, in another case or encoded")]
    Duplicate(&'static str),
    /// The text is in a charset in which other bytes than ASCII's may spell a field's name.
    #[error("the body must be UTF-8")]
    Charset,
    /// `model` is no string of 1 to [`MODEL_CAP_BYTES`] bytes without control characters.
    #[error("`model` must be a string of 1 to {MODEL_CAP_BYTES} bytes without control characters")]
    InvalidModel,
    /// `stream` is neither true, false nor null.
    #[error("`stream` must be true or false")]
    InvalidStream,
}

impl FactsError {
    /// The field at fault, for the error object's `param`.
    ///
    /// ```
    /// use oar_protocol::FactsError;
    ///
    /// assert_eq!(FactsError::Duplicate("stream").param(), Some("stream"));
    /// assert_eq!(FactsError::InvalidJson.param(), None);
    /// ```
    pub const fn param(&self) -> Option<&'static str> {
        match self {
            Self::InvalidJson | Self::InvalidMultipart | Self::Charset => None,
            Self::Duplicate(field) => Some(field),
            Self::InvalidModel => Some("model"),
            Self::InvalidStream => Some("stream"),
        }
    }

    /// The word for it in the error object's `code`.
    ///
    /// ```
    /// assert_eq!(oar_protocol::FactsError::InvalidJson.code(), "invalid_json");
    /// ```
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::InvalidMultipart => "invalid_multipart",
            Self::Duplicate(_) => "duplicate_field",
            Self::Charset => "invalid_content_type",
            Self::InvalidModel => "invalid_model",
            Self::InvalidStream => "invalid_stream",
        }
    }
}

impl Facts {
    /// Reads the facts of `body`, sent as `content_type`, a media type or nothing.
    ///
    /// JSON is read whatever the content type says, as soon as the body starts like an object: `curl -d` labels it as a
    /// form, and servers behind the gateway may read it all the same.
    ///
    /// # Errors
    ///
    /// A [`FactsError`] when the body claims a form that it does not have, or could be read in two ways.
    ///
    /// ```
    /// use oar_protocol::{Facts, FactsError};
    ///
    /// let upload = "--cut\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--cut--\r\n";
    /// let facts = Facts::read(Some("multipart/form-data; boundary=cut"), upload.as_bytes())?;
    /// assert_eq!(facts.model.as_deref(), Some("whisper-1"));
    /// assert_eq!(Facts::read(Some("application/json"), b"[]"), Err(FactsError::InvalidJson));
    /// assert_eq!(Facts::read(Some("audio/mpeg"), b"ID3"), Ok(Facts::default()));
    /// # Ok::<(), FactsError>(())
    /// ```
    pub fn read(content_type: Option<&str>, body: &[u8]) -> Result<Self, FactsError> {
        let content_type = content_type.unwrap_or_default();
        let is = |essence: &str| parameters::essence(content_type).eq_ignore_ascii_case(essence);
        let (is_form, is_object) = (is("application/x-www-form-urlencoded"), starts_like_an_object(body));
        let is_multipart = is("multipart/form-data");
        let is_text = is_multipart || is_form || is_object || is("application/json");
        if body.is_empty() || !is_text {
            return Ok(Self::default());
        }
        if !parameters::is_ascii_text(content_type) {
            return Err(FactsError::Charset);
        }
        match (is_multipart, is_form, is_object) {
            (true, _, _) => multipart::facts(content_type, body),
            (false, true, false) => url_encoded::facts(body),
            (false, true, true) => json::facts(body).and_then(|facts| url_encoded::without_facts(body).map(|()| facts)),
            (false, false, _) => json::facts(body),
        }
    }
}

/// Accepts a model name, or says why not.
pub(crate) fn checked_model(name: &str) -> Result<String, FactsError> {
    let fits = (1..=MODEL_CAP_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(FactsError::InvalidModel) }
}

/// Whether servers that compare names ignoring case, in whichever way, would take `name` for `field`: some fold all of
/// Unicode, where `\u{17f}tream` is `stream`.
pub(crate) fn is_variant_of(field: &str, name: &str) -> bool {
    // The folds of ASCII are ASCII, and nearly every name is.
    if name.is_ascii() && field.is_ascii() {
        return field.eq_ignore_ascii_case(name);
    }
    field.chars().flat_map(char::to_uppercase).eq(name.chars().flat_map(char::to_uppercase))
}

/// Whether somebody may take the body for an object: behind white space, a byte order mark, or the zeros of UTF-16 and
/// UTF-32, which servers that detect the encoding accept.
fn starts_like_an_object(body: &[u8]) -> bool {
    let is_skipped = |byte: &u8| byte.is_ascii_whitespace() || b"\0\xef\xbb\xbf\xfe\xff".contains(byte);
    body.iter().find(|byte| !is_skipped(byte)) == Some(&b'{')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B05: the object is read, found not to be UTF-8 JSON, and refused.
    #[test]
    fn an_object_in_another_encoding_is_not_opaque() {
        let utf16 = |marked: bool, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let mark = marked.then_some(0xfeff);
            mark.into_iter().chain(r#" {"model":"m"}"#.encode_utf16()).flat_map(bytes).collect()
        };
        let mut bodies = vec!["\u{feff}{\"model\":\"m\"}".into()];
        for marked in [true, false] {
            bodies.extend([utf16(marked, u16::to_le_bytes), utf16(marked, u16::to_be_bytes)]);
        }
        for body in bodies {
            for content_type in [None, Some("text/plain"), Some("application/json")] {
                assert_eq!(Facts::read(content_type, &body), Err(FactsError::InvalidJson), "{body:?}");
            }
        }
    }

    /// B05.
    #[test]
    fn text_in_a_charset_that_hides_names_is_refused() {
        let body = br#"{"+AG0-odel":"gpt"}"#;
        for (content_type, body) in [
            ("application/json; charset=utf-7", &body[..]),
            ("text/plain; charset=gbk", body),
            ("multipart/form-data; boundary=b; charset=utf-16", b"--b--"),
            ("application/x-www-form-urlencoded; charset=cp037", b"a=b"),
        ] {
            assert_eq!(Facts::read(Some(content_type), body), Err(FactsError::Charset), "{content_type}");
        }
        assert_eq!(Facts::read(Some("text/plain; charset=gbk"), b"opaque"), Ok(Facts::default()));
    }

    /// B05.
    #[test]
    fn what_is_neither_json_nor_a_form_is_opaque() {
        for (content_type, body) in
            [(None, &b"nonsense"[..]), (Some("audio/mpeg"), b"ID3"), (Some("text/plain"), b"[]")]
        {
            assert_eq!(Facts::read(content_type, body), Ok(Facts::default()));
        }
        assert_eq!(Facts::read(Some("application/json"), b""), Ok(Facts::default()));
    }

    /// B02.
    #[test]
    fn a_name_in_another_case_is_a_variant_of_it() {
        for name in ["stream", "STREAM", "\u{17f}tream", "\u{fb05}ream"] {
            assert!(is_variant_of("stream", name), "{name}");
        }
        for name in ["", "strea", "streams", " stream"] {
            assert!(!is_variant_of("stream", name), "{name}");
        }
    }
}
