//! Connections: both versions of HTTP, and clients that leave.

use crate::service::{Service, TOKEN, chat, chat_body, config, parse};
use bytes::Bytes;
use http::{Request, Version};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use oar_app::App;
use oar_app::exchange::Outcome;
use oar_testkit::{Heard, RawClient, ScriptedUpstream};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::JoinSet;

/// C16.
#[tokio::test]
async fn http2_with_prior_knowledge_is_served() {
    let upstream = ScriptedUpstream::echo().await.unwrap();
    let service = Service::before(&upstream).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    for (token, status, body) in [(TOKEN, 200, chat_body("m").as_str()), ("canary-wrong", 401, "")] {
        let request = Request::post(format!("http://{}/v1/chat/completions", service.addr))
            .header("authorization", format!("Bearer {token}"))
            .body(Full::from(chat_body("m")));
        let answer = client.request(request.unwrap()).await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (Version::HTTP_2, status));
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(text.starts_with(body.as_bytes()));
    }
    drop(client);
    service.stop().await;
}

/// An upload that stops after its first piece.
struct Stalled(Option<Bytes>);

impl Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |piece| Poll::Ready(Some(Ok(Frame::data(piece)))))
    }
}

/// C05: in HTTP/2 the connection stays when a request is given up.
#[tokio::test]
async fn an_upload_that_is_cancelled_over_http2_reaches_no_upstream() {
    let (upstream, heard) = (ScriptedUpstream::answering(200, &[], "").await.unwrap(), Heard::new());
    let file = config("dbtype: none", &[("only", &upstream)]);
    let service = Service::run(App::builder(parse(&file)).observer(heard.clone()).build().unwrap()).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Stalled>();
    let request = Request::post(format!("http://{}/v1/uploads", service.addr)).header("authorization", TOKEN);
    let mut asking = JoinSet::new();
    asking.spawn(client.request(request.body(Stalled(Some("half".into()))).unwrap()));
    while heard.begun() == 0 {
        tokio::task::yield_now().await;
    }
    drop(asking);
    let story = heard.only().await;
    assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 499), "{:?}", story.error);
    assert!(upstream.connections().is_empty());
    drop(client);
    service.stop().await;
}

/// C04: who closes the sending side is taken to have left.
#[tokio::test]
async fn a_client_that_half_closes_is_taken_to_have_left() {
    let upstream = ScriptedUpstream::hanging().await.unwrap();
    let service = Service::before(&upstream).await;
    let mut client = RawClient::connect(service.addr).await.unwrap();
    client.send(chat("m")).await.unwrap();
    upstream.until_read(1).await;
    client.half_close().await.unwrap();
    upstream.closed().await;
    assert!(upstream.connections()[0].abandoned());
    service.stop().await;
}
