//! Whether a request's head can be read in one way only.
//!
//! A server that is too kind here is how requests are smuggled: the one in front takes a head one way, the one behind it
//! another. What HTTP libraries let pass and RFC 9110 and 9112 do not is refused, so that nobody has to guess.

use crate::parameters;
use http::header::{CONTENT_TYPE, EXPECT, HOST, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Uri, Version};

/// Why a head is not acted upon.
///
/// ```
/// use oar_protocol::Ambiguity;
///
/// assert_eq!(Ambiguity::Framing.to_string(), "the only `Transfer-Encoding` is `chunked`, once, over HTTP/1.1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ambiguity {
    /// No host, several, or something that is no `host[:port]`: RFC 9112 section 3.2, RFC 9113 section 8.3.1.
    #[error("a request names exactly one host, and nothing but a host and a port")]
    Host,
    /// A transfer coding other than `chunked`, or more than one: RFC 9112 section 6.1.
    #[error("the only `Transfer-Encoding` is `chunked`, once, over HTTP/1.1")]
    Framing,
    /// Two content types, or one that is no media type: RFC 9110 section 8.3.
    #[error("`Content-Type` is one media type, such as `application/json`")]
    ContentType,
    /// An expectation that nobody here can meet: RFC 9110 section 10.1.1.
    #[error("the only `Expect` is `100-continue`")]
    Expectation,
}

impl Ambiguity {
    /// The word for it in the error object's `code`.
    ///
    /// ```
    /// assert_eq!(oar_protocol::Ambiguity::Host.code(), "invalid_host");
    /// ```
    pub const fn code(self) -> &'static str {
        match self {
            Self::Host => "invalid_host",
            Self::Framing => "invalid_framing",
            Self::ContentType => "invalid_content_type",
            Self::Expectation => "expectation_failed",
        }
    }
}

/// Checks a request's head as it came, before anything is taken out of its headers.
///
/// The host is only looked at, never used: which upstream is asked is configured.
///
/// # Errors
///
/// The first [`Ambiguity`] there is, in the order of that type.
///
/// ```
/// use http::{HeaderMap, Version};
/// use oar_protocol::{Ambiguity, unambiguous};
///
/// let mut headers = HeaderMap::from_iter([(http::header::HOST, "gateway.test:8080".parse()?)]);
/// assert_eq!(unambiguous(Version::HTTP_11, &"/v1/models".parse()?, &headers), Ok(()));
///
/// headers.insert(http::header::TRANSFER_ENCODING, "gzip, chunked".parse()?);
/// assert_eq!(unambiguous(Version::HTTP_11, &"/v1/models".parse()?, &headers), Err(Ambiguity::Framing));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unambiguous(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Ambiguity> {
    let checks = [
        (names_one_host(version, uri, headers), Ambiguity::Host),
        (is_framed_in_one_way(version, headers), Ambiguity::Framing),
        (has_one_content_type(headers), Ambiguity::ContentType),
        (expects_no_more_than_100(headers), Ambiguity::Expectation),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(why))
}

/// HTTP/1.0 needs no host, HTTP/1.1 has it in `Host`, later versions in the target. The authority of an absolute-form
/// target of HTTP/1.1 is not looked at, because nothing follows from it.
fn names_one_host(version: Version, uri: &Uri, headers: &HeaderMap) -> bool {
    let Ok(header) = only(headers, &HOST) else { return false };
    let header = header.map(HeaderValue::as_bytes);
    let target = uri.authority().map(|authority| authority.as_str().as_bytes());
    match (header, target.filter(|_| version >= Version::HTTP_2)) {
        (None, None) => version < Version::HTTP_11,
        (Some(host), None) | (None, Some(host)) => is_host_and_port(host),
        (Some(host), Some(target)) => host.eq_ignore_ascii_case(target) && is_host_and_port(host),
    }
}

