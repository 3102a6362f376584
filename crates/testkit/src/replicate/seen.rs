use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;

/// A request as it came: see [`Running::saw`](super::Running::saw).
#[derive(Clone, Debug)]
pub struct Seen {
    head: Parts,
    /// Its body.
    pub body: Bytes,
}

impl Seen {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self { head, body }
    }

    /// Method and path, e.g. `GET /v1/predictions/p1`.
    pub fn line(&self) -> String {
        format!("{} {}", self.head.method, self.head.uri.path())
    }

    /// The value under this name, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body; null if it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn method(&self) -> &str {
        self.head.method.as_str()
    }

    pub(super) fn segments(&self) -> Vec<&str> {
        self.head.uri.path().trim_start_matches('/').split('/').collect()
    }

    /// The origin at which the client sees this server.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.header("host").unwrap_or("127.0.0.1"))
    }

    /// What it presents, as `Bearer`, or `Token` as older clients have it.
    pub(super) fn token(&self) -> Option<&str> {
        let presented = self.header("authorization")?;
        presented.strip_prefix("Bearer ").or_else(|| presented.strip_prefix("Token "))
    }
}
