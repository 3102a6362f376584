//! A stream that lasts for half an hour.

use crate::house::{Ask, Entry, House};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use oar_exchange::Outcome;
use oar_gateway::Backend;
use oar_routing::Candidate;
use oar_upstream::{BodyError, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How many events come, and how long each lets wait.
const EVENTS: u32 = 90;
const PAUSE: Duration = Duration::from_secs(20);

/// An upstream without a socket, so that only time passes.
struct Slow;

#[async_trait]
impl Upstream for Slow {
    async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let body = stream::unfold(1, async |number| {
            let event = match number {
                ..EVENTS => "data: more\n\n",
                EVENTS => "data: [DONE]\n\n",
                _ => return None,
            };
            sleep(PAUSE).await;
            Some((Ok::<_, BodyError>(Frame::data(Bytes::from(event))), number + 1))
        });
        let headers = [(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"))];
        let body = ResponseBody::stream(StreamBody::new(body));
        Ok(UpstreamResponse { status: http::StatusCode::OK, headers: headers.into_iter().collect(), body })
    }
}

/// L06: 30 minutes with an event every 20 seconds end in order, and are told as 30 minutes.
#[tokio::test(start_paused = true)]
async fn half_an_hour_of_rare_events_ends_in_order_and_is_told_to_the_second() {
    let slow: Entry = Candidate::new("slow", Arc::new(Backend::new(Arc::new(Slow))));
    let house = House::with([slow]).await;
    let answer = house.ask(&Ask::stream()).await;
    assert!(answer.complete && answer.text().ends_with("data: more\n\ndata: [DONE]\n\n"), "{}", answer.text());
    assert_eq!(answer.text().matches("data: ").count(), EVENTS as usize);
    let story = house.story().await;
    assert_eq!((story.outcome, story.elapsed.as_secs()), (Outcome::Ok, u64::from(EVENTS) * PAUSE.as_secs()));
    assert_eq!(story.answer.first_byte_after.map(|after| after.as_secs()), Some(PAUSE.as_secs()));
}
