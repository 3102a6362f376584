use crate::Head;
use bytes::Bytes;

/// A response as a [`RawClient`](crate::RawClient) read it: see [`RawClient::exchange`](crate::RawClient::exchange).
///
/// ```
/// use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let cut = Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
/// let upstream = ScriptedUpstream::start(Script::after_request([cut])).await?;
///
/// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
/// assert_eq!(answer.head.header("content-length"), Some("10"));
/// assert_eq!((answer.text().as_str(), answer.complete), ("hello", false));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawResponse {
    /// The head, exactly as it came.
    pub head: Head,
    /// The body without its chunk framing, or what came of it.
    pub body: Bytes,
    /// Whether the body came to the end that its framing promised.
    pub complete: bool,
}

impl RawResponse {
    /// The body as text, for assertions; what is not UTF-8 becomes U+FFFD.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let request = request_bytes("GET", "/", &[], b"");
    /// let upstream = ScriptedUpstream::answering(200, &[], b"caf\xe9").await?;
    /// assert_eq!(RawClient::exchange(upstream.addr(), request).await?.text(), "caf\u{fffd}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
