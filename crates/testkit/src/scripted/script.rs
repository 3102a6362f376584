use crate::{Gate, Head, chunk_bytes, response_bytes};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One thing an upstream does on a connection.
///
/// While it sends, sleeps or waits it reads ahead a little (64 KiB), so that the other side's leaving is noticed at once.
///
/// ```
/// use oar_testkit::{Script, Step};
/// use std::time::Duration;
///
/// // A stream that begins, falls silent for a minute and is reset.
/// let silent = [Step::event_stream(), Step::event("{}"), Step::Sleep(Duration::from_secs(60)), Step::Rst];
/// let script = Script::after_request(silent);
/// # let Step::Send(chunk) = Step::event("{}") else { unreachable!() };
/// assert_eq!(chunk, "a\r\ndata: {}\n\n\r\n");
/// ```
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads a request head: this is what counts as a hit.
    ReadHead,
    /// Reads the body of the head read last.
    ReadBody,
    /// Sends bytes as they are.
    Send(Bytes),
    /// Does nothing for so long.
    Sleep(Duration),
    /// Does nothing until the test opens the gate.
    Until(Gate),
    /// Sends one byte at a time with a pause after each.
    Trickle(Bytes, Duration),
    /// Sends the same bytes again and again, with a pause after each time, until the other side leaves.
    Forever(Bytes, Duration),
    /// Answers the request read last with its own body; its head comes back in `x-seen-…` headers.
    Echo,
    /// Swallows whatever comes and never answers, until the other side leaves.
    Hang,
    /// Ends this direction with a FIN, and waits for the other side to do the same. The script is over.
    Fin,
    /// Resets the connection. The script is over.
    Rst,
}

impl Step {
    /// Sends text or bytes as they are.
    ///
    /// ```
    /// # use oar_testkit::Step;
    /// let garbage = Step::send("no head at all\r\n\r\n");
    /// assert!(matches!(garbage, Step::Send(bytes) if bytes == "no head at all\r\n\r\n"));
    /// ```
    pub fn send(bytes: impl Into<Bytes>) -> Self {
        Self::Send(bytes.into())
    }

    /// Sends one chunk of a chunked body; an empty one ends the body.
    ///
    /// ```
    /// # use oar_testkit::Step;
    /// assert!(matches!(Step::chunk("hello"), Step::Send(bytes) if bytes == "5\r\nhello\r\n"));
    /// assert!(matches!(Step::chunk(""), Step::Send(bytes) if bytes == "0\r\n\r\n"));
    /// ```
    pub fn chunk(bytes: impl AsRef<[u8]>) -> Self {
        Self::Send(chunk_bytes(bytes.as_ref()))
    }

    /// Sends one server-sent event with this `data`, as one chunk.
    ///
    /// ```
    /// # use oar_testkit::Step;
    /// assert!(matches!(Step::event("[DONE]"), Step::Send(bytes) if bytes == "e\r\ndata: [DONE]\n\n\r\n"));
    /// ```
    pub fn event(data: impl AsRef<str>) -> Self {
        Self::chunk(format!("data: {}\n\n", data.as_ref()))
    }

    /// Sends the head of a chunked `text/event-stream`.
    ///
    /// ```
    /// # use oar_testkit::Step;
    /// let Step::Send(head) = Step::event_stream() else { unreachable!() };
    /// assert!(head.starts_with(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"));
    /// ```
    pub fn event_stream() -> Self {
        Self::send(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        )
    }
}

/// What an upstream does on one connection, from the first byte to the last.
///
/// A script that is played to its end closes the connection as [`Step::Fin`] does.
///
/// ```
/// use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes, response_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let script = Script::choosing(|head, _body| match head.target() {
///     "/v1/models" => vec![Step::Send(response_bytes(200, &[], b"{}"))],
///     _ => vec![Step::Rst],
/// });
/// let upstream = ScriptedUpstream::start(script).await?;
/// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/v1/models", &[], b"")).await?;
/// assert_eq!(answer.text(), "{}");
/// assert!(RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) steps: Vec<Step>,
    /// What follows the steps.
    pub(super) choice: Option<Choice>,
    pub(super) repeats: bool,
}

/// Picks steps by the request read last.
#[derive(Clone)]
pub(super) struct Choice(Arc<Choose>);

type Choose = dyn Fn(&Head, &Bytes) -> Vec<Step> + Send + Sync;

