//! Which headers concern one connection only, which carry credentials, and which belong to the API.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

/// Headers that describe one connection and are never passed on, RFC 9110 section 7.6.1, and the framing, which each side
/// makes anew.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::PROXY_AUTHENTICATE
            | header::PROXY_AUTHORIZATION
            | header::TE
            | header::TRAILER
            | header::TRANSFER_ENCODING
            | header::UPGRADE
            | header::CONTENT_LENGTH
            | header::EXPECT
    ) || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// Headers that make up the API: safe and useful to every upstream.
const API: [&str; 8] = [
    "accept",
    "content-type",
    "idempotency-key",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-client-request-id",
    "x-request-id",
];

/// Whether a header says who the client is to somebody else, or is one that proxies add about it.
fn is_about_the_client(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "cookie"
            | "forwarded"
            | "host"
            | "via"
            | "x-real-ip"
            | "true-client-ip"
            | "cf-connecting-ip"
            | "x-client-ip"
    ) || name.starts_with("x-forwarded-")
}

/// Whether a name ends as those of credentials do that some service or other reads: `x-goog-api-key`, `x-auth-token`,
/// `helicone-auth`.
fn is_credential(name: &str) -> bool {
    let last_word = name.as_bytes().rsplit(|&byte| byte == b'-').next().unwrap_or_default();
    matches!(last_word, b"key" | b"token" | b"auth" | b"authorization" | b"secret")
        && last_word.len() < name.len()
        && !matches!(name, "idempotency-key" | "sec-websocket-key")
}

/// Counts the gateways that a request has passed, so that one that comes back to where it was is noticed.
///
/// ```
/// use oar_protocol::headers::{HOPS, is_api, is_private};
///
/// assert!(is_api(&HOPS) && !is_private(&HOPS));
/// ```
pub const HOPS: HeaderName = HeaderName::from_static("x-oar-hop");

/// Removes from `headers` what concerns only the connection they came on: the hop-by-hop headers, every header that
/// `Connection` names, and the framing; and every other header of which `is_unwanted` says so.
///
/// ```
/// use http::HeaderMap;
/// use oar_protocol::headers::strip;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("connection", "close, x-of-this-hop".parse()?);
/// headers.insert("x-of-this-hop", "1".parse()?);
/// headers.insert("x-unwanted", "1".parse()?);
/// headers.insert("content-type", "application/json".parse()?);
/// strip(&mut headers, |name| name == "x-unwanted");
/// assert_eq!(headers.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn strip(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let listed =
        headers.get_all(header::CONNECTION).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let named = listed.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    let unwanted = headers.keys().filter(|name| is_hop_by_hop(name) || is_unwanted(name)).cloned();
    // Found in one look at what is there: to ask for each of those that may be there takes longer.
    for name in named.chain(unwanted).collect::<Vec<_>>() {
        headers.remove(name);
    }
}

/// Whether this header belongs to the API and goes to every upstream.
///
/// ```
/// use oar_protocol::headers::is_api;
///
/// assert!(is_api(&"openai-beta".parse()?));
/// assert!(!is_api(&"x-custom".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_api(name: &HeaderName) -> bool {
    let name = name.as_str();
    API.contains(&name) || name == HOPS.as_str() || name.starts_with("openai-") || name.starts_with("anthropic-")
}

/// Whether this header must never be passed on: a credential, a cookie, or what a proxy says about the client. A name with
/// an underscore counts too, because some servers read `X_Forwarded_For` as `X-Forwarded-For`.
///
/// ```
/// use oar_protocol::headers::is_private;
///
/// for private in ["authorization", "x-goog-api-key", "x-forwarded-for", "x_forwarded_for"] {
///     assert!(is_private(&private.parse()?), "{private}");
/// }
/// assert!(!is_private(&"content-type".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_private(name: &HeaderName) -> bool {
    // What nearly every request has need not be read letter by letter.
    if matches!(*name, header::ACCEPT | header::ACCEPT_ENCODING | header::CONTENT_TYPE | header::USER_AGENT) {
        return false;
    }
    let name = name.as_str();
    is_about_the_client(name)
        || is_credential(name)
        || name.starts_with("proxy-")
        || (name.starts_with("x-oar-") && name != HOPS.as_str())
        || name.as_bytes().contains(&b'_')
}