fn is_framed_in_one_way(version: Version, headers: &HeaderMap) -> bool {
    match only(headers, &TRANSFER_ENCODING) {
        Ok(None) => true,
        Ok(Some(coding)) => version == Version::HTTP_11 && coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        Err(TwoOrMore) => false,
    }
}

fn has_one_content_type(headers: &HeaderMap) -> bool {
    match only(headers, &CONTENT_TYPE) {
        Ok(None) => true,
        // An empty value is what some libraries send for none.
        Ok(Some(value)) => value.to_str().is_ok_and(|text| text.is_empty() || is_media_type(text)),
        Err(TwoOrMore) => false,
    }
}

fn expects_no_more_than_100(headers: &HeaderMap) -> bool {
    headers.get_all(EXPECT).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

struct TwoOrMore;

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, TwoOrMore> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(TwoOrMore) } else { Ok(first) }
}

fn is_media_type(text: &str) -> bool {
    let behind = behind_token(text.as_bytes().trim_ascii_start());
    let behind = behind.and_then(|rest| rest.strip_prefix(b"/")).and_then(behind_token);
    behind.map(<[u8]>::trim_ascii_start).is_some_and(|rest| match rest.first() {
        None => true,
        Some(b';') => parameters::of(text).is_some(),
        Some(_) => false,
    })
}

/// What follows the token that `text` begins with: RFC 9110 section 5.6.2.
fn behind_token(text: &[u8]) -> Option<&[u8]> {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = text.iter().position(|&byte| !is_of_token(byte)).unwrap_or(text.len());
    text.get(end..).filter(|_| end > 0)
}

