//! A kept connection that ends just when a request is sent on it: nothing is wrong with the upstream, so it is asked again.

use crate::house::{Ask, Entry, House, attempts, entry, pass, status};
use async_trait::async_trait;
use oar_exchange::AttemptResult::{self, HeadTimeout, Ok, ResetBeforeHead, StaleConnection};
use oar_exchange::{Exchange, Outcome};
use oar_gateway::Backend;
use oar_routing::{Candidate, FailoverOn, FailureClass};
use oar_testkit::{Gate, RawResponse, Script, ScriptedUpstream, Step, response_bytes};
use oar_upstream::{Fault, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;
use std::time::Duration;

async fn good() -> ScriptedUpstream {
    ScriptedUpstream::answering(200, &[], "good").await.unwrap()
}

/// Answers a first request, reads a second one on the same connection and plays `then`; the next connection plays `later`.
async fn stale(then: impl IntoIterator<Item = Step>, later: Script) -> ScriptedUpstream {
    let first = [Step::ReadHead, Step::ReadBody, Step::Send(response_bytes(200, &[], b"first"))];
    let kept = first.into_iter().chain([Step::ReadHead, Step::ReadBody]).chain(then);
    ScriptedUpstream::start_each([Script::new(kept), later]).await.unwrap()
}

/// Asks once to have a connection kept, then `ask` on that connection. Yields its answer and its story.
async fn ask_twice(house: &House, upstream: &ScriptedUpstream, ask: &Ask) -> (RawResponse, Arc<Exchange>) {
    assert_eq!(house.ask(&Ask::chat()).await.text(), "first");
    let answer = house.ask(ask).await;
    assert_eq!(upstream.requests()[1].connection, 0, "the second request was to go out on the kept connection");
    (answer, house.heard.until_finished(2).await.remove(1))
}

/// The second request fails on the kept connection, and is answered by the same upstream on a new one.
async fn check_repeated(then: impl IntoIterator<Item = Step>, change: impl FnOnce(Entry) -> Entry) {
    let first = stale(then, Script::answering(200, &[], "again")).await;
    let second = good().await;
    let house = House::with([change(entry("first", &first)), entry("second", &second)]).await;
    let (answer, story) = ask_twice(&house, &first, &Ask::chat()).await;
    assert_eq!((status(&answer), answer.text().as_str()), (200, "again"));
    assert_eq!(answer.head.header("x-oar-upstream"), Some("first"));
    assert_eq!(answer.head.header("x-oar-attempts"), Some("2"));
    assert_eq!(attempts(&story), [("first", StaleConnection), ("first", Ok)]);
    assert_eq!(story.outcome, Outcome::Ok);
    let [_, failed, repeated] = &first.requests()[..] else { panic!("three requests") };
    assert_eq!((&failed.body, repeated.connection), (&repeated.body, 1));
    assert!(second.connections().is_empty());
}

/// The second request fails on the kept connection, and this comes of it.
async fn check(first: ScriptedUpstream, ask: &Ask, code: u16, expected: &[(&str, AttemptResult)]) {
    let second = good().await;
    let house = House::of([&first, &second]).await;
    let (answer, story) = ask_twice(&house, &first, ask).await;
    assert_eq!(status(&answer), code);
    assert_eq!(attempts(&story), expected);
    let of_first = expected.iter().filter(|(name, _)| *name == "first").count();
    assert_eq!((first.hits(), second.hits()), (1 + of_first, expected.len() - of_first));
}

/// U15.
#[tokio::test]
async fn a_kept_connection_that_is_reset_under_a_request_is_replaced() {
    check_repeated([Step::Rst], |entry| entry).await;
}

/// U15.
#[tokio::test]
async fn a_kept_connection_that_is_closed_under_a_request_is_replaced() {
    check_repeated([Step::Fin], |entry| entry).await;
}

/// U15: where one kept connection has ended, the others have as well.
#[tokio::test]
async fn the_repeat_goes_out_on_no_other_kept_connection() {
    let (gate, read) = (Gate::new(), [Step::ReadHead, Step::ReadBody]);
    let answer = [Step::Until(gate.clone()), Step::Send(response_bytes(200, &[], b"first"))];
    let kept = Script::new([&read[..], &answer, &read, &[Step::Rst]].concat());
    let later = Script::answering(200, &[], "again");
    let first = ScriptedUpstream::start_each([kept.clone(), kept, later]).await.unwrap();
    let house = House::of([&first]).await;
    let (mut one, mut other) = (house.begin(&Ask::chat()).await, house.begin(&Ask::chat()).await);
    first.until_read(2).await;
    gate.open();
    for client in [&mut one, &mut other] {
        assert_eq!(client.read_response().await.unwrap().text(), "first");
    }
    assert_eq!(house.ask(&Ask::chat()).await.text(), "again");
    let connections: Vec<usize> = first.requests()[2..].iter().map(|request| request.connection).collect();
    assert!(matches!(connections[..], [0 | 1, 2]), "{connections:?}");
}

/// An adapter that does not care which connection it may use.
struct Confused;

#[async_trait]
impl Upstream for Confused {
    async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        Err(UpstreamError::new(Fault::StaleConnection))
    }
}

