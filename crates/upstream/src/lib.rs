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

mod upstream;

mod request;
mod response;

mod error;

#[cfg(any(feature = "openai", feature = "replicate"))]
mod dns;
#[cfg(any(feature = "openai", feature = "replicate"))]
mod fault;
#[cfg(any(feature = "openai", feature = "replicate"))]
mod tls;

#[cfg(feature = "openai")]
pub mod openai;
#[cfg(feature = "replicate")]
pub mod replicate;

pub use error::{Fault, UpstreamError};
pub use request::{Connection, UpstreamRequest};
pub use response::{BodyError, Duplex, ResponseBody, UpstreamResponse};
pub use upstream::{Description, Upstream};