/// A name, an IPv4 address or an IPv6 address in brackets, and a port or none. RFC 3986 allows names more than this;
/// nobody has such a host, and everybody who tries one means to be read differently by somebody.
fn is_host_and_port(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|&byte| byte == b':') {
        Some(colon) if !text.ends_with(b"]") => text.split_at(colon),
        Some(_) | None => (text, &b""[..]),
    };
    let is_port = |port: &[u8]| port.len() <= 6 && port.iter().skip(1).all(u8::is_ascii_digit);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let is_address = |byte: &u8| byte.is_ascii_alphanumeric() || b":.%".contains(byte);
    let is_host = match host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")) {
        Some(address) => !address.is_empty() && address.iter().all(is_address),
        None => !host.is_empty() && host.iter().all(is_name),
    };
    is_host && is_port(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: Version, target: &str, headers: &[(&str, &[u8])]) -> Result<(), Ambiguity> {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_bytes(value).expect("a value"))
        });
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| _ = map.append(name, value));
        unambiguous(version, &target.parse().expect("a target"), &map)
    }

    fn with(headers: &[(&str, &[u8])]) -> Result<(), Ambiguity> {
        check(Version::HTTP_11, "/v1/x", &[&[("host", &b"h"[..])], headers].concat())
    }

    /// 1E.
    #[test]
    fn http11_has_exactly_one_host_that_is_one() {
        for host in ["a", "a.b:8888", "127.0.0.1", "127.0.0.1:80", "[::1]", "[fe80::1%25eth0]:80", "my_host", "a:"] {
            assert_eq!(check(Version::HTTP_11, "/", &[("host", host.as_bytes())]), Ok(()), "{host}");
        }
        for host in [
            "",
            "a/#@evil",
            "a:4000/#@x",
            "u@a",
            "a b",
            "a,b",
            "a:b",
            "a:80:80",
            "::1",
            "[::1",
            "[]",
            "a:123456",
            "a?x",
            "a#x",
            "a\\b",
            ":80",
            "[::1]x",
            "a%2fb",
        ] {
            assert_eq!(check(Version::HTTP_11, "/", &[("host", host.as_bytes())]), Err(Ambiguity::Host), "{host}");
        }
        assert_eq!(check(Version::HTTP_11, "/", &[("host", b"\xff")]), Err(Ambiguity::Host));
        assert_eq!(check(Version::HTTP_11, "/", &[]), Err(Ambiguity::Host));
        assert_eq!(check(Version::HTTP_11, "/", &[("host", b"a"), ("host", b"a")]), Err(Ambiguity::Host));
        assert_eq!(check(Version::HTTP_11, "http://other/x", &[("host", b"a")]), Ok(()));
        assert_eq!(check(Version::HTTP_11, "http://other/x", &[]), Err(Ambiguity::Host));
    }

    #[test]
    fn http10_may_do_without_a_host_and_http2_has_it_in_its_target() {
        assert_eq!(check(Version::HTTP_10, "/", &[]), Ok(()));
        assert_eq!(check(Version::HTTP_10, "/", &[("host", b"a/b")]), Err(Ambiguity::Host));
        assert_eq!(check(Version::HTTP_2, "http://a:1/x", &[]), Ok(()));
        assert_eq!(check(Version::HTTP_2, "http://a:1/x", &[("host", b"A:1")]), Ok(()));
        assert_eq!(check(Version::HTTP_2, "/x", &[("host", b"a:1")]), Ok(()));
        assert_eq!(check(Version::HTTP_2, "http://a:1/x", &[("host", b"b")]), Err(Ambiguity::Host));
        assert_eq!(check(Version::HTTP_2, "http://u@a/x", &[]), Err(Ambiguity::Host));
        assert_eq!(check(Version::HTTP_2, "/x", &[]), Err(Ambiguity::Host));
    }

    /// 1E.
    #[test]
    fn only_chunked_is_a_transfer_coding_and_only_once() {
        assert_eq!(with(&[("transfer-encoding", b"Chunked")]), Ok(()));
        for coding in ["gzip, chunked", "chunked, chunked", "identity", "", "xchunked", "\"chunked\"", "chunked;q=1"] {
            assert_eq!(with(&[("transfer-encoding", coding.as_bytes())]), Err(Ambiguity::Framing), "{coding}");
        }
        let twice: [(&str, &[u8]); 2] = [("transfer-encoding", b"identity"), ("transfer-encoding", b"chunked")];
        assert_eq!(with(&twice), Err(Ambiguity::Framing));
        for version in [Version::HTTP_10, Version::HTTP_2] {
            let headers: [(&str, &[u8]); 2] = [("host", b"a"), ("transfer-encoding", b"chunked")];
            assert_eq!(check(version, "/", &headers), Err(Ambiguity::Framing), "{version:?}");
        }
    }

    /// 1E.
    #[test]
    fn a_content_type_is_one_media_type() {
        for kind in [
            "",
            "application/json",
            "application/json;",
            "application/json; charset=\"utf-8\"",
            "application/json; utf-8",
            "multipart/form-data; boundary=a b",
            "application/vnd.x+json ; q=1",
        ] {
            assert_eq!(with(&[("content-type", kind.as_bytes())]), Ok(()), "{kind}");
        }
        for kind in [
            "json",
            "/",
            "a/b/c",
            "application/json, multipart/form-data; boundary=x",
            "application/json x",
            "a/b; x=\"",
            "a/b; x=\"y\"z",
            "\u{e9}/b",
        ] {
            assert_eq!(with(&[("content-type", kind.as_bytes())]), Err(Ambiguity::ContentType), "{kind}");
        }
        let twice: [(&str, &[u8]); 2] = [("content-type", b"a/b"), ("content-type", b"a/b")];
        assert_eq!(with(&twice), Err(Ambiguity::ContentType));
    }

    /// C13.
    #[test]
    fn only_100_continue_can_be_expected() {
        assert_eq!(with(&[("expect", b"100-Continue")]), Ok(()));
        for expectation in ["foo", "100-continue, foo", "200-ok", ""] {
            assert_eq!(with(&[("expect", expectation.as_bytes())]), Err(Ambiguity::Expectation), "{expectation}");
        }
    }
}