/// U15: once is enough, whatever an adapter says.
#[tokio::test]
async fn an_upstream_whose_connections_are_always_stale_is_followed_by_the_next() {
    let second = good().await;
    let confused = Candidate::new("first", Arc::new(Backend::new(Arc::new(Confused))));
    let house = House::with([confused, entry("second", &second)]).await;
    assert_eq!(house.ask(&Ask::chat()).await.text(), "good");
    let expected = [("first", StaleConnection), ("first", StaleConnection), ("second", Ok)];
    assert_eq!(attempts(&house.story().await), expected);
}

/// U15: the repeat is no failover.
#[tokio::test]
async fn a_stale_connection_is_replaced_whatever_failover_on_names() {
    let elsewhere = FailoverOn::These(vec![FailureClass::Status(429)]);
    check_repeated([Step::Rst], |entry| entry.failover_on(elsewhere)).await;
}

/// U15: it may have been carried out.
#[tokio::test]
async fn an_upload_or_a_deletion_is_not_repeated_on_a_new_connection() {
    for ask in [Ask::new("DELETE", "/v1/files/file-1"), Ask::new("POST", "/v1/batches"), Ask::new("POST", "/v1/files")]
    {
        let first = stale([Step::Rst], Script::answering(200, &[], "again")).await;
        check(first, &ask, 502, &[("first", StaleConnection)]).await;
    }
}

/// U15, U07: once is enough.
#[tokio::test]
async fn an_upstream_that_resets_the_new_connection_too_is_followed_by_the_next() {
    let first = stale([Step::Rst], Script::after_request([Step::Rst])).await;
    let expected = [("first", StaleConnection), ("first", ResetBeforeHead), ("second", Ok)];
    check(first, &Ask::chat(), 200, &expected).await;
}

/// U15, U06: whoever begins to answer had not closed the connection.
#[tokio::test]
async fn a_kept_connection_that_ends_within_a_head_is_followed_by_the_next() {
    let first = stale([Step::send("HTTP/1.1 2"), Step::Fin], Script::answering(200, &[], "again")).await;
    check(first, &Ask::chat(), 200, &[("first", ResetBeforeHead), ("second", Ok)]).await;
}

/// U15, U07.
#[tokio::test]
async fn a_new_connection_that_ends_is_not_replaced() {
    for end in [Step::Rst, Step::Fin] {
        let reset = Script::after_request([end]);
        let first = ScriptedUpstream::start_each([reset, Script::answering(200, &[], "again")]).await.unwrap();
        let second = good().await;
        let house = House::of([&first, &second]).await;
        assert_eq!(house.ask(&Ask::chat()).await.text(), "good");
        assert_eq!(attempts(&house.story().await), [("first", ResetBeforeHead), ("second", Ok)]);
        assert_eq!(first.connections().len(), 1);
    }
}

/// U15, U05: the repeat has the time of an attempt, no more.
#[tokio::test]
async fn an_upstream_that_is_silent_on_the_new_connection_is_abandoned_for_the_next() {
    let (first, second) = (stale([Step::Rst], Script::hanging()).await, good().await);
    let house = House::of([&first, &second]).await;
    assert_eq!(house.ask(&Ask::chat()).await.text(), "first");
    let mut client = house.begin(&Ask::chat()).await;
    first.until_read(3).await;
    pass(Duration::from_secs(120)).await;
    assert_eq!(client.read_response().await.unwrap().text(), "good");
    let story = house.heard.until_finished(2).await.remove(1);
    assert_eq!(attempts(&story), [("first", StaleConnection), ("first", HeadTimeout), ("second", Ok)]);
}

/// U15: an upgrade goes out on connections of its own, and these are kept as well when the answer is no.
#[tokio::test]
async fn an_upgrade_on_a_stale_connection_is_repeated() {
    let agreeing = Script::new([
        Step::ReadHead,
        Step::send("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"),
        Step::Hang,
    ]);
    let first = stale([Step::Rst], agreeing).await;
    let house = House::of([&first]).await;
    let ask = Ask::get("/v1/realtime?model=m").header("connection", "Upgrade").header("upgrade", "websocket");
    assert_eq!(house.ask(&ask).await.text(), "first");
    let head = house.begin(&ask).await.read_head().await.unwrap();
    assert_eq!((head.status(), head.header("x-oar-attempts")), (Some(101), Some("2")));
    let connections: Vec<usize> = first.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 1]);
}
