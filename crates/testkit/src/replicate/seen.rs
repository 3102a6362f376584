use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;

/// A request as it came: see [`Running::saw`](super::Running::saw).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use oar_testkit::replicate::Standin;
/// # use oar_testkit::{RawClient, request_bytes};
/// # let headers = [("authorization", "Bearer r8_any")];
/// # let create = request_bytes("POST", "/v1/models/acme/m/predictions", &headers, br#"{"input": {"prompt": "x"}}"#);
/// use oar_testkit::replicate::Seen;
///
/// let standin = Standin::new().start().await?;
/// RawClient::exchange(standin.addr(), create).await?;
/// let seen: Seen = standin.saw("POST /v1/models/acme/m/predictions").await;
/// assert_eq!(seen.header("authorization"), Some("Bearer r8_any"));
/// assert_eq!((&seen.body[..], &seen.json()["input"]["prompt"]), (&br#"{"input": {"prompt": "x"}}"#[..], &"x".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Seen {
    head: Parts,
    /// Its body.
    pub body: Bytes,
}

impl Seen {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self { head, body }
    }

    /// Method and path, e.g. `GET /v1/predictions/p1`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::replicate::Standin;
    /// # use oar_testkit::{RawClient, request_bytes};
    /// let standin = Standin::new().start().await?;
    /// RawClient::exchange(standin.addr(), request_bytes("GET", "/v1/account?x=1", &[], b"")).await?;
    /// assert_eq!(standin.seen()[0].line(), "GET /v1/account", "without the query");
    /// # Ok(())
    /// # }
    /// ```
    pub fn line(&self) -> String {
        format!("{} {}", self.head.method, self.head.uri.path())
    }

    /// The value under this name, if there is one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::replicate::Standin;
    /// # use oar_testkit::{RawClient, request_bytes};
    /// let standin = Standin::new().start().await?;
    /// RawClient::exchange(standin.addr(), request_bytes("GET", "/v1/account", &[("X-Tea", "green")], b"")).await?;
    /// let seen = &standin.seen()[0];
    /// assert_eq!((seen.header("x-tea"), seen.header("x-milk")), (Some("green"), None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body; null if it is no JSON.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use oar_testkit::replicate::Standin;
    /// # use oar_testkit::{RawClient, request_bytes};
    /// let standin = Standin::new().start().await?;
    /// for body in [r#"{"stream": true}"#, "no JSON"] {
    ///     RawClient::exchange(standin.addr(), request_bytes("POST", "/v1/predictions", &[], body.as_bytes())).await?;
    /// }
    /// assert_eq!(standin.seen()[0].json()["stream"], true);
    /// assert!(standin.seen()[1].json().is_null());
    /// # Ok(())
    /// # }
    /// ```
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn method(&self) -> &str {
        self.head.method.as_str()
    }

    pub(super) fn segments(&self) -> Vec<&str> {
        self.head.uri.path().trim_start_matches('/').split('/').collect()
    }

    /// The origin at which the client sees this server.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.header("host").unwrap_or("127.0.0.1"))
    }

    /// What it presents, as `Bearer`, or `Token` as older clients have it.
    pub(super) fn token(&self) -> Option<&str> {
        let presented = self.header("authorization")?;
        presented.strip_prefix("Bearer ").or_else(|| presented.strip_prefix("Token "))
    }
}
