use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use secrecy::SecretString;
use std::fmt;

/// One attempt's request, the same for every upstream that is tried.
#[derive(Clone)]
pub struct UpstreamRequest {
    /// The client's method.
    pub method: Method,
    /// What follows `/v1` in the client's request target, with the query: `/chat/completions?x=1`. Starts with `/`, is
    /// visible ASCII, and has no `.` or `..` segments however encoded.
    pub path_and_query: String,
    /// The client's headers without hop-by-hop headers, framing, credentials, cookies and what proxies say about the
    /// client.
    pub headers: HeaderMap,
    /// The whole body, exactly as it came; cheap to clone.
    pub body: Bytes,
    /// The model asked for, if the body names one.
    pub model: Option<String>,
    /// Whether the body asked for a stream.
    pub stream: bool,
    /// The id under which the client and the record know this request.
    pub request_id: String,
    /// The token the client presented, for upstreams that are configured to pass it on; never sent anywhere else.
    pub client_token: Option<SecretString>,
    /// The protocol to upgrade to (`websocket`), when the client asked for an upgrade.
    pub upgrade: Option<HeaderValue>,
    /// Which connection it may go out on.
    pub connection: Connection,
}

/// Which connection a request may go out on. An upstream that keeps no connections need not look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Any: one that is kept from an earlier request, or a new one.
    #[default]
    Any,
    /// One made for this request: the kept one it was sent on before had ended.
    Fresh,
}

impl UpstreamRequest {
    /// The same request for a connection of its own.
    #[must_use]
    pub fn on_fresh_connection(&self) -> Self {
        Self { connection: Connection::Fresh, ..self.clone() }
    }
}

impl fmt::Debug for UpstreamRequest {
    /// Shows neither query nor headers nor body: all may hold what must not be printed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamRequest")
            .field("method", &self.method)
            .field("path", &self.path_and_query.split('?').next())
            .field("body_bytes", &self.body.len())
            .field("model", &self.model)
            .field("stream", &self.stream)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
