use super::seen::{Connection, Seen, SeenRequest};
use super::server::ScriptedUpstream;

/// What it saw.
impl ScriptedUpstream {
    /// How many request heads were read.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::answering(400, &[], "").await?;
    /// RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// assert_eq!(upstream.hits(), 1, "a request that is wrong was repeated");
    /// # Ok(())
    /// # }
    /// ```
    pub fn hits(&self) -> usize {
        self.seen.borrow().requests.len()
    }

    /// Every request, in the order in which their heads were read.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::answering(200, &[], "").await?;
    /// RawClient::exchange(upstream.addr(), request_bytes("POST", "/", &[("x-one", "1")], b"{}")).await?;
    /// let request = &upstream.requests()[0];
    /// assert_eq!((request.head.header("x-one"), request.body.as_ref()), (Some("1"), &b"{}"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.seen.borrow().requests.clone()
    }

    /// Every connection, in the order in which they were accepted.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::echo().await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// for _ in 0..2 {
    ///     client.send(request_bytes("GET", "/", &[], b"")).await?;
    ///     client.read_response().await.expect("an answer");
    /// }
    /// assert_eq!((upstream.hits(), upstream.connections().len()), (2, 1), "the client keeps its connection");
    /// # Ok(())
    /// # }
    /// ```
    pub fn connections(&self) -> Vec<Connection> {
        self.seen.borrow().connections.clone()
    }

    /// Waits until `times` request heads were read in all.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::hanging().await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n").await?;
    /// upstream.until_hit(1).await;
    /// assert!(!upstream.requests()[0].complete, "the body is still to come");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn until_hit(&self, times: usize) {
        self.until(|seen| seen.requests.len() >= times).await;
    }

    /// Waits until `bodies` request bodies were read whole in all.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::hanging().await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("POST", "/", &[], b"{}")).await?;
    /// upstream.until_read(1).await;
    /// assert_eq!(upstream.requests()[0].body, "{}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn until_read(&self, bodies: usize) {
        self.until(|seen| seen.requests.iter().filter(|request| request.complete).count() >= bodies).await;
    }

    /// Waits until there was a connection and the other side has closed or reset every one.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let upstream = ScriptedUpstream::answering(200, &[], "").await?;
    /// RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// upstream.closed().await;
    /// assert!(!upstream.connections()[0].abandoned(), "the client left after the answer");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn closed(&self) {
        self.until(|seen| {
            !seen.connections.is_empty() && seen.connections.iter().all(|connection| connection.closed.is_some())
        })
        .await;
    }

    async fn until(&self, holds: impl FnMut(&Seen) -> bool) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.seen.subscribe().wait_for(holds).await;
    }
}
