//! Upgraded connections: chosen like any other answer, then bytes both ways until one side ends.

use crate::house::{Ask, Entry, House, TOKEN, attempts, backend_with, entry, refusal, status};
use oar_exchange::{AttemptResult, Exchange, Outcome};
use oar_routing::Candidate;
use oar_testkit::standin::{Mode, Standin};
use oar_testkit::{Ending, Gate, RawClient, Script, ScriptedUpstream, Step, canary};
use oar_upstream::openai::Settings;
use std::sync::Arc;
use std::time::Duration;

/// RFC 6455, section 1.3, with its example key.
fn handshake() -> Ask {
    Ask::get("/v1/realtime?model=gpt-realtime")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                         sec-websocket-accept: accepted\r\nset-cookie: canary\r\n\r\n";

/// Agrees to the upgrade and plays this.
async fn agreeing(steps: impl IntoIterator<Item = Step>) -> ScriptedUpstream {
    let steps = [Step::ReadHead, Step::send(SWITCHING)].into_iter().chain(steps);
    ScriptedUpstream::start(Script::new(steps)).await.unwrap()
}

/// The client of an upgraded connection.
async fn upgraded(house: &House) -> RawClient {
    let mut client = house.begin(&handshake()).await;
    assert_eq!(client.read_head().await.unwrap().status(), Some(101));
    client
}

fn carried(story: &Arc<Exchange>) -> (Outcome, u16, u64, u64) {
    (story.outcome, story.answer.status, story.request.bytes, story.answer.bytes)
}

fn realtime(name: &str, endpoint: &str) -> Entry {
    let settings = Settings { sk: "canary-key-of-realtime".into(), endpoint: endpoint.into(), ..Settings::default() };
    Candidate::new(name, Arc::new(backend_with(&settings, Duration::from_secs(5))))
}

#[tokio::test]
async fn a_websocket_passes_through_the_first_upstream_that_agrees() {
    let (refusing, standin) =
        (ScriptedUpstream::refusing().unwrap(), Standin::new(Mode::default()).start().await.unwrap());
    let house = House::with([entry("first", &refusing), realtime("second", &standin.endpoint())]).await;
    let mut client = house.begin(&handshake()).await;
    let head = client.read_head().await.unwrap();
    assert_eq!((head.status(), head.header("upgrade")), (Some(101), Some("websocket")));
    assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(head.header("x-oar-upstream"), Some("second"));
    // A masked "Hello" (section 5.7), then a close.
    client.send(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").await.unwrap();
    assert_eq!(client.read_exactly(7).await.unwrap().as_ref(), b"\x81\x05Hello");
    client.send(b"\x88\x80\0\0\0\0").await.unwrap();
    assert_eq!(client.read_to_close().await, (b"\x88\x00"[..].into(), Ending::Fin));
    let story = house.story().await;
    assert_eq!(attempts(&story), [("first", AttemptResult::ConnectRefused), ("second", AttemptResult::Ok)]);
    assert_eq!(carried(&story), (Outcome::Ok, 101, 17, 9));
}

#[tokio::test]
async fn an_upstream_that_will_not_upgrade_is_followed_by_the_next() {
    for (code, result) in [(403, AttemptResult::Status), (302, AttemptResult::Redirected), (500, AttemptResult::Status)]
    {
        let first = ScriptedUpstream::answering(code, &[], "no").await.unwrap();
        let second = agreeing([Step::Hang]).await;
        let house = House::of([&first, &second]).await;
        upgraded(&house).await.abandon();
        assert_eq!(attempts(&house.story().await), [("first", result), ("second", AttemptResult::Ok)]);
    }
}

#[tokio::test]
async fn a_websocket_that_nobody_takes_is_refused_with_an_error_object() {
    let first = ScriptedUpstream::answering(403, &[], "no").await.unwrap();
    let house = House::of([&first]).await;
    let answer = house.ask(&handshake()).await;
    assert_eq!(refusal(&answer), (502, "upstream_auth_failed".into()));
}

#[tokio::test]
async fn the_handshake_goes_out_with_the_upstreams_key_and_comes_back_without_its_cookies() {
    let upstream = agreeing([Step::Hang]).await;
    let house = House::of([&upstream]).await;
    let mut client = house.begin(&handshake().header("sec-websocket-extensions", "permessage-deflate")).await;
    let head = client.read_head().await.unwrap();
    assert_eq!((head.header("sec-websocket-accept"), head.header("set-cookie")), (Some("accepted"), None));
    let asked = upstream.requests()[0].head.clone();
    assert_eq!(asked.target(), "/v1/realtime?model=gpt-realtime");
    for (name, value) in [
        ("authorization", "Bearer canary-key-of-first"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-extensions", "permessage-deflate"),
    ] {
        assert_eq!(asked.values(name).collect::<Vec<_>>(), [value], "{name}");
    }
    assert!(asked.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("upgrade")));
}

/// Browsers cannot set headers on a WebSocket, so the key comes among the subprotocols.
#[tokio::test]
async fn a_key_among_the_subprotocols_lets_a_browser_in_and_goes_no_further() {
    let upstream = agreeing([Step::Hang]).await;
    let house = House::of([&upstream]).await;
    let browser = Ask::stranger("GET", "/v1/realtime?model=m")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let wrong = browser.clone().header("sec-websocket-protocol", "realtime, openai-insecure-api-key.canary-wrong");
    assert_eq!(status(&house.ask(&wrong).await), 401);
    let right = browser.header(
        "sec-websocket-protocol",
        "realtime, openai-insecure-api-key.canary-team-token, openai-beta.realtime-v1",
    );
    let mut client = house.begin(&right).await;
    assert_eq!(client.read_head().await.unwrap().status(), Some(101));
    let asked = upstream.requests()[0].head.clone();
    assert_eq!(asked.header("sec-websocket-protocol"), Some("realtime, openai-beta.realtime-v1"));
    assert!(!String::from_utf8_lossy(asked.raw()).contains(TOKEN));
    client.abandon();
    let told = format!("{:?}", house.heard.until_finished(2).await);
    canary::assert_none("the stories", told);
}

#[tokio::test]
async fn a_websocket_goes_by_the_model_in_its_query_or_by_its_path() {
    for allowed in ["gpt-realtime", "/v1/realtime"] {
        let (first, second) = (agreeing([Step::Hang]).await, agreeing([Step::Hang]).await);
        let entries = [entry("first", &first).allow(["other"]), entry("second", &second).allow([allowed])];
        let house = House::with(entries).await;
        upgraded(&house).await;
        assert_eq!((first.connections().len(), second.hits()), (0, 1), "{allowed}");
    }
}

#[tokio::test]
async fn bytes_go_both_ways_and_a_client_that_leaves_ends_the_upstreams_side() {
    // A head is read up to a blank line, so a message with one shows that it has arrived.
    let upstream = agreeing([Step::send("welcome"), Step::ReadHead, Step::send("thanks"), Step::Hang]).await;
    let house = House::of([&upstream]).await;
    let mut client = upgraded(&house).await;
    assert_eq!(client.read_exactly(7).await.unwrap(), "welcome");
    client.send("\x00\x01 bytes \r\n\r\n").await.unwrap();
    assert_eq!(client.read_exactly(6).await.unwrap(), "thanks");
    assert_eq!(upstream.requests()[1].head.raw(), b"\x00\x01 bytes \r\n\r\n");
    client.abandon();
    upstream.closed().await;
    assert_eq!(carried(&house.story().await), (Outcome::Ok, 101, 13, 13));
}

#[tokio::test]
async fn an_upstream_that_ends_ends_the_clients_side_after_its_last_byte() {
    let gate = Gate::new();
    let upstream = agreeing([Step::Until(gate.clone()), Step::send("farewell"), Step::Fin]).await;
    let house = House::of([&upstream]).await;
    let mut client = upgraded(&house).await;
    gate.open();
    assert_eq!(client.read_to_close().await, ("farewell".into(), Ending::Fin));
    assert_eq!(carried(&house.story().await), (Outcome::Ok, 101, 0, 8));
}

#[tokio::test]
async fn an_upstream_that_resets_is_a_broken_stream() {
    let gate = Gate::new();
    let upstream = agreeing([Step::Until(gate.clone()), Step::Rst]).await;
    let house = House::of([&upstream]).await;
    let mut client = upgraded(&house).await;
    gate.open();
    client.read_to_close().await;
    assert_eq!(house.story().await.outcome, Outcome::StreamBroken);
}

/// L01: what went through is told, too.
#[tokio::test]
async fn a_stop_that_waits_no_longer_ends_both_sides_and_tells_what_went_through() {
    let upstream = agreeing([Step::send("welcome"), Step::Hang]).await;
    let house = House::of([&upstream]).await;
    let mut client = upgraded(&house).await;
    assert_eq!(client.read_exactly(7).await.unwrap(), "welcome");
    house.cut.cancel();
    upstream.closed().await;
    client.read_to_close().await;
    assert_eq!(carried(&house.story().await), (Outcome::Drained, 101, 0, 7));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_upgrade_ends_the_attempt() {
    let upstream = ScriptedUpstream::start([Step::ReadHead, Step::Hang]).await.unwrap();
    let house = House::of([&upstream]).await;
    let client = house.begin(&handshake()).await;
    upstream.until_hit(1).await;
    client.abandon();
    upstream.closed().await;
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 499));
}

/// C16: only WebSockets are upgraded; any other wish is read as if it were not there.
#[tokio::test]
async fn a_wish_for_another_protocol_is_an_ordinary_request() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let house = House::of([&upstream]).await;
    let ask = Ask::chat().header("connection", "upgrade, http2-settings").header("upgrade", "h2c");
    assert_eq!(house.ask(&ask.header("http2-settings", "AAMAAABk")).await.text(), "good");
    assert_eq!(upstream.requests()[0].head.header("upgrade"), None);
}
