//! Streams that fail after the commit: the client can tell, and nobody else is asked.

use crate::house::{Ask, House};
use oar_exchange::Outcome;
use oar_testkit::{Gate, Script, ScriptedUpstream, Step};
use proptest::prelude::*;

const NEWS: &str = "data: {\"error\":{\"message\":\"The upstream broke off before the answer was complete.\",\
                    \"type\":\"upstream_error\",\"param\":null,\"code\":\"stream_interrupted\"}}\n\n";

/// What the client of a stream gets of an upstream that plays these steps, in chunks, and whether it ended cleanly.
async fn streamed(steps: impl IntoIterator<Item = Step>) -> (Vec<String>, bool, Outcome) {
    let first = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let second = ScriptedUpstream::sse(["other", "[DONE]"]).await.unwrap();
    let house = House::of([&first, &second]).await;
    let mut client = house.begin(&Ask::stream()).await;
    client.read_head().await.expect("a head");
    let mut chunks = Vec::new();
    let mut clean = false;
    while let Some(chunk) = client.read_chunk().await {
        clean = chunk.is_empty();
        if clean {
            break;
        }
        chunks.push(String::from_utf8_lossy(&chunk).into_owned());
    }
    assert!(second.connections().is_empty(), "nobody is asked after the commit");
    (chunks, clean, house.story().await.outcome)
}

async fn check_broken(steps: impl IntoIterator<Item = Step>, events: &str) {
    let (chunks, clean, outcome) = streamed(steps).await;
    assert_eq!((chunks.concat(), clean, outcome), (format!("{events}{NEWS}"), false, Outcome::StreamBroken));
}

/// M02: at an event's end, within a line, within a character.
#[tokio::test]
async fn a_stream_that_is_cut_ends_with_an_error_event_after_its_last_whole_event() {
    for tail in ["", "data: half a li", "data: {\"a\": \"\u{1f600}"] {
        let tail = tail.as_bytes().to_vec();
        let tail = tail[..tail.len().saturating_sub(usize::from(tail.ends_with("\u{1f600}".as_bytes())))].to_vec();
        let mut steps = vec![Step::event_stream(), Step::event("1"), Step::event("2")];
        if !tail.is_empty() {
            let chunk = [format!("{:x}\r\n", tail.len()).as_bytes(), &tail, b"\r\n"].concat();
            steps.push(Step::Send(chunk.into()));
        }
        steps.push(Step::Fin);
        check_broken(steps, "data: 1\n\ndata: 2\n\n").await;
    }
}

/// M03: nothing in the framing says that this stream is not complete.
#[tokio::test]
async fn a_stream_without_framing_that_just_stops_is_broken() {
    let head = || Step::send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n");
    check_broken([head(), Step::Fin], "data: 1\n\n").await;
    check_broken([Step::event_stream(), Step::event("1"), Step::chunk("")], "data: 1\n\n").await;
}

/// M03, the other way: servers that forget `[DONE]` still say why they finished.
#[tokio::test]
async fn a_stream_that_says_that_it_is_complete_ends_cleanly() {
    let finished = "{\"choices\":[{\"finish_reason\":\"stop\"}]}";
    for last in ["[DONE]", finished] {
        let (chunks, clean, outcome) = streamed([Step::event_stream(), Step::event(last), Step::chunk("")]).await;
        assert_eq!((chunks.concat(), clean, outcome), (format!("data: {last}\n\n"), true, Outcome::Ok));
    }
}

/// M05.
#[tokio::test(start_paused = true)]
async fn a_stream_that_falls_silent_is_cut_in_time() {
    check_broken([Step::event_stream(), Step::event("1"), Step::Hang], "data: 1\n\n").await;
}

/// M05: the limit is between two bytes, not on the whole.
#[tokio::test(start_paused = true)]
async fn a_slow_stream_goes_on_as_long_as_it_says_something() {
    let mut steps = vec![Step::event_stream()];
    for number in 0..10 {
        steps.extend([Step::event(number.to_string()), Step::Sleep(std::time::Duration::from_secs(250))]);
    }
    steps.extend([Step::event("[DONE]"), Step::chunk("")]);
    let (chunks, clean, outcome) = streamed(steps).await;
    assert_eq!((chunks.len(), clean, outcome), (11, true, Outcome::Ok));
}

/// An event that comes in pieces is passed on whole, and nothing of it is lost.
#[tokio::test]
async fn an_event_in_pieces_is_passed_on_in_one() {
    let gate = Gate::new();
    let steps = [
        Step::event_stream(),
        Step::event("1"),
        Step::chunk("data: {\"long"),
        Step::Until(gate.clone()),
        Step::chunk("er\": 1}\n"),
        Step::chunk("\ndata: [DONE]\n\n"),
        Step::chunk(""),
    ];
    gate.open();
    let (chunks, clean, _) = streamed(steps).await;
    assert_eq!((chunks.concat().as_str(), clean), ("data: 1\n\ndata: {\"longer\": 1}\n\ndata: [DONE]\n\n", true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Promise 2, with cut points all over a stream.
    #[test]
    fn wherever_a_stream_is_cut_nobody_else_is_asked_and_no_end_is_invented(cut in 9_usize..200) {
        let events: String = (0..20).map(|number| format!("data: {number}\n\n")).collect();
        let part = &events[..cut.min(events.len())];
        let chunk = format!("{:x}\r\n{part}\r\n", part.len());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let steps = [Step::event_stream(), Step::send(chunk), Step::Fin];
        let (chunks, clean, outcome) = runtime.block_on(streamed(steps));
        let got = chunks.concat();
        prop_assert!(!clean && !got.contains("[DONE]") && got.ends_with(NEWS), "{}", got);
        prop_assert!(part.starts_with(got.strip_suffix(NEWS).unwrap()));
        prop_assert_eq!(outcome, Outcome::StreamBroken);
    }
}
