use bytes::Bytes;
use std::fmt;

/// The head of a request or a response exactly as it was on the wire, blank line included.
///
/// Looking things up is lenient, as it must be for heads that are wrong on purpose; [`raw`](Self::raw) is the truth.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
/// # let upstream = ScriptedUpstream::answering(404, &[("X-Tea", " green ")], "").await?;
/// # let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
/// let answer = RawClient::exchange(upstream.addr(), request).await?;
/// let (asked, answered) = (&upstream.requests()[0].head, &answer.head);
///
/// assert_eq!((asked.method(), asked.target()), ("GET", "/v1/models?x=1"));
/// assert_eq!((answered.status(), answered.first_line()), (Some(404), "HTTP/1.1 404 Not Found"));
/// assert_eq!((answered.header("x-tea"), answered.values("x-tea").count()), (Some("green"), 1));
/// assert!(answered.headers().any(|header| header == ("X-Tea", "green")) && answered.raw().ends_with(b"\r\n\r\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    raw: Bytes,
    text: String,
}

impl Head {
    pub(crate) fn new(raw: Bytes) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        Self { raw, text }
    }

    /// The bytes, from the first of the first line to the blank line.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// let upstream = ScriptedUpstream::answering(200, &[("X-Tea", " green ")], "").await?;
    /// # let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
    /// let head = RawClient::exchange(upstream.addr(), request).await?.head;
    /// // Where the spelling matters, and every space.
    /// assert!(head.raw().starts_with(b"HTTP/1.1 200 OK\r\nX-Tea:  green \r\n"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The request line or the status line, without its line end.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// let upstream = ScriptedUpstream::answering(429, &[], "").await?;
    /// # let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
    /// let head = RawClient::exchange(upstream.addr(), request).await?.head;
    /// assert_eq!(head.first_line(), "HTTP/1.1 429 Too Many Requests");
    /// # Ok(())
    /// # }
    /// ```
    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The request's method; of a response, the protocol version.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # let upstream = ScriptedUpstream::answering(200, &[], "").await?;
    /// let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
    /// RawClient::exchange(upstream.addr(), request).await?;
    /// assert_eq!(upstream.requests()[0].head.method(), "GET");
    /// # Ok(())
    /// # }
    /// ```
    pub fn method(&self) -> &str {
        self.word(0)
    }

    /// The request's target: path and query as they were sent.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// # let upstream = ScriptedUpstream::answering(200, &[], "").await?;
    /// let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
    /// RawClient::exchange(upstream.addr(), request).await?;
    /// assert_eq!(upstream.requests()[0].head.target(), "/v1/models?x=1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn target(&self) -> &str {
        self.word(1)
    }

    /// The response's status; `None` if there is no number in its place.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, Script, ScriptedUpstream, Step, request_bytes};
    /// # let request = request_bytes("GET", "/", &[], b"");
    /// let script = Script::after_request([Step::send("HTTP/1.1 fine\r\n\r\n"), Step::Fin]);
    /// let upstream = ScriptedUpstream::start(script).await?;
    /// assert_eq!(RawClient::exchange(upstream.addr(), request).await?.head.status(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(&self) -> Option<u16> {
        self.word(1).parse().ok()
    }

    /// The first value under `name`, in any case, trimmed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// let upstream = ScriptedUpstream::answering(429, &[("Retry-After", "7")], "").await?;
    /// # let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
    /// let head = RawClient::exchange(upstream.addr(), request).await?.head;
    /// assert_eq!((head.header("retry-after"), head.header("x-tea")), (Some("7"), None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All values under `name`, in order.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// let upstream = ScriptedUpstream::answering(200, &[("Set-Cookie", "a=1"), ("set-cookie", "b=2")], "").await?;
    /// # let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
    /// let head = RawClient::exchange(upstream.addr(), request).await?.head;
    /// assert_eq!(head.values("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All headers in order, names as they were spelled, values trimmed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, ScriptedUpstream, request_bytes};
    /// let upstream = ScriptedUpstream::answering(200, &[("X-Tea", " green ")], "").await?;
    /// # let request = request_bytes("GET", "/v1/models?x=1", &[], b"");
    /// let head = RawClient::exchange(upstream.addr(), request).await?.head;
    /// assert_eq!(head.headers().next(), Some(("X-Tea", "green")));
    /// let names: Vec<_> = head.headers().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["X-Tea", "connection", "content-length"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(key, value)| (key, value.trim()))
    }

    fn word(&self, index: usize) -> &str {
        self.first_line().split(' ').nth(index).unwrap_or_default()
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Head").field(&self.text).finish()
    }
}
