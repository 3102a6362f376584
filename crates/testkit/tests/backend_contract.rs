//! The contract holds for an upstream that keeps it, and notices one that does not.

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use oar_testkit::backend_contract::{self, Passthrough};
use oar_upstream::{Fault, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;

/// The least that keeps the contract.
struct Plain {
    endpoint: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

fn plain(endpoint: &str) -> Arc<dyn Upstream> {
    Arc::new(Plain { endpoint: endpoint.to_owned(), client: Client::builder(TokioExecutor::new()).build_http() })
}

#[async_trait]
impl Upstream for Plain {
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let uri = format!("{}{}", self.endpoint, request.path_and_query);
        let request = http::Request::post(uri).body(Full::new(request.body.clone())).expect("a valid URI");
        let response = self.client.request(request).await.map_err(|error| {
            let fault = if error.is_connect() { Fault::Refused } else { Fault::Reset };
            UpstreamError::caused_by(fault, error)
        })?;
        let (head, body) = response.into_parts();
        Ok(UpstreamResponse { status: head.status, headers: head.headers, body: ResponseBody::stream(body) })
    }
}

/// Reads the whole body before it resolves, and forgets that it was cut.
struct Buffering(Arc<dyn Upstream>);

#[async_trait]
impl Upstream for Buffering {
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let response = self.0.send(request).await?;
        let bytes = match response.body {
            ResponseBody::Body(body) => body.collect().await.map(Collected::to_bytes).unwrap_or_default(),
            ResponseBody::Tunnel(_) => Bytes::new(),
        };
        Ok(UpstreamResponse { body: ResponseBody::full(bytes), ..response })
    }
}

fn buffering(endpoint: &str) -> Arc<dyn Upstream> {
    Arc::new(Buffering(plain(endpoint)))
}

#[tokio::test]
async fn a_passthrough_keeps_every_promise() {
    backend_contract::all_against::<Passthrough>(plain).await;
}

#[tokio::test]
#[should_panic(expected = "a cut body looked complete")]
async fn hiding_a_cut_is_noticed() {
    backend_contract::a_cut_body_ends_with_an_error::<Passthrough>(buffering).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "waited for the upstream to answer")]
async fn waiting_for_the_body_is_noticed() {
    backend_contract::sending_resolves_at_the_head::<Passthrough>(buffering).await;
}
