//! Clients that leave while they are answered: the rest of the answer is given up, or read for the story alone.

use crate::house::{Ask, Entry, House, TOKEN, backend, router};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use oar_exchange::{AttemptResult, Outcome};
use oar_gateway::{AnswerBody, Backend, DRAINS_CAP, Gateway, OnClientClose};
use oar_routing::Candidate;
use oar_testkit::{Gate, Heard, RawClient, Script, ScriptedUpstream, Step};
use oar_upstream::{ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long it may take until an upstream is let go.
const SOON: Duration = Duration::from_secs(1);

fn text(text: &str) -> String {
    format!(r#"{{"choices": [{{"delta": {{"content": "{text}"}}}}]}}"#)
}

const USAGE: &str = r#"{"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}"#;

/// A stream that waits for the gate after its first event.
async fn paused(gate: &Gate, rest: impl IntoIterator<Item = Step>) -> ScriptedUpstream {
    let begin = [Step::event_stream(), Step::event(text("Hel")), Step::Until(gate.clone())];
    ScriptedUpstream::start(Script::after_request(begin.into_iter().chain(rest))).await.unwrap()
}

fn rest() -> [Step; 4] {
    [Step::event(text("lo")), Step::event(USAGE), Step::event("[DONE]"), Step::chunk("")]
}

fn draining(upstream: &ScriptedUpstream) -> Entry {
    Candidate::new("first", Arc::new(backend("first", upstream).on_client_close(OnClientClose::Drain)))
}

/// A client that has the first event.
async fn begun(house: &House) -> RawClient {
    let mut client = house.begin(&Ask::stream()).await;
    client.read_head().await.expect("a head");
    client.read_chunk().await.expect("the first event");
    client
}

/// Until the leaving of the client has been seen.
async fn until_drained(house: &House) {
    let seen = async {
        while house.tasks.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), seen).await.expect("the leaving is seen, and the answer read on");
}

fn first_event() -> u64 {
    format!("data: {}\n\n", text("Hel")).len() as u64
}

/// C03.
#[tokio::test]
async fn a_client_that_leaves_ends_the_upstreams_work_within_a_second_by_default() {
    let upstream = paused(&Gate::new(), rest()).await;
    let house = House::of([&upstream]).await;
    begun(&house).await.abandon();
    timeout(SOON, upstream.closed()).await.expect("it is let go");
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.bytes, story.usage), (Outcome::ClientClosed, first_event(), None));
}

/// C03, drained: what the client got is told as it was, what was asked and paid for as a whole.
#[tokio::test]
async fn an_answer_that_is_drained_is_told_whole_when_it_has_ended() {
    let gate = Gate::new();
    let upstream = paused(&gate, rest()).await;
    let house = House::with([draining(&upstream)]).await;
    begun(&house).await.reset().unwrap();
    until_drained(&house).await;
    assert!(upstream.connections()[0].closed.is_none() && house.heard.exchanges().is_empty());
    gate.open();
    let story = house.story().await;
    assert_eq!((story.outcome, &story.error), (Outcome::ClientClosed, &None));
    assert_eq!((story.answer.bytes, story.answer.status), (first_event(), 200));
    assert_eq!(story.answer.body.as_bytes(), b"Hello");
    assert_eq!(story.usage.and_then(|usage| usage.completion), Some(5));
    assert_eq!(story.attempts[0].result, AttemptResult::Ok);
}

/// C03, drained: the client is not there to be told of the end.
#[tokio::test]
async fn an_answer_that_breaks_while_it_is_drained_tells_why_it_is_not_whole() {
    let gate = Gate::new();
    let upstream = paused(&gate, [Step::event(text("lo")), Step::Fin]).await;
    let house = House::with([draining(&upstream)]).await;
    begun(&house).await.abandon();
    until_drained(&house).await;
    gate.open();
    let story = house.story().await;
    let error = story.error.as_deref().unwrap_or_default();
    assert!(error.starts_with("after the client had left: upstream's body ended early"), "{error}");
    assert_eq!((story.outcome, story.answer.body.as_bytes()), (Outcome::ClientClosed, &b"Hello"[..]));
}

