use super::RawClient;
use std::io;
use tokio::io::AsyncWriteExt;

/// How it leaves.
impl RawClient {
    /// Says that nothing more will be sent, and goes on reading.
    ///
    /// # Errors
    ///
    /// The other side has closed or reset the connection.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::answering(200, &[], "hello").await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// client.half_close().await?;
    /// assert_eq!(client.read_response().await.expect("an answer all the same").text(), "hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn half_close(&mut self) -> io::Result<()> {
        self.write.shutdown().await
    }

    /// Leaves with a RST, as a client does that crashed.
    ///
    /// # Errors
    ///
    /// The socket option could not be set.
    ///
    /// ```
    /// # use oar_testkit::{Ending, RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::hanging().await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// upstream.until_read(1).await;
    /// client.reset()?;
    /// upstream.closed().await;
    /// assert!(matches!(upstream.connections()[0].closed, Some((_, Ending::Rst))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset(self) -> io::Result<()> {
        self.write.as_ref().set_zero_linger()?;
        // Dropping the half would send a FIN first.
        self.write.forget();
        Ok(())
    }

    /// Leaves without a word: closes both directions.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::hanging().await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// upstream.until_read(1).await;
    /// client.abandon();
    /// upstream.closed().await;
    /// assert!(upstream.connections()[0].abandoned());
    /// # Ok(())
    /// # }
    /// ```
    pub fn abandon(self) {
        drop(self);
    }
}
