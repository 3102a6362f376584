use crate::{UpstreamError, UpstreamRequest, UpstreamResponse};
use async_trait::async_trait;
use secrecy::SecretString;

/// One remote API.
///
/// Shared by all requests: `&self`, no locks held across an await.
///
/// ```
/// use async_trait::async_trait;
/// use oar_upstream::{Description, Fault, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
///
/// /// Knows one answer.
/// struct Answer(&'static str);
///
/// #[async_trait]
/// impl Upstream for Answer {
///     async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
///         if self.0.is_empty() {
///             return Err(UpstreamError::new(Fault::Misconfigured));
///         }
///         let headers = http::HeaderMap::new();
///         Ok(UpstreamResponse { status: http::StatusCode::OK, headers, body: ResponseBody::full(self.0) })
///     }
///
///     fn describe(&self) -> Description {
///         let defect = self.0.is_empty().then(|| "it knows no answer".into());
///         Description { endpoint: "answer".into(), defect, ..Description::default() }
///     }
/// }
///
/// # use futures_util::FutureExt;
/// let upstream: Box<dyn Upstream> = Box::new(Answer("42"));
/// let request = UpstreamRequest::new(http::Method::GET, "/models");
/// let response = upstream.send(&request).now_or_never().expect("it waits for nobody")?;
/// assert_eq!(response.status, 200);
/// assert_eq!(upstream.describe().defect, None);
/// # Ok::<(), UpstreamError>(())
/// ```
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    /// Sends one attempt; resolves when the response head has arrived, whatever its status.
    ///
    /// Called once per attempt, by the gateway, which puts its own time limit around it.
    ///
    /// # Errors
    ///
    /// An [`UpstreamError`] says that no response head arrived, and why. A response with an error status is no error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future abandons the request: its connection is closed, or its HTTP/2 stream reset. Dropping the
    /// response's body does the same later.
    ///
    /// ```
    /// # use async_trait::async_trait;
    /// # use futures_util::FutureExt;
    /// # use oar_upstream::{Fault, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
    /// struct Nobody;
    ///
    /// #[async_trait]
    /// impl Upstream for Nobody {
    ///     async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
    ///         Err(UpstreamError::new(Fault::Refused))
    ///     }
    /// }
    ///
    /// let asking = Nobody.send(&UpstreamRequest::new(http::Method::GET, "/models")).now_or_never();
    /// let error = asking.expect("it waits for nobody").expect_err("no head");
    /// assert_eq!(error.fault(), Fault::Refused);
    /// ```
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError>;

    /// Where this upstream is and which key it presents, for records and listings. Called at start, not for requests.
    ///
    /// ```
    /// # use async_trait::async_trait;
    /// # use oar_upstream::{Description, Fault, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
    /// struct Nobody;
    ///
    /// #[async_trait]
    /// impl Upstream for Nobody {
    ///     # async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
    ///     #     Err(UpstreamError::new(Fault::Refused))
    ///     # }
    ///     // `send`, and:
    ///     fn describe(&self) -> Description {
    ///         Description { endpoint: "nobody".into(), ..Description::default() }
    ///     }
    /// }
    ///
    /// assert_eq!(Nobody.describe().endpoint, "nobody");
    /// ```
    fn describe(&self) -> Description {
        Description::default()
    }
}

// Upstreams are chosen by configuration, so the trait must stay usable as a trait object.
const _: fn(&dyn Upstream) = |_| {};

/// What an upstream says of itself.
///
/// ```
/// use oar_upstream::Description;
///
/// let told = Description { endpoint: "https://api.test/v1".into(), key: Some("sk-1".into()), ..Description::default() };
/// assert!(!format!("{told:?}").contains("sk-1"), "a key does not print");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// Where it is, without credentials: `https://api.openai.com/v1`.
    pub endpoint: String,
    /// The key that it presents; recorded as a fingerprint unless the operator chose otherwise.
    pub key: Option<SecretString>,
    /// Whether it passes the client's own token on, so that what it answers depends on who asks.
    pub passes_client_token: bool,
    /// Why no request can succeed as it is configured, if so: `endpoint is empty`.
    pub defect: Option<String>,
    /// What a person may want to know before using it, if anything.
    pub advice: Option<String>,
}
