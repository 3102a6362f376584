use super::peer::Peer;
use super::script::Script;
use super::seen::{Log, Seen};
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
    pub(super) seen: Arc<watch::Sender<Seen>>,
}

impl ScriptedUpstream {
    /// Plays the same script on every connection.
    ///
    /// # Errors
    ///
    /// No loopback port could be had; so for all constructors.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, Step, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let steps = [Step::ReadHead, Step::send("HTTP/1.1 204 No Content\r\n\r\n")];
    /// let upstream = ScriptedUpstream::start(steps).await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// assert_eq!(answer.head.status(), Some(204));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(script: impl Into<Script>) -> io::Result<Self> {
        Self::start_each([script.into()]).await
    }

    /// Plays the first script on the first connection, and so on; the last is played on all that follow.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); `InvalidInput` without any script.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let request = request_bytes("GET", "/", &[], b"");
    /// let scripts = [Script::after_request([Step::Rst]), Script::answering(200, &[], "well")];
    /// let upstream = ScriptedUpstream::start_each(scripts).await?;
    /// assert!(RawClient::exchange(upstream.addr(), &request).await.is_err());
    /// assert_eq!(RawClient::exchange(upstream.addr(), &request).await?.text(), "well");
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::answering(401, &[], "wrong key").await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// assert_eq!((answer.head.status(), answer.text().as_str()), (Some(401), "wrong key"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn answering(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> io::Result<Self> {
        Self::start_each([Script::answering(status, headers, body)]).await
    }

    /// Reads every request and never answers: [`Script::hanging`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::hanging().await?;
    /// let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// upstream.until_read(1).await;
    /// assert_eq!(upstream.connections()[0].sent, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn hanging() -> io::Result<Self> {
        Self::start_each([Script::hanging()]).await
    }

    /// Answers with server-sent events: [`Script::sse`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::sse(["one", "[DONE]"]).await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// assert_eq!(answer.text(), "data: one\n\ndata: [DONE]\n\n");
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::refusing()?;
    /// assert!(RawClient::connect(upstream.addr()).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn refusing() -> io::Result<Self> {
        Ok(Self { server: LoopbackServer::refusing()?, seen: Arc::default() })
    }

    /// A port at which connecting hangs: [`LoopbackServer::unreachable`].
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    ///
    /// ```
    /// # use oar_testkit::{RawClient, ScriptedUpstream};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::unreachable().await?;
    /// let connecting = RawClient::connect(upstream.addr());
    /// assert!(tokio::time::timeout(std::time::Duration::from_secs(60), connecting).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn unreachable() -> io::Result<Self> {
        Ok(Self { server: LoopbackServer::unreachable().await?, seen: Arc::default() })
    }

    /// Where it listens.
    ///
    /// ```
    /// # use oar_testkit::ScriptedUpstream;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::hanging().await?;
    /// assert!(tokio::net::TcpStream::connect(upstream.addr()).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    ///
    /// ```
    /// # use oar_testkit::ScriptedUpstream;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::hanging().await?;
    /// assert_eq!(upstream.origin(), format!("http://127.0.0.1:{}", upstream.addr().port()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// `http://127.0.0.1:PORT/v1`, as a configured endpoint would be.
    ///
    /// ```
    /// # use oar_testkit::ScriptedUpstream;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::hanging().await?;
    /// assert_eq!(upstream.endpoint(), format!("{}/v1", upstream.origin()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }
}
