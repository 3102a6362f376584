use super::peer::Peer;
use super::script::Script;
use super::seen::{Connection, Log, Seen, SeenRequest};
use crate::LoopbackServer;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// A raw TCP server on a free loopback port that plays scripts and remembers what it saw.
///
/// It runs on the runtime that started it. Dropping it closes the port and every connection.
///
/// ```
/// use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // Busy once, and then well.
/// let scripts = [Script::answering(503, &[("retry-after", "1")], "busy"), Script::answering(200, &[], "hello")];
/// let upstream = ScriptedUpstream::start_each(scripts).await?;
///
/// for status in [503, 200] {
///     let answer = RawClient::exchange(upstream.addr(), request_bytes("POST", "/v1/files", &[], b"{}")).await?;
///     assert_eq!(answer.head.status(), Some(status));
/// }
/// upstream.until_read(2).await;
/// assert_eq!((upstream.hits(), upstream.connections().len()), (2, 2));
/// assert_eq!(upstream.requests()[1].body, "{}");
/// upstream.closed().await;
/// # Ok(())
/// # }
/// ```
pub struct ScriptedUpstream {
    server: LoopbackServer,
    seen: Arc<watch::Sender<Seen>>,
}

impl ScriptedUpstream {
    /// Plays the same script on every connection.
    ///
    /// # Errors
    ///
    /// No loopback port could be had; so for all constructors.
    pub async fn start(script: impl Into<Script>) -> io::Result<Self> {
        Self::start_each([script.into()]).await
    }

    /// Plays the first script on the first connection, and so on; the last is played on all that follow.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); `InvalidInput` without any script.
    pub async fn start_each(scripts: impl IntoIterator<Item = Script>) -> io::Result<Self> {
        let scripts: Vec<_> = scripts.into_iter().collect();
        if scripts.is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let seen = Arc::<watch::Sender<Seen>>::default();
        let own = Arc::clone(&seen);
        let server = LoopbackServer::start(move |stream| {
            let log = Log::open(&own);
            let script = scripts.get(log.number()).or(scripts.last()).cloned();
            async move {
                // There is one for every connection: the last goes on.
                if let Some(script) = script {
                    Peer::new(stream, log).play(script).await;
                }
            }
        })
        .await?;
        Ok(Self { server, seen })
    }

    /// Answers every request with this, and closes: [`Script::answering`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn answering(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> io::Result<Self> {
        Self::start_each([Script::answering(status, headers, body)]).await
    }

    /// Reads every request and never answers: [`Script::hanging`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn hanging() -> io::Result<Self> {
        Self::start_each([Script::hanging()]).await
    }

    /// Answers with server-sent events: [`Script::sse`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn sse(events: impl IntoIterator<Item = impl AsRef<str>>) -> io::Result<Self> {
        Self::start_each([Script::sse(events)]).await
    }

    /// Answers each request with its own body and head: [`Script::echo`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::echo().await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("POST", "/", &[("x-one", "1")], b"hi")).await?;
    /// assert_eq!((answer.text().as_str(), answer.head.header("x-seen-x-one")), ("hi", Some("1")));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn echo() -> io::Result<Self> {
        Self::start_each([Script::echo()]).await
    }

    /// A port that refuses connections, and that nobody else can get meanwhile: [`LoopbackServer::refusing`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn refusing() -> io::Result<Self> {
        Ok(Self { server: LoopbackServer::refusing()?, seen: Arc::default() })
    }

    /// A port at which connecting hangs: [`LoopbackServer::unreachable`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn unreachable() -> io::Result<Self> {
        Ok(Self { server: LoopbackServer::unreachable().await?, seen: Arc::default() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// `http://127.0.0.1:PORT/v1`, as a configured endpoint would be.
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// How many request heads were read.
    pub fn hits(&self) -> usize {
        self.seen.borrow().requests.len()
    }

    /// Every request, in the order in which their heads were read.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.seen.borrow().requests.clone()
    }

    /// Every connection, in the order in which they were accepted.
    pub fn connections(&self) -> Vec<Connection> {
        self.seen.borrow().connections.clone()
    }

    /// Waits until `times` request heads were read in all.
    pub async fn until_hit(&self, times: usize) {
        self.until(|seen| seen.requests.len() >= times).await;
    }

    /// Waits until `bodies` request bodies were read whole in all.
    pub async fn until_read(&self, bodies: usize) {
        self.until(|seen| seen.requests.iter().filter(|request| request.complete).count() >= bodies).await;
    }

    /// Waits until there was a connection and the other side has closed or reset every one.
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
