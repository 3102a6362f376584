use crate::{Script, ScriptedUpstream, Step};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use oar_upstream::{Connection, UpstreamRequest};
use serde_json::json;
use std::io;

/// What a remote does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation {
    /// It answers 503, in the words of its API.
    Overloaded,
    /// It takes the request, and never says anything.
    Silent,
    /// It begins a streaming answer, and never goes on.
    Begun,
    /// It begins an answer, and breaks it off: the rest is nowhere to be had.
    Cut,
}

impl Situation {
    /// The status of [`Overloaded`](Self::Overloaded).
    pub const OVERLOADED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
}

/// A remote that plays situations in the language of its API. Dropping it ends it. [`Passthrough`] is the shortest there is:
/// who writes another one begins with its source.
pub trait Remote: Sized + Sync {
    /// A streaming request that an upstream for this API translates or passes on.
    fn request() -> UpstreamRequest;

    /// One that does this to every request.
    ///
    /// # Errors
    ///
    /// No loopback port could be had.
    fn playing(situation: Situation) -> impl Future<Output = io::Result<Self>> + Send;

    /// Where it is, as a configured endpoint would be.
    fn endpoint(&self) -> String;

    /// Waits until a request has come.
    fn heard(&self) -> impl Future<Output = ()> + Send;

    /// Waits until the request was given up in a way that spares the remote the work.
    fn spared(&self) -> impl Future<Output = ()> + Send;
}

/// A remote whose head and bytes are passed through, whatever they say; it is spared by closing the connection.
pub struct Passthrough(ScriptedUpstream);

impl Remote for Passthrough {
    fn request() -> UpstreamRequest {
        request_for("gpt-4o-mini")
    }

    async fn playing(situation: Situation) -> io::Result<Self> {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
        let script = match situation {
            Situation::Overloaded => Script::answering(Situation::OVERLOADED.as_u16(), &[], "busy"),
            Situation::Silent => Script::hanging(),
            Situation::Begun => Script::after_request([Step::send(head), Step::Hang]),
            Situation::Cut => Script::after_request([Step::send(format!("{head}hello")), Step::Fin]),
        };
        ScriptedUpstream::start(script).await.map(Self)
    }

    fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    async fn heard(&self) {
        self.0.until_hit(1).await;
    }

    async fn spared(&self) {
        self.0.closed().await;
    }
}

/// A chat that asks this model for a streaming answer.
pub(crate) fn request_for(model: &str) -> UpstreamRequest {
    let messages = json!([{"role": "user", "content": "hello"}]);
    UpstreamRequest {
        method: Method::POST,
        path_and_query: "/chat/completions".to_owned(),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: Bytes::from(json!({"model": model, "messages": messages, "stream": true}).to_string()),
        model: Some(model.to_owned()),
        stream: true,
        request_id: "contract".to_owned(),
        client_token: None,
        upgrade: None,
        connection: Connection::Any,
    }
}
