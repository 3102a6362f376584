use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use secrecy::SecretString;
use std::fmt;

/// One attempt's request, the same for every upstream that is tried.
///
/// ```
/// use http::Method;
/// use oar_upstream::UpstreamRequest;
///
/// let request = UpstreamRequest {
///     body: r#"{"model": "gpt-4o", "messages": []}"#.into(),
///     model: Some("gpt-4o".into()),
///     ..UpstreamRequest::new(Method::POST, "/chat/completions?key=secret")
/// };
/// let printed = format!("{request:?}");
/// assert!(printed.contains("/chat/completions") && !printed.contains("secret") && !printed.contains("messages"));
/// ```
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
    /// The id under which the client and the record know this request; empty if it has none.
    pub request_id: String,
    /// The token the client presented, for upstreams that are configured to pass it on; never sent anywhere else.
    pub client_token: Option<SecretString>,
    /// The protocol to upgrade to (`websocket`), when the client asked for an upgrade.
    pub upgrade: Option<HeaderValue>,
    /// Which connection it may go out on.
    pub connection: Connection,
}

/// Which connection a request may go out on. An upstream that keeps no connections need not look at it.
///
/// ```
/// use oar_upstream::{Connection, UpstreamRequest};
///
/// let request = UpstreamRequest::new(http::Method::GET, "/models");
/// assert_eq!(request.connection, Connection::Any);
/// assert_eq!(request.on_fresh_connection().connection, Connection::Fresh);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// Any: one that is kept from an earlier request, or a new one.
    #[default]
    Any,
    /// One made for this request: the kept one it was sent on before had ended.
    Fresh,
}

impl UpstreamRequest {
    /// A request without headers, body, model and token, which may go out on any connection. What else it has is set
    /// field by field.
    ///
    /// ```
    /// use oar_upstream::UpstreamRequest;
    ///
    /// let request = UpstreamRequest { stream: true, ..UpstreamRequest::new(http::Method::POST, "/responses") };
    /// assert!(request.body.is_empty() && request.model.is_none() && request.stream);
    /// ```
    pub fn new(method: Method, path_and_query: impl Into<String>) -> Self {
        Self {
            method,
            path_and_query: path_and_query.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            model: None,
            stream: false,
            request_id: String::new(),
            client_token: None,
            upgrade: None,
            connection: Connection::Any,
        }
    }

    /// The same request for a connection of its own.
    ///
    /// ```
    /// use oar_upstream::{Connection, UpstreamRequest};
    ///
    /// let again = UpstreamRequest::new(http::Method::GET, "/models").on_fresh_connection();
    /// assert_eq!((again.path_and_query.as_str(), again.connection), ("/models", Connection::Fresh));
    /// ```
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
