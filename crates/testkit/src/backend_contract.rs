//! What every [`Upstream`] must do, whatever API it speaks.
//!
//! Each function takes a way to build the upstream under test for an endpoint (`http://127.0.0.1:PORT/v1`), puts a
//! scripted remote there and asserts one promise of the trait. They panic when it is broken, as assertions do, and give
//! up after five seconds of tokio's time.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use oar_upstream::Upstream;
//! # fn acme(endpoint: &str) -> Arc<dyn Upstream> { unimplemented!() }
//! # async fn a_test() {
//! oar_testkit::backend_contract::all(acme).await;
//! # }
//! ```

use crate::{Script, ScriptedUpstream, Step};
use bytes::Bytes;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use oar_upstream::{Connection, Fault, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);

/// A plain chat request, for tests that do not care what they ask.
pub fn chat_request() -> UpstreamRequest {
    UpstreamRequest {
        method: Method::POST,
        path_and_query: "/chat/completions".to_owned(),
        headers: HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )]),
        body: Bytes::from_static(br#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}"#),
        model: Some("gpt-4o-mini".to_owned()),
        stream: false,
        request_id: "contract".to_owned(),
        client_token: None,
        upgrade: None,
        connection: Connection::Any,
    }
}

/// The promises that hold for any API: what becomes of remotes that refuse, leave or stay silent.
pub async fn all(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    a_refused_connection_is_an_error(&build).await;
    a_remote_that_leaves_without_a_head_is_an_error(&build).await;
    dropping_the_future_abandons_the_request(&build).await;
}

/// Every promise of this module: for upstreams that pass the remote's answer through.
pub async fn all_of_a_passthrough(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    all(&build).await;
    an_error_status_is_a_response(&build).await;
    sending_resolves_at_the_head(&build).await;
    dropping_the_body_abandons_the_request(&build).await;
    a_cut_body_ends_with_an_error(&build).await;
}

/// A closed port is told as [`Fault::Refused`]: nothing was sent.
pub async fn a_refused_connection_is_an_error(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = ScriptedUpstream::refusing().expect("a loopback port");
    let error = send(&build(&remote.endpoint())).await.expect_err("a refused connection is no response");
    assert_eq!(error.fault(), Fault::Refused);
}

/// A remote that hears the request and leaves is an error that does not claim that nothing was sent.
pub async fn a_remote_that_leaves_without_a_head_is_an_error(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = start(Script::after_request([Step::Fin])).await;
    let error = send(&build(&remote.endpoint())).await.expect_err("there was no head");
    assert!(
        matches!(error.fault(), Fault::Reset | Fault::BadHead | Fault::Other),
        "the request may have been carried out, which `{error}` denies"
    );
}

/// Dropping [`Upstream::send`]'s future closes the connection.
pub async fn dropping_the_future_abandons_the_request(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = start(Script::hanging()).await;
    let upstream = build(&remote.endpoint());
    let request = chat_request();
    tokio::select! {
        _ = upstream.send(&request) => assert!(remote.hits() > 0, "it ended before it asked the remote"),
        () = remote.until_hit(1) => {}
    }
    within(remote.closed(), "the connection to be closed").await;
}

/// A response with an error status is a response, not an [`UpstreamError`].
pub async fn an_error_status_is_a_response(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = start(Script::answering(503, &[], "busy")).await;
    let response = send(&build(&remote.endpoint())).await.expect("a response whatever its status");
    assert_eq!(response.status, 503);
}

/// [`Upstream::send`] resolves when the head is there, before any of the body.
pub async fn sending_resolves_at_the_head(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = start(silent_after_the_head()).await;
    let response = send(&build(&remote.endpoint())).await.expect("the head arrived");
    assert_eq!(response.status, 200);
}

/// Dropping a response's body closes the connection.
pub async fn dropping_the_body_abandons_the_request(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let remote = start(silent_after_the_head()).await;
    let upstream = build(&remote.endpoint());
    drop(send(&upstream).await.expect("the head arrived"));
    within(remote.closed(), "the connection to be closed").await;
}

/// A body that ends before its framing says so ends with an error, never cleanly.
pub async fn a_cut_body_ends_with_an_error(build: impl Fn(&str) -> Arc<dyn Upstream>) {
    let cut = Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
    let remote = start(Script::after_request([cut, Step::Fin])).await;
    let response = send(&build(&remote.endpoint())).await.expect("the head arrived");
    let read = match response.body {
        ResponseBody::Body(body) => within(body.collect(), "the body to end").await.map(drop),
        ResponseBody::Tunnel(_) => Ok(()),
    };
    assert!(read.is_err(), "a cut body looked complete");
}

fn silent_after_the_head() -> Script {
    Script::after_request([Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"), Step::Hang])
}

async fn start(script: Script) -> ScriptedUpstream {
    ScriptedUpstream::start_each([script]).await.expect("a loopback port")
}

async fn send(upstream: &Arc<dyn Upstream>) -> Result<UpstreamResponse, UpstreamError> {
    within(upstream.send(&chat_request()), "the upstream to answer").await
}

async fn within<T>(work: impl Future<Output = T>, awaited: &str) -> T {
    timeout(PATIENCE, work).await.map_err(|_| format!("waited for {awaited}")).expect("the promise is kept in time")
}
