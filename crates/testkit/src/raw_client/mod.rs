mod leaving;
mod reading;
mod response;

use crate::canary;
use crate::wire::Wire;
use memchr::memmem;
use std::io;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

pub use response::RawResponse;

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

impl RawClient {
    /// Connects, with `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::echo().await?;
    /// let mut client = RawClient::connect(upstream.addr()).await?;
    /// for body in ["one", "two"] {
    ///     client.send(request_bytes("POST", "/", &[], body.as_bytes())).await?;
    ///     assert_eq!(client.read_response().await.expect("an answer").body, body);
    /// }
    /// assert_eq!((upstream.hits(), upstream.connections().len()), (2, 1));
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::hanging().await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// // Promises ten bytes, sends four, and leaves.
    /// client.send("POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf").await?;
    /// client.abandon();
    /// upstream.closed().await;
    /// assert!(!upstream.requests()[0].complete);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.write.write_all(bytes.as_ref()).await
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
}
