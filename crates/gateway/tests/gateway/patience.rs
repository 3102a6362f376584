//! How long an upstream is waited for, with a clock that only these tests move.

use crate::house::{Ask, Entry, Fake, House, TOKEN, attempts, backend, entry, router, status};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use oar_exchange::AttemptResult::{self, FirstEventTimeout, HeadTimeout};
use oar_gateway::{Backend, Gateway, Limits, Patience, Rules};
use oar_routing::{Candidate, Timeouts};
use oar_testkit::{Heard, Script, ScriptedUpstream, Step};
use oar_upstream::{BodyError, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const fn seconds(plain: Option<u64>, stream: Option<u64>) -> Timeouts {
    const fn duration(seconds: Option<u64>) -> Option<Duration> {
        match seconds {
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => None,
        }
    }
    Timeouts { plain: duration(plain), stream: duration(stream) }
}

/// How many seconds a silent upstream is waited for, alone or with another after it.
async fn waited(own: Timeouts, ask: &Ask, alone: bool) -> u64 {
    let (silent, other) = (Fake::silent(), Fake::answering("good"));
    let others = (!alone).then(|| other.entry("other"));
    let entries = [silent.entry("silent").timeouts(own)].into_iter().chain(others);
    let gateway = Gateway::builder(router(&[TOKEN], entries)).build();
    let began = Instant::now();
    let answer = gateway.serve(ask.request()).await;
    assert_eq!(answer.status(), if alone { 504 } else { 200 });
    assert_eq!((silent.hits(), other.hits()), (1, usize::from(!alone)));
    began.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn an_upstream_has_120_seconds_and_10_for_a_stream() {
    assert_eq!(waited(seconds(None, None), &Ask::chat(), false).await, 120);
    assert_eq!(waited(seconds(None, None), &Ask::stream(), false).await, 10);
}

#[tokio::test(start_paused = true)]
async fn an_upstreams_own_limits_count_for_it() {
    let own = seconds(Some(7), Some(3));
    assert_eq!(waited(own, &Ask::chat(), false).await, 7);
    assert_eq!(waited(own, &Ask::stream(), false).await, 3);
}

#[tokio::test(start_paused = true)]
async fn the_only_upstream_has_120_seconds_even_for_a_stream() {
    assert_eq!(waited(seconds(None, None), &Ask::chat(), true).await, 120);
    assert_eq!(waited(seconds(None, None), &Ask::stream(), true).await, 120);
}

#[tokio::test(start_paused = true)]
async fn the_only_upstream_keeps_to_limits_of_its_own() {
    let own = seconds(Some(7), Some(3));
    assert_eq!(waited(own, &Ask::chat(), true).await, 7);
    assert_eq!(waited(own, &Ask::stream(), true).await, 3);
}

#[tokio::test(start_paused = true)]
async fn silent_upstreams_are_waited_for_one_after_the_other() {
    let silent = [Fake::silent(), Fake::silent(), Fake::silent()];
    let names = ["first", "second", "third"];
    let entries = silent.iter().zip(names).map(|(upstream, name)| upstream.entry(name));
    let gateway = Gateway::builder(router(&[TOKEN], entries)).build();
    let began = Instant::now();
    let answer = gateway.serve(Ask::stream().request()).await;
    assert_eq!((answer.status().as_u16(), began.elapsed().as_secs()), (504, 30));
    assert!(silent.iter().all(|upstream| upstream.hits() == 1));
}

/// The client's own limit: nobody is asked for a client that has given up. Node's library leaves out what is less than a
/// second.
#[tokio::test(start_paused = true)]
async fn the_clients_own_limit_ends_the_trying() {
    for (header, value, seconds, attempts) in [
        ("x-stainless-read-timeout", "150", 150, 2),
        ("x-stainless-read-timeout", "0.5", 0, 1),
        ("x-stainless-timeout", "150", 151, 2),
        ("x-stainless-timeout", "0", 1, 1),
    ] {
        let (first, second) = (ScriptedUpstream::hanging().await.unwrap(), ScriptedUpstream::hanging().await.unwrap());
        let house = House::of([&first, &second]).await;
        assert_eq!(status(&house.ask(&Ask::chat().and_header(header, value)).await), 504);
        let story = house.story().await;
        assert_eq!((story.elapsed.as_secs(), story.attempts.len()), (seconds, attempts), "{header}: {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_all_attempts_leaves_none_for_those_that_come_too_late() {
    let (first, second) = (ScriptedUpstream::hanging().await.unwrap(), ScriptedUpstream::hanging().await.unwrap());
    let limits = Limits { total: Some(Duration::from_secs(60)), ..Limits::default() };
    let house = House::limited([entry("first", &first), entry("second", &second)], limits).await;
    assert_eq!(status(&house.ask(&Ask::chat()).await), 504);
    assert!(second.connections().is_empty());
}

/// A limit that is over before the first attempt is a time-out, too.
#[tokio::test(start_paused = true)]
async fn no_time_at_all_is_told_as_a_time_out() {
    let upstream = ScriptedUpstream::answering(200, &[], "never asked").await.unwrap();
    let limits = Limits { total: Some(Duration::ZERO), ..Limits::default() };
    let house = House::limited([entry("only", &upstream)], limits).await;
    assert_eq!(status(&house.ask(&Ask::chat()).await), 504);
    assert!(upstream.connections().is_empty());
}

/// An upstream that begins a stream after so long, and then says nothing.
struct Slow(Duration);

#[async_trait]
impl Upstream for Slow {
    async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        sleep(self.0).await;
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))];
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, BodyError>>());
        let (headers, body) = (HeaderMap::from_iter(headers), ResponseBody::stream(body));
        Ok(UpstreamResponse { status: StatusCode::OK, headers, body })
    }
}

