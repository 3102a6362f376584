//! Streams that fail after the commit: the client can tell, and nobody else is asked.

use crate::house::{Ask, Entry, House, attempts, backend_with, settings};
use futures_util::{StreamExt, stream};
use oar_exchange::{AttemptResult, Outcome};
use oar_routing::{Candidate, Timeouts};
use oar_testkit::{Gate, Script, ScriptedUpstream, Step};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::sync::Arc;
use std::time::Duration;

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

/// M02: one that said so itself is not contradicted, nor told twice.
#[tokio::test]
async fn a_stream_that_ends_with_an_error_of_its_own_gets_no_other() {
    let error = "{\"error\":{\"message\":\"out of memory\"}}";
    let (chunks, clean, outcome) =
        streamed([Step::event_stream(), Step::event("1"), Step::event(error), Step::Fin]).await;
    assert_eq!(chunks.concat(), format!("data: 1\n\ndata: {error}\n\n"));
    assert_eq!((clean, outcome), (false, Outcome::StreamBroken));
    let goes_on = [Step::event_stream(), Step::event("1"), Step::event(error), Step::event("2"), Step::Fin];
    check_broken(goes_on, &format!("data: 1\n\ndata: {error}\n\ndata: 2\n\n")).await;
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

/// M05: where nobody knows a stream's last word, its silence is none either.
#[tokio::test(start_paused = true)]
async fn silence_is_no_end_of_a_stream_whose_last_word_is_not_known() {
    let upstream = ScriptedUpstream::start(Script::after_request([Step::event_stream(), Step::event("1"), Step::Hang]));
    let upstream = upstream.await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::new("POST", "/v1/audio/speech").json(r#"{"model": "m", "stream": true}"#)).await;
    assert_eq!((answer.text(), answer.complete), (format!("data: 1\n\n{NEWS}"), false));
    assert_eq!(house.story().await.outcome, Outcome::StreamBroken);
}

/// M05: the limit is between two bytes, not on the whole.
#[tokio::test(start_paused = true)]
async fn a_slow_stream_goes_on_as_long_as_it_says_something() {
    let mut steps = vec![Step::event_stream()];
    for number in 0..10 {
        steps.extend([Step::event(number.to_string()), Step::Sleep(Duration::from_secs(250))]);
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

/// How the events end that are sent here; a CR is the end of a line already, and its LF may not have come.
const BLANK_LINES: [&str; 3] = ["\n\n", "\r\n\r", "\r\n\r\n"];

const CUTS: usize = 10_000;

/// How many clients wait at a time.
const CLIENTS: usize = 64;

/// A stream of several events that breaks off somewhere behind its first.
#[derive(Clone, Debug)]
struct Cut {
    framing: Framing,
    events: String,
    /// Of how many bytes each chunk is.
    chunk: usize,
    /// How many bytes of the rest go out.
    at: prop::sample::Index,
    leaving: Leaving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Chunked,
    /// The body ends when the connection does.
    UntilClose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    Fin,
    /// What is on its way may be lost.
    Rst,
}

fn cuts() -> impl Strategy<Value = Cut> {
    let framing = prop_oneof![Just(Framing::Chunked), Just(Framing::UntilClose)];
    let leaving = prop_oneof![Just(Leaving::Fin), Just(Leaving::Rst)];
    let event =
        prop_oneof![Just("data: {\"a\": \"\u{1f600}\"}\n\n"), Just(": ping\n\n"), Just("id: 1\r\ndata: b\r\n\r\n")];
    let events = prop::collection::vec(event, 1..8).prop_map(|events| events.concat());
    (framing, events, 1_usize..60, any::<prop::sample::Index>(), leaving)
        .prop_map(|(framing, events, chunk, at, leaving)| Cut { framing, events, chunk, at, leaving })
}

impl Cut {
    /// The first event, which tells a client whose stream it got, and the head before it.
    fn beginning(&self, number: usize) -> Step {
        // Or a connection whose last chunk has come may be used again before its end has.
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n";
        let first = format!("data: {number}\n\n");
        match self.framing {
            Framing::Chunked => {
                Step::send(format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n", first.len()))
            }
            Framing::UntilClose => Step::send(format!("{head}\r\n{first}")),
        }
    }

    /// The rest as it would go out if nothing broke, each byte with whether it is one of the events'.
    fn rest(&self) -> Vec<(u8, bool)> {
        let payload = |bytes: &[u8]| bytes.iter().map(|byte| (*byte, true)).collect::<Vec<_>>();
        let framing = |text: &str| text.bytes().map(|byte| (byte, false)).collect::<Vec<_>>();
        if self.framing == Framing::UntilClose {
            return payload(self.events.as_bytes());
        }
        let mut rest = Vec::new();
        for chunk in self.events.as_bytes().chunks(self.chunk) {
            rest.extend([framing(&format!("{:x}\r\n", chunk.len())), payload(chunk), framing("\r\n")].concat());
        }
        rest.extend(framing("0\r\n\r\n"));
        rest
    }

    /// What goes out of the rest.
    fn sent(&self) -> Vec<(u8, bool)> {
        let mut rest = self.rest();
        rest.truncate(self.at.index(rest.len() + 1));
        rest
    }

    /// A reset waits until the client has the first event: it may overtake what was sent, and before the commit somebody
    /// else may be asked.
    fn script(&self, number: usize, committed: &Gate) -> Script {
        let rest = Step::send(self.sent().into_iter().map(|(byte, _)| byte).collect::<Vec<_>>());
        let beginning = self.beginning(number);
        match self.leaving {
            Leaving::Fin => Script::after_request([beginning, rest, Step::Fin]),
            Leaving::Rst => Script::after_request([beginning, Step::Until(committed.clone()), rest, Step::Rst]),
        }
    }

    /// All events that went out whole.
    fn whole_events(&self, number: usize) -> String {
        let sent: Vec<u8> =
            self.sent().into_iter().filter_map(|(byte, is_payload)| is_payload.then_some(byte)).collect();
        let sent = format!("data: {number}\n\n{}", String::from_utf8_lossy(&sent));
        let end = BLANK_LINES.iter().filter_map(|blank| Some(sent.rfind(blank)? + blank.len())).max();
        sent[..end.unwrap()].to_owned()
    }

    fn check(&self, number: usize, got: &str, ended_cleanly: bool) {
        let case = format!("cut {number} of the deterministic runner: {self:?}");
        let (events, sent) = (got.strip_suffix(NEWS), self.whole_events(number));
        assert!(!ended_cleanly && !got.contains("[DONE]"), "an end that looks right: {got:?} after {case}");
        assert!(events.is_some() || self.leaving == Leaving::Rst, "no news of the end: {got:?} after {case}");
        let events = events.unwrap_or(got);
        let is_whole = BLANK_LINES.iter().any(|blank| events.ends_with(blank));
        assert!(is_whole && sent.starts_with(events), "{events:?} of {sent:?} after {case}");
        let is_all = events.trim_end() == sent.trim_end();
        assert!(is_all || self.leaving == Leaving::Rst, "{events:?} of {sent:?} after {case}");
    }
}

/// An upstream that may be slow to connect to on a busy machine: nobody else is to be asked for that.
fn patient(name: &str, upstream: &ScriptedUpstream) -> Entry {
    let minute = Duration::from_secs(60);
    let timeouts = Timeouts { plain: None, stream: Some(minute) };
    Candidate::new(name, Arc::new(backend_with(&settings(name, upstream), minute))).timeouts(timeouts)
}

/// Asks for a stream, and checks it against the cut whose turn it was.
async fn meet(house: &House, cuts: &[(Cut, Gate)]) {
    let mut client = house.begin(&Ask::stream()).await;
    client.read_head().await.expect("a head");
    let mut got = client.read_chunk().await.expect("the first event").to_vec();
    let number = String::from_utf8_lossy(&got)["data: ".len()..].lines().next().unwrap().parse().unwrap();
    let (cut, committed): &(Cut, Gate) = &cuts[number];
    committed.open();
    let mut ended_cleanly = false;
    while !ended_cleanly && let Some(chunk) = client.read_chunk().await {
        ended_cleanly = chunk.is_empty();
        got.extend_from_slice(&chunk);
    }
    cut.check(number, &String::from_utf8(got).unwrap(), ended_cleanly);
}

/// Promise 2: wherever a stream is cut, between events, within a line or a character, or in its framing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_a_stream_is_cut_nobody_else_is_asked_and_no_end_is_invented() {
    let (any_cut, mut runner) = (cuts(), TestRunner::deterministic());
    let cuts: Vec<_> = (0..CUTS).map(|_| (any_cut.new_tree(&mut runner).unwrap().current(), Gate::new())).collect();
    let scripts = cuts.iter().enumerate().map(|(number, (cut, committed))| cut.script(number, committed));
    let first = ScriptedUpstream::start_each(scripts).await.unwrap();
    let second = ScriptedUpstream::sse(["other", "[DONE]"]).await.unwrap();
    let house = House::with([patient("first", &first), patient("second", &second)]).await;
    stream::iter(0..CUTS).for_each_concurrent(CLIENTS, |_| meet(&house, &cuts)).await;
    assert!(second.connections().is_empty(), "nobody is asked after the commit");
    let stories = house.heard.until_finished(CUTS).await;
    for story in &stories {
        assert_eq!((story.outcome, attempts(story)), (Outcome::StreamBroken, vec![("first", AttemptResult::Ok)]));
    }
    assert_eq!((stories.len(), first.hits()), (CUTS, CUTS));
}
