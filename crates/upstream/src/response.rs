use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use std::fmt;
use tokio::io::{AsyncRead, AsyncWrite};

/// Why a body ended early.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// An upstream's response: its head, and the body still to come.
#[derive(Debug)]
pub struct UpstreamResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers as they came; whoever relays them strips what concerns only this connection.
    pub headers: HeaderMap,
    /// What follows the head.
    pub body: ResponseBody,
}

/// What follows a response head.
pub enum ResponseBody {
    /// A body, frame by frame. It must end with an error if the upstream's body was incomplete.
    Body(UnsyncBoxBody<Bytes, BodyError>),
    /// After `101 Switching Protocols`: the connection itself, in both directions.
    Tunnel(Box<dyn Duplex>),
}

impl ResponseBody {
    /// A body that is complete already.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::stream(Full::new(bytes.into()))
    }

    /// A body that arrives frame by frame.
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        Self::Body(body.map_err(Into::into).boxed_unsync())
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(_) => f.write_str("Body(..)"),
            Self::Tunnel(_) => f.write_str("Tunnel(..)"),
        }
    }
}

/// A connection that can be read and written: what is left of HTTP after an upgrade.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Duplex for T {}
