//! One remote API that a gateway can send a request to.
//!
//! [`Upstream`] is the open set: implement it to add a backend. It is given an [`UpstreamRequest`] and yields an
//! [`UpstreamResponse`], or an [`UpstreamError`] that says whether anything was sent.
//!
//! The adapters for known APIs are modules, each behind a feature of its name, both on unless told otherwise: `openai` passes
//! requests through byte for byte, `replicate` translates to and from Replicate's predictions. Without either the crate is
//! the trait and its types alone, and needs neither TLS nor an HTTP client.
//!
//! This crate refuses to route, to repeat, to time out and to record: who calls [`Upstream::send`] decides how long it
//! waits and what happens next.
//!
//! ```
//! use async_trait::async_trait;
//! use oar_upstream::{ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
//!
//! /// Answers every request with its own path.
//! struct Echo;
//!
//! #[async_trait]
//! impl Upstream for Echo {
//!     async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
//!         Ok(UpstreamResponse {
//!             status: http::StatusCode::OK,
//!             headers: http::HeaderMap::new(),
//!             body: ResponseBody::full(request.path_and_query.clone()),
//!         })
//!     }
//! }
//! ```

mod error;
mod request;
mod response;

#[cfg(any(feature = "openai", feature = "replicate"))]
mod causes;
#[cfg(any(feature = "openai", feature = "replicate"))]
mod dns;
#[cfg(any(feature = "openai", feature = "replicate"))]
mod tls;

#[cfg(feature = "openai")]
pub mod openai;
#[cfg(feature = "replicate")]
pub mod replicate;

pub use error::{Fault, UpstreamError};
pub use request::{Connection, UpstreamRequest};
pub use response::{BodyError, Duplex, ResponseBody, UpstreamResponse};

use async_trait::async_trait;
use secrecy::SecretString;

/// One remote API.
///
/// Shared by all requests: `&self`, no locks held across an await.
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
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError>;

    /// Where this upstream is and which key it presents, for records and listings. Called at start, not for requests.
    fn describe(&self) -> Description {
        Description::default()
    }
}

// Upstreams are chosen by configuration, so the trait must stay usable as a trait object.
const _: fn(&dyn Upstream) = |_| {};

/// What an upstream says of itself.
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
