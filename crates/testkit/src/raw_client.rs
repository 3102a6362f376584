use crate::wire::{Framing, Wire};
use crate::{Ending, Head, canary};
use bytes::Bytes;
use memchr::memmem;
use std::io;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

/// A client that sends the bytes it is given and nothing else.
///
/// No answer may hold a secret, so what it reads is [looked at](crate::canary), except what a gateway relays as an
/// upstream said it: that may be what the client asked.
///
/// Dropping it closes the connection; the kernel sends a FIN, or a RST when there are bytes nobody read.
///
/// ```
/// use oar_testkit::{Ending, RawClient, Script, ScriptedUpstream, Step, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let stream = [Step::event_stream(), Step::event("one"), Step::event("two"), Step::Rst];
/// let upstream = ScriptedUpstream::start(Script::after_request(stream)).await?;
///
/// let mut client = RawClient::connect(upstream.addr()).await?;
/// client.send(request_bytes("GET", "/", &[], b"")).await?;
/// client.read_head().await.expect("a head");
/// assert_eq!(client.read_chunk().await.expect("an event"), "data: one\n\n");
/// client.read_through("two\n\n").await.expect("another");
/// client.half_close().await?;
/// assert_eq!(client.read_to_close().await.1, Ending::Rst);
/// # Ok(())
/// # }
/// ```
pub struct RawClient {
    wire: Wire,
    write: OwnedWriteHalf,
    answer: Answer,
}

/// Whose words the answer is that is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Own,
    Relayed,
}

/// What a gateway puts into the head of an answer that is an upstream's.
const RELAYED: &[u8] = b"\nx-oar-upstream:";

/// A response as a [`RawClient`] read it: see [`RawClient::exchange`].
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
    /// The body as text, for assertions.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl RawClient {
    /// Connects, with `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        Ok(Self { wire: Wire::new(read), write, answer: Answer::Own })
    }

    /// Connects, sends `request` and reads the whole response.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says; `UnexpectedEof` if no head arrived.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::answering(200, &[], "hello").await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// assert_eq!((answer.text().as_str(), answer.complete), ("hello", true));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn exchange(addr: SocketAddr, request: impl AsRef<[u8]>) -> io::Result<RawResponse> {
        let mut client = Self::connect(addr).await?;
        client.send(request).await?;
        client.read_response().await.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// The other side has closed or reset the connection.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.write.write_all(bytes.as_ref()).await
    }

    /// Reads a response head; `None` when the connection ended before its blank line.
    pub async fn read_head(&mut self) -> Option<Head> {
        let head = self.wire.head().await?;
        self.answer = Answer::Own;
        self.look(head.raw());
        Some(head)
    }

    /// Reads a head and the body that its framing promises; `None` without a head. Not for answers to HEAD.
    pub async fn read_response(&mut self) -> Option<RawResponse> {
        let head = self.read_head().await?;
        let (body, complete) = self.wire.body(Framing::of_response(&head)).await;
        self.look(&body);
        Some(RawResponse { head, body, complete })
    }

    /// Reads one chunk of a chunked body; empty at its end, `None` when the connection ended first or no chunk came.
    pub async fn read_chunk(&mut self) -> Option<Bytes> {
        let chunk = self.wire.chunk().await?;
        self.look(&chunk);
        Some(chunk)
    }

    /// Reads up to and including `needle`; `None` when the connection ended first.
    pub async fn read_through(&mut self, needle: impl AsRef<[u8]>) -> Option<Bytes> {
        let bytes = self.wire.through(needle.as_ref()).await?;
        self.look(&bytes);
        Some(bytes)
    }

    /// Reads exactly `count` bytes; `None` when the connection ended first.
    pub async fn read_exactly(&mut self, count: usize) -> Option<Bytes> {
        let bytes = self.wire.exactly(count).await?;
        self.look(&bytes);
        Some(bytes)
    }

    /// Reads until the connection ends, and says how it did.
    pub async fn read_to_close(&mut self) -> (Bytes, Ending) {
        let bytes = self.wire.until_end().await;
        self.look(&bytes);
        (bytes, self.wire.ending().unwrap_or(Ending::Fin))
    }

    /// Whatever way a head is read, it says whose words follow.
    fn look(&mut self, bytes: &[u8]) {
        if memmem::find(bytes, RELAYED).is_some() {
            self.answer = Answer::Relayed;
        }
        if self.answer == Answer::Own {
            canary::look("what a client was answered", bytes);
        }
    }

    /// Says that nothing more will be sent, and goes on reading.
    ///
    /// # Errors
    ///
    /// The other side has closed or reset the connection.
    pub async fn half_close(&mut self) -> io::Result<()> {
        self.write.shutdown().await
    }

    /// Leaves with a RST, as a client does that crashed. [`Connection`](crate::Connection) has an example.
    ///
    /// # Errors
    ///
    /// The socket option could not be set.
    pub fn reset(self) -> io::Result<()> {
        self.write.as_ref().set_zero_linger()?;
        // Dropping the half would send a FIN first.
        self.write.forget();
        Ok(())
    }

    /// Leaves without a word: closes both directions.
    pub fn abandon(self) {
        drop(self);
    }
}
