//! Defects in an adapter: contained, told, and never mistaken for a proper end.

use crate::house::{Ask, Entry, House, attempts, refusal};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame};
use oar_exchange::{AttemptResult, Outcome};
use oar_gateway::Backend;
use oar_routing::Candidate;
use oar_upstream::{BodyError, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Panics when it is asked for `send`, and in its body otherwise.
struct Defective;

#[async_trait]
impl Upstream for Defective {
    async fn send(&self, request: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        assert_ne!(request.model.as_deref(), Some("send"), "on purpose");
        let body = ResponseBody::stream(DefectiveBody { polled: false });
        Ok(UpstreamResponse { status: StatusCode::OK, headers: HeaderMap::new(), body })
    }
}

struct DefectiveBody {
    polled: bool,
}

impl Body for DefectiveBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        assert!(!self.polled, "on purpose");
        self.polled = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"the beginning")))))
    }
}

fn defective() -> [Entry; 1] {
    [Candidate::new("defective", Arc::new(Backend::new(Arc::new(Defective))))]
}

/// L07.
#[tokio::test]
async fn a_panic_is_answered_500_and_ends_no_other_request() {
    let house = House::with(defective()).await;
    let ask = Ask::new("POST", "/v1/chat/completions").json(r#"{"model": "send"}"#);
    let answer = house.ask(&ask).await;
    assert_eq!(refusal(&answer), (500, "internal_error".into()));
    assert_eq!(answer.head.header("x-oar-attempts"), Some("1"));
    let story = house.story().await;
    assert_eq!((story.outcome, attempts(&story)), (Outcome::AllFailed, vec![("defective", AttemptResult::Failed)]));
    assert_eq!(refusal(&house.ask(&ask).await), (500, "internal_error".into()));
}

/// M11.
#[tokio::test]
async fn a_body_that_panics_has_no_clean_end() {
    let house = House::with(defective()).await;
    let mut client = house.begin(&Ask::new("POST", "/v1/chat/completions").json(r#"{"model": "body"}"#)).await;
    assert!(client.read_response().await.is_none_or(|answer| !answer.complete));
    assert_eq!(house.story().await.outcome, Outcome::StreamBroken);
}