fn slow(head_after: u64, total: u64) -> Entry {
    let patience = Patience { total: Some(Duration::from_secs(total)), ..Patience::default() };
    let backend = Backend::new(Arc::new(Slow(Duration::from_secs(head_after)))).patience(patience);
    Candidate::new("slow", Arc::new(backend))
}

/// What came of these upstreams for a request that wants a stream: the answer's status, the first attempt's result, how
/// many attempts there were, and after how many seconds the answer was there.
async fn tried(entries: impl IntoIterator<Item = Entry>, limits: Limits) -> (u16, AttemptResult, usize, u64) {
    let heard = Heard::new();
    let gateway = Gateway::builder(router(&[TOKEN], entries))
        .rules(Rules { limits, ..Rules::default() })
        .observer(heard.clone())
        .build();
    let began = Instant::now();
    let answer = gateway.serve(Ask::stream().request()).await;
    let (status, seconds) = (answer.status().as_u16(), began.elapsed().as_secs());
    drop(answer);
    let story = heard.only().await;
    (status, attempts(&story)[0].1, story.attempts.len(), seconds)
}

/// The head and the first event together; and a longer limit of its own gives it no more time for either.
#[tokio::test(start_paused = true)]
async fn an_upstreams_own_total_ends_an_attempt_in_whichever_phase_it_is() {
    for (head_after, total, result, seconds) in [
        (9, 8, HeadTimeout, 8),
        (3, 8, FirstEventTimeout, 8),
        (15, 60, HeadTimeout, 10),
        (3, 600, FirstEventTimeout, 303),
    ] {
        let other = Fake::answering("good");
        let told = tried([slow(head_after, total), other.entry("other")], Limits::default()).await;
        assert_eq!((told, other.hits()), ((200, result, 2, seconds), 1), "{head_after} {total}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_upstreams_own_total_counts_as_well() {
    assert_eq!(tried([slow(3, 8)], Limits::default()).await, (504, FirstEventTimeout, 1, 8));
    assert_eq!(tried([slow(20, 8)], Limits::default()).await, (504, HeadTimeout, 1, 8));
}

/// The limit on all attempts is counted from the request's arrival, the upstream's own from its attempt's beginning.
#[tokio::test(start_paused = true)]
async fn the_limit_of_all_attempts_still_ends_the_trying() {
    let limits = Limits { total: Some(Duration::from_secs(12)), ..Limits::default() };
    let other = Fake::answering("never asked");
    assert_eq!(tried([slow(3, 30), other.entry("other")], limits).await, (504, FirstEventTimeout, 1, 12));
    assert_eq!(other.hits(), 0);
    let second = Candidate::new("second", Arc::new(Backend::new(Arc::new(Slow(Duration::from_secs(3))))));
    assert_eq!(tried([slow(3, 8), second], limits).await, (504, FirstEventTimeout, 2, 12));
}

/// "For ever" is a limit that whoever builds a gateway may choose.
#[tokio::test(start_paused = true)]
async fn limits_without_an_end_are_none() {
    let never = Duration::MAX;
    let patience = Patience { first_event: never, idle: never, total: Some(never), heartbeat: Some(never) };
    let limits = Limits { body_time: never, body_idle: never, total: Some(never), ..Limits::default() };
    let steps = [Step::event_stream(), Step::Sleep(Duration::from_secs(7_000)), Step::event("[DONE]"), Step::chunk("")];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let backend = backend("first", &upstream).patience(patience);
    let entry =
        Candidate::new("first", Arc::new(backend)).timeouts(Timeouts { plain: Some(never), stream: Some(never) });
    let house = House::limited([entry], limits).await;
    assert_eq!(house.ask(&Ask::stream()).await.text(), "data: [DONE]\n\n");
}
