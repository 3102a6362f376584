//! Which paths are ours to forward: under `/v1`, and confined there however often someone decodes them.

use std::borrow::Cow;

/// A request path under `/v1` that stays under whatever prefix an upstream's endpoint puts in its place.
///
/// ```
/// use oar_protocol::ApiPath;
///
/// let path = ApiPath::parse("/v1/chat/completions")?;
/// assert_eq!(format!("https://api.test/openai{}", path.suffix()), "https://api.test/openai/chat/completions");
/// # Ok::<(), oar_protocol::PathError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiPath<'a> {
    whole: &'a str,
    suffix: &'a str,
}

/// Why a path is not forwarded.
///
/// ```
/// use oar_protocol::{ApiPath, PathError};
///
/// assert_eq!(ApiPath::parse("/admin").map_err(|error| error.to_string()), Err("path is not under /v1/".into()));
/// assert_eq!(ApiPath::parse("/v1/%2e%2e/admin"), Err(PathError::Ambiguous));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is not under `/v1/`.
    #[error("path is not under /v1/")]
    Outside,
    /// It could mean another place once decoded: dot segments, hidden slashes, control or non-ASCII bytes.
    #[error("path has dot segments, hidden slashes, or bytes that are not visible ASCII")]
    Ambiguous,
}

impl<'a> ApiPath<'a> {
    /// Checks `path`, the path part of a request target as it came over the wire.
    ///
    /// A path is looked at as it stands, decoded once, and decoded twice, because some servers behind a gateway decode
    /// again: in none of the three may it hold `.` or `..` segments, even with parameters (`..;x`), backslashes, empty
    /// segments or control bytes, and decoding must not bring up new slashes.
    ///
    /// # Errors
    ///
    /// [`PathError::Outside`] when it does not start with `/v1/`, [`PathError::Ambiguous`] when a check fails.
    ///
    /// ```
    /// use oar_protocol::ApiPath;
    ///
    /// assert!(ApiPath::parse("/v1/files/file-1/content").is_ok());
    /// assert!(ApiPath::parse("/v1/files/..%2fadmin").is_err());
    /// ```
    pub fn parse(path: &'a str) -> Result<Self, PathError> {
        let suffix = path.strip_prefix("/v1").filter(|rest| rest.starts_with('/') && rest.len() > 1);
        let suffix = suffix.ok_or(PathError::Outside)?;
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PathError::Ambiguous);
        }
        let is_confined = match percent_decode(suffix.as_bytes()) {
            // What holds no escape is the same however often it is decoded.
            Cow::Borrowed(plain) => is_plain(plain),
            Cow::Owned(once) => are_all_plain([suffix.as_bytes(), &once, &percent_decode(&once)]),
        };
        if is_confined { Ok(Self { whole: path, suffix }) } else { Err(PathError::Ambiguous) }
    }

    /// The path as it came: `/v1/chat/completions`. It stands for the model where a request names none.
    ///
    /// ```
    /// assert_eq!(oar_protocol::ApiPath::parse("/v1/models")?.as_str(), "/v1/models");
    /// # Ok::<(), oar_protocol::PathError>(())
    /// ```
    pub const fn as_str(self) -> &'a str {
        self.whole
    }

    /// What follows `/v1`: `/chat/completions`.
    ///
    /// ```
    /// assert_eq!(oar_protocol::ApiPath::parse("/v1/models")?.suffix(), "/models");
    /// # Ok::<(), oar_protocol::PathError>(())
    /// ```
    pub const fn suffix(self) -> &'a str {
        self.suffix
    }
}

/// Decodes one path segment or query value, in which a slash may be escaped: a model's name. `None` when what it decodes
/// to is not UTF-8.
///
/// ```
/// use oar_protocol::decode_segment;
///
/// assert_eq!(decode_segment("org%2Fmodel").as_deref(), Some("org/model"));
/// assert_eq!(decode_segment("%ff"), None);
/// ```
pub fn decode_segment(segment: &str) -> Option<String> {
    String::from_utf8(percent_decode(segment.as_bytes()).into_owned()).ok()
}

/// Decodes every `%xx` once; text that is no valid escape stays as it is. Borrowed when there is no `%`. Never fails.
pub(crate) fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex_value(*high) << 4 | hex_value(*low));
                rest = after;
            }
            _ => {
                decoded.push(first);
                rest = tail;
            }
        }
    }
    Cow::Owned(decoded)
}

const fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn count_slashes(path: &[u8]) -> usize {
    memchr::memchr_iter(b'/', path).count()
}

/// Whether the forms of one path are plain, and agree about where its segments end.
fn are_all_plain(forms: [&[u8]; 3]) -> bool {
    let slashes = forms.map(count_slashes);
    slashes.iter().all(|count| Some(count) == slashes.first()) && forms.into_iter().all(is_plain)
}

fn is_plain(path: &[u8]) -> bool {
    let mut segments = path.split(|&byte| byte == b'/').skip(1).peekable();
    let mut last_may_be_empty = true;
    while let Some(segment) = segments.next() {
        last_may_be_empty = segments.peek().is_none();
        if is_dots(segment) || (segment.is_empty() && !last_may_be_empty) {
            return false;
        }
    }
    last_may_be_empty && !path.iter().any(|&byte| byte == b'\\' || byte.is_ascii_control())
}

/// With parameters, too: servers of Java take `..;x` for `..`.
const fn is_dots(segment: &[u8]) -> bool {
    matches!(segment, b"." | b".." | [b'.', b';', ..] | [b'.', b'.', b';', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_keep_their_suffix_as_it_came() {
        for path in
            ["/v1/chat/completions", "/v1/files/file-1/content", "/v1/models/ft:gpt-4o:org::id", "/v1/a%20b", "/v1/a/"]
        {
            assert_eq!(ApiPath::parse(path).map(ApiPath::suffix), Ok(&path[3..]), "{path}");
        }
    }

    /// P02.
    #[test]
    fn paths_outside_v1_are_not_ours() {
        for path in ["/", "/v1", "/v1/", "/v2/chat", "/v1beta/x", "/admin", "*", "http://evil/v1/x", ""] {
            assert_eq!(ApiPath::parse(path), Err(PathError::Outside), "{path}");
        }
    }

    /// P01.
    #[test]
    fn paths_that_could_leave_the_endpoint_are_refused() {
        for path in [
            "/v1/../admin",
            "/v1/./x",
            "/v1/x/..",
            "/v1/%2e%2e/admin",
            "/v1/%2E./admin",
            "/v1/%252e%252e/admin",
            "/v1/..%2fadmin",
            "/v1/a%2Fb",
            "/v1/a%252fb",
            "/v1/a%5cb",
            "/v1/a\\b",
            "/v1//chat",
            "/v1/a//b",
            "/v1/..;/admin",
            "/v1/..;x=1/admin",
            "/v1/%2e%2e%3b/admin",
            "/v1/.;/x",
            "/v1/%00",
            "/v1/a%0d%0ab",
            "/v1/你好",
            "/v1/a b",
        ] {
            assert_eq!(ApiPath::parse(path), Err(PathError::Ambiguous), "{path}");
        }
    }

    #[test]
    fn a_broken_escape_is_just_text() {
        assert_eq!(*percent_decode(b"a%zz%4"), *b"a%zz%4");
        assert_eq!(*percent_decode(b"%41%62"), *b"Ab");
    }
}
