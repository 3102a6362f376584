use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use std::fmt;
use tokio::io::{AsyncRead, AsyncWrite};

/// Why a body ended early.
///
/// ```
/// use oar_upstream::BodyError;
///
/// let ended: BodyError = "the remote left in the middle of an event".into();
/// assert_eq!(ended.to_string(), "the remote left in the middle of an event");
/// ```
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// An upstream's response: its head, and the body still to come.
///
/// ```
/// use http::{HeaderMap, StatusCode};
/// use oar_upstream::{ResponseBody, UpstreamResponse};
///
/// let (status, headers) = (StatusCode::TOO_MANY_REQUESTS, HeaderMap::from_iter([("retry-after".parse()?, "7".parse()?)]));
/// let response = UpstreamResponse { status, headers, body: ResponseBody::full("") };
/// assert!(response.status.is_client_error(), "which is an answer, and no error");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use oar_upstream::ResponseBody;
///
/// let (ours, _theirs) = tokio::io::duplex(64);
/// assert!(matches!(ResponseBody::Tunnel(Box::new(ours)), ResponseBody::Tunnel(_)));
/// assert!(matches!(ResponseBody::full("{}"), ResponseBody::Body(_)));
/// ```
pub enum ResponseBody {
    /// A body, frame by frame. It must end with an error if the upstream's body was incomplete.
    Body(UnsyncBoxBody<Bytes, BodyError>),
    /// After `101 Switching Protocols`: the connection itself, in both directions.
    Tunnel(Box<dyn Duplex>),
}

impl ResponseBody {
    /// A body that is complete already.
    ///
    /// ```
    /// use futures_util::FutureExt;
    /// use http_body_util::BodyExt;
    /// use oar_upstream::ResponseBody;
    ///
    /// let ResponseBody::Body(body) = ResponseBody::full("{}") else { unreachable!() };
    /// let all = body.collect().now_or_never().expect("it is complete already")?;
    /// assert_eq!(all.to_bytes(), "{}");
    /// # Ok::<(), oar_upstream::BodyError>(())
    /// ```
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::stream(Full::new(bytes.into()))
    }

    /// A body that arrives frame by frame.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use futures_util::{FutureExt, stream};
    /// use http_body::Frame;
    /// use http_body_util::{BodyExt, StreamBody};
    /// use oar_upstream::{BodyError, ResponseBody};
    ///
    /// let event = Ok(Frame::data(Bytes::from("data: one\n\n")));
    /// let broken = Err(BodyError::from("the remote left"));
    /// let ResponseBody::Body(body) = ResponseBody::stream(StreamBody::new(stream::iter([event, broken]))) else {
    ///     unreachable!()
    /// };
    /// let all = body.collect().now_or_never().expect("it waits for nobody");
    /// assert!(all.is_err(), "what was incomplete ends with an error");
    /// ```
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
///
/// ```
/// use oar_upstream::Duplex;
///
/// let (ours, _theirs) = tokio::io::duplex(64);
/// let connection: Box<dyn Duplex> = Box::new(ours);
/// ```
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Duplex for T {}
