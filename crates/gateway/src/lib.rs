//! The request path: authenticate, read, plan, attempt, relay.
//!
//! A [`Gateway`] is an HTTP service. Each request takes the same way, told as a list of stages by [`Gateway::serve`] and,
//! in words, by `docs/life-of-a-request.md`: who calls is known before a byte of the body is read; the body is read whole,
//! so that every attempt sends the same bytes; the first upstream that answers with a success is relayed frame by frame;
//! and however it ended, every observer hears the story exactly once.
//!
//! This crate refuses to know where its configuration came from, what becomes of the stories it tells, and which
//! upstreams there are: it sees a [`Router`](oar_routing::Router), [`Observer`](oar_exchange::Observer)s and
//! [`Upstream`](oar_upstream::Upstream)s.
//!
//! ```
//! use async_trait::async_trait;
//! use http_body_util::{BodyExt, Full};
//! use oar_gateway::{Backend, Gateway};
//! use oar_routing::{Candidate, Order, Router, Token};
//! use oar_upstream::{ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
//! use std::sync::Arc;
//!
//! struct Hello;
//!
//! #[async_trait]
//! impl Upstream for Hello {
//!     async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
//!         let body = ResponseBody::full("hello");
//!         Ok(UpstreamResponse { status: http::StatusCode::OK, headers: http::HeaderMap::new(), body })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let router = Router::builder(Order::Configured)
//!     .token(Token::new("team-token"))
//!     .candidate(Candidate::new("hello", Arc::new(Backend::new(Arc::new(Hello)))))
//!     .build()?;
//! let gateway = Gateway::builder(router).build();
//!
//! let request = http::Request::post("/v1/chat/completions")
//!     .header("host", "gateway.example")
//!     .header("authorization", "Bearer team-token")
//!     .body(Full::from(r#"{"model": "any"}"#))?;
//! let response = gateway.serve(request).await;
//! assert_eq!(response.headers()["x-oar-upstream"], "hello");
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "hello");
//! # Ok(())
//! # }
//! ```

// What it is made of.
mod backend;
mod builder;
mod rules;

// The way of a request, stage by stage.
mod gateway;

mod head;
mod ledger;

mod authenticate;

mod budget;
mod collect;
mod read;

mod attempt;
mod error_answer;
mod failures;
mod hold;

mod answer;
mod relay;

mod copy;
mod ending;
mod events;
mod relayed_body;

mod drain;
mod tunnel;

// What ends elsewhere than at an upstream.
mod cors;
mod models;
mod reject;

// What several of them ask.
mod idle;
mod kind;

pub use answer::AnswerBody;
pub use backend::{Backend, OnClientClose, Patience};
pub use builder::Builder;
pub use cors::allow_all_origins;
pub use drain::DRAINS_CAP;
pub use gateway::Gateway;
pub use head::Peer;
pub use oar_protocol::TrustedProxies;
pub use relayed_body::Relay;
pub use rules::{CredentialLabel, Keep, KeepHeaders, Limits, Rules};
