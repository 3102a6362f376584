//! Streams that are silent for long, and proxies that would take them for dead: the client hears that they live.

use crate::house::{Ask, Entry, House, backend};
use oar_exchange::Outcome;
use oar_gateway::Patience;
use oar_routing::Candidate;
use oar_testkit::{Script, ScriptedUpstream, Step};
use std::sync::Arc;
use std::time::Duration;

const BEAT: &str = ": keep-alive\n\n";

fn beating(upstream: &ScriptedUpstream, heartbeat: u64) -> Entry {
    let patience = Patience { heartbeat: Some(Duration::from_secs(heartbeat)), ..Patience::default() };
    Candidate::new("first", Arc::new(backend("first", upstream).patience(patience)))
}

/// What the client of an upstream that plays these steps gets, in all.
async fn heard(steps: impl IntoIterator<Item = Step>) -> (String, Outcome) {
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let house = House::with([beating(&upstream, 15)]).await;
    let mut client = house.begin(&Ask::stream()).await;
    client.read_head().await.expect("a head");
    let mut text = String::new();
    while let Some(chunk) = client.read_chunk().await.filter(|chunk| !chunk.is_empty()) {
        text += &String::from_utf8_lossy(&chunk);
    }
    (text, house.story().await.outcome)
}

fn pause(seconds: u64) -> Step {
    Step::Sleep(Duration::from_secs(seconds))
}

/// M06: reasoning before the first token. The head is there at once, and nobody else is asked after it.
#[tokio::test(start_paused = true)]
async fn a_silent_beginning_is_filled_with_comments() {
    let steps = [Step::event_stream(), pause(40), Step::event("1"), Step::event("[DONE]"), Step::chunk("")];
    let (text, outcome) = heard(steps).await;
    let (beats, events) = text.split_at(text.find("data").unwrap());
    assert!((1..=2).contains(&beats.matches(BEAT).count()) && beats.replace(BEAT, "").is_empty(), "{text}");
    assert_eq!((events, outcome), ("data: 1\n\ndata: [DONE]\n\n", Outcome::Ok));
}

/// M06: also while half an event waits for the rest, of which the client has nothing yet.
#[tokio::test(start_paused = true)]
async fn a_silent_middle_is_filled_with_comments_and_no_event_is_torn() {
    let steps = [
        Step::event_stream(),
        Step::event("1"),
        pause(20),
        Step::chunk("data: ha"),
        pause(100),
        Step::chunk("lf\n\n"),
        Step::event("[DONE]"),
        Step::chunk(""),
    ];
    let (text, outcome) = heard(steps).await;
    assert!((6..=8).contains(&text.matches(BEAT).count()), "{text}");
    assert_eq!((text.replace(BEAT, "").as_str(), outcome), ("data: 1\n\ndata: half\n\ndata: [DONE]\n\n", Outcome::Ok));
}

/// M06: what the client has nothing of is no sign of life to it, however often it comes.
#[tokio::test(start_paused = true)]
async fn an_event_that_comes_by_the_drop_is_silence_to_the_client() {
    let drops = (0..10).flat_map(|_| [pause(10), Step::chunk("x")]);
    let begin = [Step::event_stream(), Step::event("1"), Step::chunk("data: ")];
    let end = [Step::chunk("\n\n"), Step::event("[DONE]"), Step::chunk("")];
    let (text, outcome) = heard(begin.into_iter().chain(drops).chain(end)).await;
    assert!((5..=7).contains(&text.matches(BEAT).count()), "{text}");
    let events = "data: 1\n\ndata: xxxxxxxxxx\n\ndata: [DONE]\n\n";
    assert_eq!((text.replace(BEAT, "").as_str(), outcome), (events, Outcome::Ok));
}

/// M05, M06: a comment of ours is no sign of life of the upstream's.
#[tokio::test(start_paused = true)]
async fn comments_do_not_prolong_the_silence_of_an_upstream() {
    let (text, outcome) = heard([Step::event_stream(), Step::event("1"), Step::Hang]).await;
    assert!((18..=20).contains(&text.matches(BEAT).count()) && text.contains("stream_interrupted"), "{text}");
    assert_eq!(outcome, Outcome::StreamBroken);
}
