use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Empty, Full, StreamBody};
use hyper::body::Frame;
use serde_json::Value;
use std::io;
use std::time::Duration;

/// A response's body; its error breaks the connection off.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
pub(crate) type Reply = Response<Body>;

/// Between two pieces of a stream: long enough to see whether each is passed on when it comes.
const PAUSE: Duration = Duration::from_millis(5);

/// How many pieces of a stream come before it breaks off.
const PIECES_BEFORE_CUT: usize = 3;

pub(crate) fn json(value: &Value) -> Reply {
    whole("application/json", value.to_string())
}

pub(crate) fn json_with(status: StatusCode, value: &Value) -> Reply {
    let mut reply = json(value);
    *reply.status_mut() = status;
    reply
}

/// A complete body of that content type.
pub(crate) fn whole(kind: &'static str, body: impl Into<Bytes>) -> Reply {
    typed(kind, Full::new(body.into()).map_err(|never| match never {}).boxed_unsync())
}

/// No body at all.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A chunked body, piece by piece with a small pause before each but the first.
pub(crate) fn pieces(kind: &'static str, pieces: Vec<Bytes>) -> Reply {
    let frames = stream::iter(pieces.into_iter().enumerate()).then(|(index, piece)| async move {
        if index > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Frame::data(piece))
    });
    typed(kind, StreamBody::new(frames).boxed_unsync())
}

/// Server-sent events, each a piece of its own.
pub(crate) fn events(events: impl IntoIterator<Item = String>) -> Reply {
    let mut reply = pieces("text/event-stream; charset=utf-8", events.into_iter().map(Bytes::from).collect());
    reply.headers_mut().insert("cache-control", HeaderValue::from_static("no-cache"));
    reply
}

/// One event as the older endpoints send it.
pub(crate) fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// One event with its name on a line of its own, as the responses endpoint sends it.
pub(crate) fn named_event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// The same answer, broken off: after half of a complete body, after a few pieces of a stream.
pub(crate) async fn cut(reply: Reply) -> Reply {
    let (mut head, body) = reply.into_parts();
    let broken = stream::once(async {
        // An error at once would overtake what is still in the server's buffer.
        tokio::time::sleep(PAUSE).await;
        Err(io::Error::other("cut on purpose"))
    });
    let body = match http_body::Body::size_hint(&body).exact() {
        Some(length) => {
            head.headers.insert(CONTENT_LENGTH, length.into());
            let half = half(body).await;
            StreamBody::new(stream::iter([Ok(Frame::data(half))]).chain(broken)).boxed_unsync()
        }
        None => StreamBody::new(BodyStream::new(body).take(PIECES_BEFORE_CUT).chain(broken)).boxed_unsync(),
    };
    Response::from_parts(head, body)
}

async fn half(body: Body) -> Bytes {
    let mut bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// That body with this content type.
pub(crate) fn typed(kind: &'static str, body: Body) -> Reply {
    let mut reply = Response::new(body);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}