impl Choice {
    pub(super) fn steps(&self, head: &Head, body: &Bytes) -> Vec<Step> {
        (self.0)(head, body)
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Choice").finish_non_exhaustive()
    }
}

impl Script {
    /// Plays these steps once.
    ///
    /// ```
    /// # use oar_testkit::{Ending, RawClient, Script, ScriptedUpstream, Step};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // Leaves before it was asked anything.
    /// let upstream = ScriptedUpstream::start(Script::new([Step::Fin])).await?;
    /// assert_eq!(RawClient::connect(upstream.addr()).await?.read_to_close().await.1, Ending::Fin);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), choice: None, repeats: false }
    }

    /// Reads a request whole, then plays these steps.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::start(Script::after_request([Step::Rst])).await?;
    /// assert!(RawClient::exchange(upstream.addr(), request_bytes("POST", "/", &[], b"{}")).await.is_err());
    /// assert_eq!(upstream.requests()[0].body, "{}", "it had read the request whole");
    /// # Ok(())
    /// # }
    /// ```
    pub fn after_request(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::new([Step::ReadHead, Step::ReadBody].into_iter().chain(steps))
    }

    /// Reads a request whole, then plays what `choose` picks for it: one upstream that fails in many ways.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let script = Script::choosing(|_, body| vec![if body.is_empty() { Step::Rst } else { Step::Echo }]);
    /// let upstream = ScriptedUpstream::start(script).await?;
    /// for (body, answered) in [("", false), ("{}", true)] {
    ///     let request = request_bytes("POST", "/", &[], body.as_bytes());
    ///     assert_eq!(RawClient::exchange(upstream.addr(), request).await.is_ok(), answered);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn choosing(choose: impl Fn(&Head, &Bytes) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self { choice: Some(Choice(Arc::new(choose))), ..Self::after_request([]) }
    }

    /// Reads a request and answers it with `connection: close`.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::start(Script::answering(429, &[("retry-after", "7")], "")).await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// assert_eq!((answer.head.status(), answer.head.header("connection")), (Some(429), Some("close")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn answering(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let headers: Vec<_> = headers.iter().copied().chain([("connection", "close")]).collect();
        Self::after_request([Step::Send(response_bytes(status, &headers, body.as_ref()))])
    }

    /// Answers every request of a connection alike, and keeps the connection.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::start(Script::kept_alive(200, &[], "hello")).await?;
    /// let mut client = RawClient::connect(upstream.addr()).await?;
    /// for _ in 0..2 {
    ///     client.send(request_bytes("GET", "/", &[], b"")).await?;
    ///     assert_eq!(client.read_response().await.expect("an answer").text(), "hello");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn kept_alive(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let answer = Step::Send(response_bytes(status, headers, body.as_ref()));
        Self { repeats: true, ..Self::after_request([answer]) }
    }

    /// Reads a request and never answers.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::start(Script::hanging()).await?;
    /// # let mut client = RawClient::connect(upstream.addr()).await?;
    /// client.send(request_bytes("GET", "/", &[], b"")).await?;
    /// client.half_close().await?;
    /// assert_eq!(client.read_to_close().await.0, "");
    /// # Ok(())
    /// # }
    /// ```
    pub fn hanging() -> Self {
        Self::after_request([Step::Hang])
    }

    /// Answers with a chunked stream of server-sent events, each `data` sent on its own. `[DONE]` is yours to add.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::start(Script::sse(["{}", "[DONE]"])).await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("GET", "/", &[], b"")).await?;
    /// assert_eq!((answer.text().as_str(), answer.complete), ("data: {}\n\ndata: [DONE]\n\n", true));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sse(events: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let events = events.into_iter().map(Step::event);
        Self::after_request([Step::event_stream()].into_iter().chain(events).chain([Step::chunk("")]))
    }

    /// Answers each request with its own body, see [`Step::Echo`], and keeps the connection.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let upstream = ScriptedUpstream::start(Script::echo()).await?;
    /// let answer = RawClient::exchange(upstream.addr(), request_bytes("PUT", "/a", &[], b"hi")).await?;
    /// assert_eq!(answer.head.header("x-seen-request-line"), Some("PUT /a HTTP/1.1"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn echo() -> Self {
        Self { repeats: true, ..Self::after_request([Step::Echo]) }
    }
}

impl<I: IntoIterator<Item = Step>> From<I> for Script {
    fn from(steps: I) -> Self {
        Self::new(steps)
    }
}
