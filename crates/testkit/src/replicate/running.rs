use super::prediction::Prediction;
use super::seen::Seen;
use super::server::Standin;
use super::stage::Moment;
use crate::LoopbackServer;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;

/// A stand-in that is serving; dropping it closes its port and every connection, and ends every prediction.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use oar_testkit::replicate::{Play, Standin};
/// # use oar_testkit::{RawClient, request_bytes};
/// # let headers = [("authorization", "Bearer r8_any")];
/// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input": {"prompt": "x"}}"#);
/// use oar_testkit::replicate::Running;
///
/// let standin: Running = Standin::playing(Play::saying(["Hi"])).start().await?;
/// RawClient::exchange(standin.addr(), create).await?;
/// assert_eq!(standin.lines(), ["POST /v1/models/acme/m/predictions"]);
/// assert_eq!(standin.predictions()[0]["input"]["prompt"], "x");
/// # Ok(())
/// # }
/// ```
pub struct Running {
    server: LoopbackServer,
    standin: Arc<Standin>,
}

impl Running {
    pub(super) fn new(server: LoopbackServer, standin: Arc<Standin>) -> Self {
        Self { server, standin }
    }

    /// Where it listens.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// let standin = Standin::new().start().await?;
    /// let answer = RawClient::exchange(standin.addr(), request_bytes("GET", "/_predictions", &[], b"")).await?;
    /// assert_eq!(answer.text(), "[]");
    /// # Ok(())
    /// # }
    /// ```
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::replicate::Standin;
    /// let standin = Standin::new().start().await?;
    /// assert_eq!(standin.origin(), format!("http://{}", standin.addr()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// `http://127.0.0.1:PORT/v1`, as a configured endpoint would be.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::replicate::Standin;
    /// let standin = Standin::new().start().await?;
    /// assert_eq!(standin.endpoint(), format!("http://{}/v1", standin.addr()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    /// Every request, in the order in which they were read.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// let standin = Standin::new().start().await?;
    /// for key in ["Bearer r8_one", "Token r8_two"] {
    ///     let request = request_bytes("GET", "/v1/account", &[("authorization", key)], b"");
    ///     RawClient::exchange(standin.addr(), request).await?;
    /// }
    /// let keys: Vec<_> = standin.seen().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    /// assert_eq!(keys, [Some("Bearer r8_one".to_owned()), Some("Token r8_two".to_owned())]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn seen(&self) -> Vec<Seen> {
        self.standin.seen()
    }

    /// Method and path of every request, in order.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// let standin = Standin::new().start().await?;
    /// for path in ["/v1/account?x=1", "/v1/predictions"] {
    ///     RawClient::exchange(standin.addr(), request_bytes("GET", path, &[], b"")).await?;
    /// }
    /// assert_eq!(standin.lines(), ["GET /v1/account", "GET /v1/predictions"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// What `GET /_predictions` tells.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Moment, Play, Standin}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let standin = Standin::playing(Play::saying(["Hi"])).start().await?;
    /// RawClient::exchange(standin.addr(), create).await?;
    /// standin.happened(Moment::Ended).await;
    /// let told = &standin.predictions()[0];
    /// assert_eq!((&told["model"], &told["status"]), (&"acme/m".into(), &"succeeded".into()));
    /// assert_eq!((&told["events"][0]["event"], &told["events"][2]["event"]), (&"created".into(), &"ended".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn predictions(&self) -> Vec<Value> {
        self.standin.reports()
    }

    /// Waits until a request with this method and path has come, e.g. `GET /v1/predictions/p1`; it is the first of them.
    ///
    /// ```
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let standin = Standin::new().start().await?;
    /// let headers = [("authorization", "Bearer r8_any")];
    /// RawClient::exchange(standin.addr(), request_bytes("GET", "/v1/account", &headers, b"")).await?;
    /// let seen = standin.saw("GET /v1/account").await;
    /// assert_eq!((seen.header("authorization"), standin.lines()), (Some("Bearer r8_any"), vec![seen.line()]));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn saw(&self, line: &str) -> Seen {
        self.saw_nth(line, 1).await
    }

    /// Waits until that many of them have come; it is the last.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::Standin, request_bytes};
    /// let standin = Standin::new().start().await?;
    /// for time in ["first", "second"] {
    ///     let request = request_bytes("GET", "/v1/account", &[("x-time", time)], b"");
    ///     RawClient::exchange(standin.addr(), request).await?;
    /// }
    /// assert_eq!(standin.saw_nth("GET /v1/account", 2).await.header("x-time"), Some("second"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn saw_nth(&self, line: &str, count: usize) -> Seen {
        let nth = || self.seen().into_iter().filter(|seen| seen.line() == line).nth(count.saturating_sub(1));
        self.until(nth).await
    }

    /// Waits until this has happened to any prediction.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::{RawClient, replicate::{Moment, Play, Standin, Step}, request_bytes};
    /// # let headers = [("authorization", "Bearer r8_any")];
    /// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input":{"prompt":"x"}}"#);
    /// let standin = Standin::playing(Play::new([Step::Say("Hel".into())])).start().await?;
    /// RawClient::exchange(standin.addr(), create).await?;
    /// standin.happened(Moment::FirstPiece).await;
    /// assert_eq!(standin.predictions()[0]["status"], "processing");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn happened(&self, moment: Moment) {
        let happened = |prediction: &Arc<Prediction>| prediction.moments().contains(&moment);
        self.until(|| self.standin.predictions().iter().find(|prediction| happened(prediction)).map(drop)).await;
    }

    async fn until<T>(&self, look: impl Fn() -> Option<T>) -> T {
        let mut news = self.standin.news();
        loop {
            if let Some(found) = look() {
                return found;
            }
            // The sender lives as long as `self`, so waiting cannot fail.
            let _ = news.changed().await;
        }
    }
}
