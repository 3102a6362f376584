//! The listening observer keeps what it is told and can be awaited.

use oar_exchange::{Answer, Exchange, Observer, Outcome, Request};
use oar_testkit::Heard;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

fn exchange(id: &str) -> Arc<Exchange> {
    let request = Request {
        method: http::Method::POST,
        path: "/v1/chat/completions".to_owned(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
        bytes: 0,
        model: None,
        stream: false,
    };
    Arc::new(Exchange {
        id: id.to_owned(),
        request_id: id.to_owned(),
        started_at: SystemTime::UNIX_EPOCH,
        request,
        caller: None,
        attempts: Vec::new(),
        answer: Answer::default(),
        outcome: Outcome::AllFailed,
        error: None,
        usage: None,
        elapsed: Duration::ZERO,
    })
}

#[tokio::test]
async fn exchanges_are_awaited_and_kept_in_order() {
    let heard = Heard::new();
    let (told, later) = tokio::join!(heard.until_finished(2), async {
        heard.started();
        heard.finished(&exchange("a"));
        tokio::task::yield_now().await;
        heard.finished(&exchange("b"));
        heard.exchanges().len()
    });
    assert_eq!(told.iter().map(|exchange| exchange.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((heard.begun(), later), (1, 2));
}

#[tokio::test]
#[should_panic(expected = "exactly one exchange was expected")]
async fn a_second_exchange_is_not_overlooked() {
    let heard = Heard::new();
    heard.finished(&exchange("a"));
    heard.finished(&exchange("b"));
    heard.only().await;
}
