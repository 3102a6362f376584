//! Which of the client's headers go out.

use crate::UpstreamRequest;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use oar_protocol::headers::is_api;

/// How many of the client's headers are passed on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Policy {
    /// Those that belong to the API.
    Api,
    /// All of them: what is private has never come this far.
    All,
}

impl Policy {
    pub(super) const fn new(keep_header: bool) -> Self {
        if keep_header { Self::All } else { Self::Api }
    }

    fn passes(self, name: &HeaderName) -> bool {
        match self {
            Self::Api => is_api(name),
            Self::All => true,
        }
    }

    /// The headers of the outgoing request. Framing and host are the transport's to add.
    pub(super) fn outgoing(self, request: &UpstreamRequest, authorization: Option<HeaderValue>) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 4);
        let upgrading = request.upgrade.is_some();
        for (name, value) in &request.headers {
            if self.passes(name) || (upgrading && is_of_the_handshake(name)) {
                headers.append(name, value.clone());
            }
        }
        if let Ok(id) = HeaderValue::try_from(&request.request_id)
            && !id.is_empty()
        {
            headers.insert("x-request-id", id);
        }
        if let Some(authorization) = authorization {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        if let Some(protocol) = &request.upgrade {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, protocol.clone());
        }
        headers
    }
}

/// The headers of a WebSocket handshake, RFC 6455 section 4.1. The gateway has taken credentials out of
/// `sec-websocket-protocol` already.
fn is_of_the_handshake(name: &HeaderName) -> bool {
    name.as_str().starts_with("sec-websocket-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn request(headers: &[(&'static str, &'static str)]) -> UpstreamRequest {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        UpstreamRequest {
            headers: headers.collect(),
            request_id: "r-1".into(),
            ..UpstreamRequest::new(Method::POST, "/chat/completions")
        }
    }

    fn outgoing(policy: Policy, request: &UpstreamRequest) -> Vec<String> {
        let headers = policy.outgoing(request, Some(HeaderValue::from_static("Bearer ours")));
        let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    const SENT: [(&str, &str); 4] = [
        ("content-type", "application/json"),
        ("openai-beta", "assistants=v2"),
        ("x-custom", "1"),
        ("accept-encoding", "br"),
    ];

    #[test]
    fn only_the_apis_headers_pass() {
        let names = outgoing(Policy::new(false), &request(&SENT));
        assert_eq!(names, ["authorization", "content-type", "openai-beta", "x-request-id"]);
    }

    #[test]
    fn keep_header_passes_everything_that_came() {
        let names = outgoing(Policy::new(true), &request(&SENT));
        let expected = ["accept-encoding", "authorization", "content-type", "openai-beta", "x-custom", "x-request-id"];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_handshake_keeps_its_headers() {
        let mut request = request(&[("sec-websocket-key", "x"), ("sec-websocket-version", "13")]);
        assert!(!outgoing(Policy::Api, &request).contains(&"sec-websocket-key".into()));
        request.upgrade = Some(HeaderValue::from_static("websocket"));
        let names = outgoing(Policy::Api, &request);
        for name in ["sec-websocket-key", "sec-websocket-version", "upgrade", "connection"] {
            assert!(names.contains(&name.into()), "{name}");
        }
    }
}
