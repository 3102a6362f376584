use super::prediction::Prediction;
use super::seen::Seen;
use super::server::Standin;
use super::stage::Moment;
use crate::LoopbackServer;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;

/// A stand-in that is serving; dropping it closes its port and every connection, and ends every prediction.
pub struct Running {
    server: LoopbackServer,
    standin: Arc<Standin>,
}

impl Running {
    pub(super) fn new(server: LoopbackServer, standin: Arc<Standin>) -> Self {
        Self { server, standin }
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

    /// Every request, in the order in which they were read.
    pub fn seen(&self) -> Vec<Seen> {
        self.standin.seen()
    }

    /// Method and path of every request, in order.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// What `GET /_predictions` tells.
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
    pub async fn saw_nth(&self, line: &str, count: usize) -> Seen {
        let nth = || self.seen().into_iter().filter(|seen| seen.line() == line).nth(count.saturating_sub(1));
        self.until(nth).await
    }

    /// Waits until this has happened to any prediction.
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
