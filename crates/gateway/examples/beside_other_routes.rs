//! The request path in an axum program, beside routes of its own.
//!
//! ```sh
//! cargo run --package oar-gateway --example beside_other_routes
//! curl http://127.0.0.1:8888/hello
//! curl http://127.0.0.1:8888/v1/models -H 'authorization: Bearer team-token'
//! ```

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use axum::routing::get;
use oar_gateway::{Backend, Gateway, Peer};
use oar_routing::{Candidate, Order, Token};
use oar_upstream::openai::{OpenAi, Settings, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A gateway over one upstream.
pub(crate) fn gateway(endpoint: &str) -> Result<Gateway, Box<dyn std::error::Error>> {
    let settings = Settings { sk: "provider-key".into(), endpoint: endpoint.into(), ..Settings::default() };
    let upstream = OpenAi::new(&settings, Transport::new(Duration::from_secs(5)))?;
    let router = oar_routing::Router::builder(Order::Configured)
        .token(Token::new("team-token"))
        .candidate(Candidate::new("openai", Arc::new(Backend::new(Arc::new(upstream)))))
        .build()?;
    Ok(Gateway::builder(router).build())
}

/// The gateway has every path below `/v1`, the rest of the program has its own.
pub(crate) fn program(gateway: Gateway) -> Router {
    let api = Router::new().route_service("/v1/{*path}", gateway).layer(map_request(tell_peer));
    Router::new().route("/hello", get(async || "Hello")).merge(api)
}

/// The gateway wants to know who asks; axum knows it by another name.
async fn tell_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(Peer(peer.ip()));
    request
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = program(gateway("https://api.openai.com/v1")?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8888").await?;
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    let service = program.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).with_graceful_shutdown(stop).await?)
}
