//! Which headers concern one connection only, which carry credentials, and which belong to the API.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

/// Headers that describe one connection and are never passed on, RFC 9110 section 7.6.1, and the framing, which each side
/// makes anew.
const HOP_BY_HOP: [HeaderName; 11] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
    header::EXPECT,
];

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

/// Headers that say who the client is to somebody else, and those that proxies add about it.
const PRIVATE: [&str; 11] = [
    "authorization",
    "api-key",
    "x-api-key",
    "cookie",
    "forwarded",
    "host",
    "via",
    "x-real-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-client-ip",
];

/// How the names of credentials end that some service or other reads: `x-goog-api-key`, `x-auth-token`, `helicone-auth`.
const CREDENTIAL_ENDINGS: [&str; 5] = ["-key", "-token", "-auth", "-authorization", "-secret"];

/// Names that end like a credential's and are none.
const NO_CREDENTIALS: [&str; 2] = ["idempotency-key", "sec-websocket-key"];

/// Counts the gateways that a request has passed, so that one that comes back to where it was is noticed.
pub const HOPS: HeaderName = HeaderName::from_static("x-oar-hop");

/// Removes from `headers` what concerns only the connection they came on: the hop-by-hop headers, every header that
/// `Connection` names, and the framing.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Whether this header belongs to the API and goes to every upstream.
pub fn is_api(name: &HeaderName) -> bool {
    let name = name.as_str();
    API.contains(&name) || name == HOPS.as_str() || name.starts_with("openai-") || name.starts_with("anthropic-")
}

/// Whether this header must never be passed on: a credential, a cookie, or what a proxy says about the client. A name with
/// an underscore counts too, because some servers read `X_Forwarded_For` as `X-Forwarded-For`.
pub fn is_private(name: &HeaderName) -> bool {
    let name = name.as_str();
    let is_credential =
        CREDENTIAL_ENDINGS.iter().any(|ending| name.ends_with(ending)) && !NO_CREDENTIALS.contains(&name);
    PRIVATE.contains(&name)
        || is_credential
        || name.starts_with("proxy-")
        || name.starts_with("x-forwarded-")
        || (name.starts_with("x-oar-") && name != HOPS.as_str())
        || name.contains('_')
}

/// Whether this is a header that a browser or a cache would read as the gateway's own, though the upstream wrote it.
pub fn is_upstreams_own(name: &HeaderName) -> bool {
    matches!(*name, header::SET_COOKIE | header::SERVER | header::ALT_SVC | header::STRICT_TRANSPORT_SECURITY)
        || name.as_str().starts_with("access-control-")
        || name.as_str().starts_with("x-oar-")
}

/// A client's own request id, if it is one that can be echoed and recorded: 1 to 128 visible ASCII characters.
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
            ("content-type", "application/json"),
        ] {
            headers.append(name(key), HeaderValue::from_static(value));
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["content-type"]);
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
        assert!(!is_api(&name("x-custom")) && !is_private(&name("x-custom")));
    }

    #[test]
    fn a_request_id_that_could_forge_a_log_line_is_not_sane() {
        assert_eq!(sane_request_id(&HeaderValue::from_static("req-1")), Some("req-1"));
        for bad in [&b""[..], b"a b", b"\xff", &[b'x'; 129]] {
            assert_eq!(HeaderValue::from_bytes(bad).ok().as_ref().and_then(sane_request_id), None);
        }
    }
}
