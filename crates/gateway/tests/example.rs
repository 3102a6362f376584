//! The example does what it says: a gateway in an axum program.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../examples/beside_other_routes.rs"]
#[allow(dead_code, reason = "the test runs all of it but `main`")]
mod beside_other_routes;

use beside_other_routes::{gateway, program};
use bytes::Bytes;
use oar_gateway::{Backend, Gateway};
use oar_routing::{Access, Candidate, Order, Router};
use oar_testkit::{Head, Heard, RawClient, ScriptedUpstream, request_bytes};
use oar_upstream::openai::{OpenAi, Settings, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The program on a free port, until the set is dropped.
async fn serve(gateway: Gateway) -> (SocketAddr, JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let service = program(gateway).into_make_service_with_connect_info::<SocketAddr>();
    let mut running = JoinSet::new();
    running.spawn(async move { axum::serve(listener, service).await.unwrap() });
    (addr, running)
}

fn chat(token: &str) -> Bytes {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    request_bytes("POST", "/v1/chat/completions", &headers, br#"{"model": "m"}"#)
}

fn status(head: &Head) -> u16 {
    head.status().unwrap()
}

#[tokio::test]
async fn the_gateway_answers_below_v1_and_the_program_elsewhere() {
    let upstream = ScriptedUpstream::answering(200, &[], "Hello yourself").await.unwrap();
    let (addr, _running) = serve(gateway(&upstream.endpoint()).unwrap()).await;

    let hello = RawClient::exchange(addr, request_bytes("GET", "/hello", &[], b"")).await.unwrap();
    assert_eq!((status(&hello.head), hello.text().as_str()), (200, "Hello"));
    let elsewhere = RawClient::exchange(addr, request_bytes("GET", "/elsewhere", &[], b"")).await.unwrap();
    assert_eq!(status(&elsewhere.head), 404);

    let stranger = RawClient::exchange(addr, chat("wrong")).await.unwrap();
    assert_eq!(status(&stranger.head), 401);
    assert!(upstream.requests().is_empty());

    let served = RawClient::exchange(addr, chat("team-token")).await.unwrap();
    assert_eq!((status(&served.head), served.text().as_str()), (200, "Hello yourself"));
    assert_eq!(served.head.header("x-oar-upstream"), Some("openai"));
    assert_eq!(upstream.requests()[0].head.header("authorization"), Some("Bearer provider-key"));
}

#[tokio::test]
async fn the_gateway_is_told_who_asks() {
    let heard = Heard::new();
    let nobody = ScriptedUpstream::refusing().unwrap();
    let settings = Settings { endpoint: nobody.endpoint(), ..Settings::default() };
    let upstream = OpenAi::new(&settings, Transport::new(Duration::from_secs(5))).unwrap();
    let candidate = Candidate::new("nobody", Arc::new(Backend::new(Arc::new(upstream)))).access(Access::Anyone);
    let router = Router::builder(Order::Configured).candidate(candidate).build().unwrap();
    let (addr, _running) = serve(Gateway::builder(router).observer(heard.clone()).build()).await;
    RawClient::exchange(addr, chat("any")).await.unwrap();
    assert_eq!(heard.only().await.request.peer, addr.ip());
}