/// C01: who has no answer yet has nothing to lose, and everybody else's turn to come.
#[tokio::test]
async fn before_the_answer_has_begun_leaving_always_ends_the_upstreams_work() {
    let upstream = ScriptedUpstream::hanging().await.unwrap();
    let house = House::with([draining(&upstream)]).await;
    let client = house.begin(&Ask::stream()).await;
    upstream.until_read(1).await;
    client.abandon();
    timeout(SOON, upstream.closed()).await.expect("it is let go");
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 499));
}

/// Answers with one event, and then with what the test sends.
struct Streaming(tokio::sync::Mutex<Vec<tokio::sync::mpsc::Receiver<Bytes>>>);

#[async_trait]
impl Upstream for Streaming {
    async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let pieces = self.0.lock().await.pop();
        let first = Bytes::from(format!("data: {}\n\n", text("Hel")));
        let stream =
            futures_util::stream::unfold((Some(first), pieces), async |(first, pieces)| match (first, pieces) {
                (Some(first), pieces) => Some((Ok(http_body::Frame::data(first)), (None, pieces))),
                (None, Some(mut pieces)) => {
                    let piece = pieces.recv().await?;
                    Some((Ok(http_body::Frame::data(piece)), (None, Some(pieces))))
                }
                (None, None) => std::future::pending().await,
            });
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
        let body = ResponseBody::Body(StreamBody::new(stream).boxed_unsync());
        Ok(UpstreamResponse { status: StatusCode::OK, headers, body })
    }
}

/// A gateway without a socket, and what a stop does to it.
struct Bare {
    gateway: Gateway,
    heard: Arc<Heard>,
    cut: CancellationToken,
    tasks: TaskTracker,
}

impl Bare {
    fn over(receivers: Vec<tokio::sync::mpsc::Receiver<Bytes>>) -> Self {
        let upstream = Arc::new(Streaming(tokio::sync::Mutex::new(receivers)));
        let backend = Backend::new(upstream).on_client_close(OnClientClose::Drain);
        let (heard, cut, tasks) = (Heard::new(), CancellationToken::new(), TaskTracker::new());
        let gateway = Gateway::builder(router(&[TOKEN], [Candidate::new("first", Arc::new(backend))]))
            .observer(heard.clone())
            .cut(cut.clone())
            .tunnels(tasks.clone())
            .build();
        Self { gateway, heard, cut, tasks }
    }

    /// An answer whose first event has been read.
    async fn begun(&self) -> AnswerBody {
        let mut body = self.gateway.serve(Ask::stream().request()).await.into_body();
        body.frame().await.expect("an event").expect("an event");
        body
    }
}

/// A stop waits for what is drained, as for everything that runs, and cuts it when its time is over.
#[tokio::test]
async fn a_stop_waits_for_what_is_drained_and_cuts_it() {
    let (_rest, receiver) = tokio::sync::mpsc::channel(1);
    let bare = Bare::over(vec![receiver]);
    drop(bare.begun().await);
    bare.tasks.close();
    assert_eq!((bare.tasks.len(), bare.heard.exchanges().len()), (1, 0));
    bare.cut.cancel();
    bare.tasks.wait().await;
    let story = bare.heard.only().await;
    assert_eq!(story.outcome, Outcome::ClientClosed);
    let error = "after the client had left: the gateway stopped before the answer was complete";
    assert_eq!(story.error.as_deref(), Some(error));
}

/// What is cut at once, because the gateway stops, is not read on.
#[tokio::test]
async fn after_the_cut_nothing_is_drained() {
    let (_rest, receiver) = tokio::sync::mpsc::channel(1);
    let bare = Bare::over(vec![receiver]);
    let body = bare.begun().await;
    bare.cut.cancel();
    drop(body);
    assert_eq!(bare.tasks.len(), 0);
    assert_eq!(bare.heard.only().await.outcome, Outcome::Drained);
}

#[tokio::test(start_paused = true)]
async fn what_falls_silent_while_it_is_drained_is_given_up_in_time() {
    let (_rest, receiver) = tokio::sync::mpsc::channel(1);
    let bare = Bare::over(vec![receiver]);
    drop(bare.begun().await);
    let story = bare.heard.only().await;
    assert_eq!(story.error.as_deref(), Some("after the client had left: upstream sent nothing for 300s"));
    assert_eq!(story.elapsed.as_secs(), 300);
}

