//! Streams that fail before their first event: another upstream can still do better.

use crate::house::{Ask, House, attempts, status};
use oar_exchange::AttemptResult::{self, EndedBeforeEvent, ErrorEvent, FirstEventTimeout, Ok};
use oar_exchange::Outcome;
use oar_testkit::{Gate, Script, ScriptedUpstream, Step};

/// A first upstream that plays these steps, and a second whose stream works: the client gets the second's.
async fn check(steps: impl IntoIterator<Item = Step>, result: AttemptResult) {
    let first = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let second = ScriptedUpstream::sse(["good", "[DONE]"]).await.unwrap();
    let house = House::of([&first, &second]).await;
    let answer = house.ask(&Ask::stream()).await;
    assert_eq!((status(&answer), answer.text().as_str()), (200, "data: good\n\ndata: [DONE]\n\n"));
    assert_eq!(attempts(&house.story().await), [("first", result), ("second", Ok)]);
}

/// S15.
#[tokio::test]
async fn a_first_event_that_is_an_error_is_no_answer() {
    for error in ["{\"error\":{\"message\":\"overloaded\",\"code\":529}}", "{\"type\":\"response.failed\"}"] {
        check([Step::event_stream(), Step::event(error), Step::event("[DONE]"), Step::chunk("")], ErrorEvent).await;
    }
}

/// S15: what comes before the first event is none.
#[tokio::test]
async fn comments_and_empty_keep_alives_are_no_events() {
    let keep_alive = || Step::chunk(": ping\n\n");
    let error = Step::event("{\"error\":{\"message\":\"no\"}}");
    check([Step::event_stream(), keep_alive(), keep_alive(), error, Step::Hang], ErrorEvent).await;
}

/// M02 with no event at all.
#[tokio::test]
async fn a_stream_that_ends_before_its_first_event_is_no_answer() {
    check([Step::event_stream(), Step::Fin], EndedBeforeEvent).await;
    check([Step::event_stream(), Step::chunk("data: ha"), Step::Fin], EndedBeforeEvent).await;
    check([Step::event_stream(), Step::chunk("")], EndedBeforeEvent).await;
    let empty = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 0\r\n\r\n";
    check([Step::send(empty)], EndedBeforeEvent).await;
}

/// S15: what came while the first event was waited for goes out with it.
#[tokio::test]
async fn nothing_of_what_was_held_back_is_lost() {
    let pieces = [": thinking\n\n", ": still\n\n", "data: fi", "rst\n\n", "data: [DONE]\n\n", ""];
    let steps = std::iter::once(Step::event_stream()).chain(pieces.map(Step::chunk));
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let house = House::of([&upstream]).await;
    assert_eq!(house.ask(&Ask::stream()).await.text(), pieces.concat());
}

/// M06: a head without an event is worth waiting for, and not for ever.
#[tokio::test(start_paused = true)]
async fn a_head_without_an_event_is_given_up_in_time() {
    check([Step::event_stream(), Step::chunk(": thinking\n\n"), Step::Hang], FirstEventTimeout).await;
}

/// M06: the time limit to the head is not the one to the first event.
#[tokio::test(start_paused = true)]
async fn a_slow_first_event_survives_the_time_limit_of_the_head() {
    let slow = Step::Sleep(std::time::Duration::from_secs(200));
    let steps = [Step::event_stream(), slow, Step::event("late"), Step::event("[DONE]"), Step::chunk("")];
    let first = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let second = ScriptedUpstream::sse(["hasty", "[DONE]"]).await.unwrap();
    let house = House::of([&first, &second]).await;
    assert_eq!(house.ask(&Ask::stream()).await.text(), "data: late\n\ndata: [DONE]\n\n");
    assert!(second.connections().is_empty());
}

/// C01: also while the first event is waited for.
#[tokio::test]
async fn a_client_that_leaves_before_the_first_event_ends_the_upstreams_work() {
    let reached = Gate::new();
    let steps = [Step::event_stream(), Step::chunk(": thinking\n\n"), Step::Until(reached.clone()), Step::Hang];
    let upstream = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
    let house = House::of([&upstream]).await;
    let client = house.begin(&Ask::stream()).await;
    upstream.until_read(1).await;
    client.abandon();
    reached.open();
    upstream.closed().await;
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 499));
}