/// Whether this is a header that a browser or a cache would read as the gateway's own, though the upstream wrote it.
///
/// ```
/// use oar_protocol::headers::is_upstreams_own;
///
/// assert!(is_upstreams_own(&http::header::SET_COOKIE));
/// assert!(!is_upstreams_own(&http::header::RETRY_AFTER));
/// ```
pub fn is_upstreams_own(name: &HeaderName) -> bool {
    matches!(*name, header::SET_COOKIE | header::SERVER | header::ALT_SVC | header::STRICT_TRANSPORT_SECURITY)
        || name.as_str().starts_with("access-control-")
        || name.as_str().starts_with("x-oar-")
}

/// Whether a `content-type` is of this media type, whatever its parameters.
///
/// ```
/// use oar_protocol::headers::is_of_type;
///
/// assert!(is_of_type("Text/HTML; charset=utf-8", "text/html"));
/// assert!(!is_of_type("text/html5", "text/html"));
/// ```
pub fn is_of_type(content_type: &str, media_type: &str) -> bool {
    content_type.trim_ascii_start().split_at_checked(media_type.len()).is_some_and(|(essence, parameters)| {
        let parameters = parameters.trim_ascii_start();
        essence.eq_ignore_ascii_case(media_type) && (parameters.is_empty() || parameters.starts_with(';'))
    })
}

/// A client's own request id, if it is one that can be echoed and recorded: 1 to 128 visible ASCII characters.
///
/// ```
/// use http::HeaderValue;
/// use oar_protocol::headers::sane_request_id;
///
/// assert_eq!(sane_request_id(&HeaderValue::from_static("req-1")), Some("req-1"));
/// assert_eq!(sane_request_id(&HeaderValue::from_static("req 1")), None);
/// ```
pub fn sane_request_id(value: &HeaderValue) -> Option<&str> {
    let id = value.to_str().ok()?;
    ((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> HeaderName {
        text.parse().expect("a header name")
    }

    #[test]
    fn what_connection_names_goes_with_it() {
        let mut headers = HeaderMap::new();
        for (key, value) in [
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("x-unwanted", "1"),
            ("content-type", "application/json"),
        ] {
            headers.append(name(key), HeaderValue::from_static(value));
        }
        strip(&mut headers, |name| name == "x-unwanted");
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["content-type"]);
    }

    #[test]
    fn what_connection_names_beside_something_that_is_no_name_goes_all_the_same() {
        let mut headers = HeaderMap::new();
        headers.append("connection", HeaderValue::from_bytes(b"\xff, x-secret, a b").expect("a value"));
        headers.append("x-secret", HeaderValue::from_static("1"));
        strip(&mut headers, |_| false);
        assert!(headers.is_empty(), "{headers:?}");
    }

    #[test]
    fn api_headers_and_private_headers_never_overlap() {
        for api in ["content-type", "openai-beta", "anthropic-version", "idempotency-key", "traceparent", "user-agent"]
        {
            assert!(is_api(&name(api)) && !is_private(&name(api)), "{api}");
        }
        for private in
            ["authorization", "x-api-key", "cookie", "x-forwarded-for", "x_forwarded_for", "proxy-foo", "x-oar-x"]
        {
            assert!(is_private(&name(private)) && !is_api(&name(private)), "{private}");
        }
        for neither in ["x-custom", "key", "token", "x-keys"] {
            assert!(!is_api(&name(neither)) && !is_private(&name(neither)), "{neither}");
        }
    }

    #[test]
    fn a_media_type_is_the_same_with_parameters_and_in_capitals() {
        for html in ["text/html", "text/html;", " Text/HTML ; charset=utf-8", "text/html\t"] {
            assert!(is_of_type(html, "text/html"), "{html}");
        }
        for other in ["", "text", "text/htmlx", "text/html x", "xtext/html", "text/htm\u{e9}"] {
            assert!(!is_of_type(other, "text/html"), "{other}");
        }
    }

    #[test]
    fn a_request_id_that_could_forge_a_log_line_is_not_sane() {
        assert_eq!(sane_request_id(&HeaderValue::from_static("req-1")), Some("req-1"));
        for bad in [&b""[..], b"a b", b"\xff", &[b'x'; 129]] {
            assert_eq!(HeaderValue::from_bytes(bad).ok().as_ref().and_then(sane_request_id), None);
        }
    }
}
