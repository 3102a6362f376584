use super::multipart::{self, Part};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// One request, read whole.
pub(super) struct Call {
    head: Parts,
    /// The body as JSON; null if it is none.
    pub(super) json: Value,
    /// The body's parts, if it is a form.
    pub(super) form: Vec<Part>,
    /// Counts this server's calls, so that ids differ.
    pub(super) serial: u64,
}

impl Call {
    pub(super) fn new(head: Parts, body: &Bytes, serial: u64) -> Self {
        let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let form = multipart::parse(kind, body).unwrap_or_default();
        let json = if form.is_empty() { serde_json::from_slice(body).unwrap_or_default() } else { Value::Null };
        Self { json, form, serial, head }
    }

    pub(super) fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// The path's segments after `/v1`; empty for any other path.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.head.uri.path().strip_prefix("/v1/").map(|path| path.split('/').collect()).unwrap_or_default()
    }

    pub(super) fn target(&self) -> String {
        format!("{} {}", self.head.method, self.head.uri.path())
    }

    /// The model asked for, in JSON or in a form; empty without one.
    pub(super) fn model(&self) -> &str {
        self.json["model"].as_str().or_else(|| self.field("model")).unwrap_or_default()
    }

    pub(super) fn streams(&self) -> bool {
        self.json["stream"] == true
    }

    pub(super) fn wants_usage(&self) -> bool {
        self.json["stream_options"]["include_usage"] == true
    }

    /// A form's text field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.part(name).and_then(|part| std::str::from_utf8(&part.content).ok())
    }

    pub(super) fn part(&self, name: &str) -> Option<&Part> {
        self.form.iter().find(|part| part.name == name)
    }

    /// An id such as `chatcmpl-000007`.
    pub(super) fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:06}", self.serial)
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}
