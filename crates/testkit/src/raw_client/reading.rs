use super::{Answer, RawClient, RawResponse};
use crate::wire::Framing;
use crate::{Ending, Head};
use bytes::Bytes;

/// What it reads.
impl RawClient {
    /// Reads a response head; `None` when the connection ended before its blank line.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::answering(200, &[("content-length", "5")], "").await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("HEAD", "/", &[], b"")).await?;
    /// let head = client.read_head().await.expect("a head");
    /// assert_eq!((head.status(), head.header("content-length")), (Some(200), Some("5")));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_head(&mut self) -> Option<Head> {
        let head = self.wire.head().await?;
        self.answer = Answer::Own;
        self.look(head.raw());
        Some(head)
    }

    /// Reads a head and the body that its framing promises; `None` without a head. Not for answers to HEAD.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::start(Script::after_request([
    /// #     Step::send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
    /// # ])).await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("POST", "/", &[("expect", "100-continue")], b"{}")).await?;
    /// for (status, body) in [(100, ""), (200, "hi")] {
    ///     let answer = client.read_response().await.expect("a head");
    ///     assert_eq!((answer.head.status(), answer.text().as_str()), (Some(status), body));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_response(&mut self) -> Option<RawResponse> {
        let head = self.read_head().await?;
        let (body, complete) = self.wire.body(Framing::of_response(&head)).await;
        self.look(&body);
        Some(RawResponse { head, body, complete })
    }

    /// Reads one chunk of a chunked body; empty at its end, `None` when the connection ended first or no chunk came.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::sse(["one"]).await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// client.read_head().await.expect("a head");
    /// assert_eq!(client.read_chunk().await.expect("an event"), "data: one\n\n");
    /// assert_eq!(client.read_chunk().await.expect("the end"), "");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_chunk(&mut self) -> Option<Bytes> {
        let chunk = self.wire.chunk().await?;
        self.look(&chunk);
        Some(chunk)
    }

    /// Reads up to and including `needle`; `None` when the connection ended first.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::sse(["one", "two"]).await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// let begun = client.read_through("one\n\n").await.expect("the first event");
    /// assert!(begun.starts_with(b"HTTP/1.1 200 OK\r\n"), "as it was on the wire: head and chunk sizes too");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_through(&mut self, needle: impl AsRef<[u8]>) -> Option<Bytes> {
        let bytes = self.wire.through(needle.as_ref()).await?;
        self.look(&bytes);
        Some(bytes)
    }

    /// Reads exactly `count` bytes; `None` when the connection ended first.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::answering(200, &[], "hello").await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// client.read_head().await.expect("a head");
    /// assert_eq!(client.read_exactly(2).await.expect("the first half"), "he");
    /// assert_eq!(client.read_exactly(4).await, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_exactly(&mut self, count: usize) -> Option<Bytes> {
        let bytes = self.wire.exactly(count).await?;
        self.look(&bytes);
        Some(bytes)
    }

    /// Reads until the connection ends, and says how it did.
    ///
    /// ```
    /// # use oar_testkit::{Ending, RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::answering(200, &[], "hello").await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// client.read_head().await.expect("a head");
    /// assert_eq!(client.read_to_close().await, ("hello".into(), Ending::Fin));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_to_close(&mut self) -> (Bytes, Ending) {
        let bytes = self.wire.until_end().await;
        self.look(&bytes);
        (bytes, self.wire.ending().unwrap_or(Ending::Fin))
    }
}