/// Nobody is there any more who could end it.
#[tokio::test(start_paused = true)]
async fn what_goes_on_for_ever_is_drained_for_ten_minutes() {
    let (rest, receiver) = tokio::sync::mpsc::channel(1);
    let bare = Bare::over(vec![receiver]);
    drop(bare.begun().await);
    let mut seconds = 0;
    while seconds < 1_000 && rest.send(Bytes::from(format!("data: {}\n\n", text("x")))).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        seconds += 1;
    }
    assert!(seconds < 1_000, "it goes on for ever");
    let story = bare.heard.only().await;
    let error = "after the client had left: the answer was still going on after 10 min";
    assert_eq!((story.outcome, story.error.as_deref()), (Outcome::ClientClosed, Some(error)));
    assert_eq!(story.elapsed.as_secs(), 600);
    assert!(story.answer.body.as_bytes().starts_with(b"Helxxx"));
}

/// Clients that come, ask and leave cannot make it hold more and more.
#[tokio::test]
async fn no_more_is_drained_at_a_time_than_the_cap() {
    let bare = Bare::over(Vec::new());
    for _ in 0..DRAINS_CAP {
        drop(bare.begun().await);
    }
    assert_eq!((bare.tasks.len(), bare.heard.exchanges().len()), (DRAINS_CAP, 0));
    drop(bare.begun().await);
    assert_eq!((bare.tasks.len(), bare.heard.exchanges().len()), (DRAINS_CAP, 1));
    assert_eq!(bare.heard.only().await.outcome, Outcome::ClientClosed);
    bare.cut.cancel();
    bare.heard.until_finished(DRAINS_CAP + 1).await;
}

/// C03: OpenAI's library for Python leaves at `[DONE]`, whether or not the end of the framing has come.
#[tokio::test]
async fn a_client_that_leaves_behind_the_last_word_has_the_whole_answer() {
    let gate = Gate::new();
    let upstream = paused(&gate, [Step::event(USAGE), Step::event("[DONE]"), Step::Hang]).await;
    let house = House::of([&upstream]).await;
    let mut client = begun(&house).await;
    gate.open();
    while !client.read_chunk().await.expect("an event").ends_with(b"data: [DONE]\n\n") {}
    client.abandon();
    timeout(SOON, upstream.closed()).await.expect("it is let go");
    let story = house.story().await;
    assert_eq!((story.outcome, &story.error, story.usage.is_some()), (Outcome::Ok, &None, true));
}

/// C03, drained: the tokens come behind the last word.
#[tokio::test]
async fn what_follows_the_last_word_is_drained_and_the_answer_was_whole() {
    let (first, second) = (Gate::new(), Gate::new());
    let finished = r#"{"choices": [{"delta": {}, "finish_reason": "stop"}]}"#;
    let rest = [Step::event(finished), Step::Until(second.clone()), Step::event(USAGE), Step::Fin];
    let upstream = paused(&first, rest).await;
    let house = House::with([draining(&upstream)]).await;
    let mut client = begun(&house).await;
    first.open();
    client.read_chunk().await.expect("the last word");
    client.abandon();
    until_drained(&house).await;
    second.open();
    let story = house.story().await;
    assert_eq!((story.outcome, story.usage.and_then(|usage| usage.completion)), (Outcome::Ok, Some(5)));
    assert!(story.error.as_deref().unwrap().starts_with("after the client had left: upstream's body ended early"));
}

/// Its story has been told; there is nothing left to read.
#[tokio::test]
async fn a_whole_answer_is_not_drained() {
    let (rest, receiver) = tokio::sync::mpsc::channel(1);
    let bare = Bare::over(vec![receiver]);
    let body = bare.begun().await;
    rest.send(Bytes::from("data: [DONE]\n\n")).await.unwrap();
    drop(rest);
    body.collect().await.unwrap();
    assert_eq!((bare.tasks.len(), bare.heard.only().await.outcome), (0, Outcome::Ok));
}
