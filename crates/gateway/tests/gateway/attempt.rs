//! One upstream after the other, until one answers; and never another after the first byte.

use crate::house::{Ask, CHAT, House, attempts, entry, entry_with, json, pass, refusal, settings, status};
use oar_exchange::AttemptResult::{self, BadHead, ConnectRefused, ConnectTimeout, HeadTimeout, Ok, Redirected};
use oar_exchange::AttemptResult::{ResetBeforeHead, Status};
use oar_exchange::Outcome;
use oar_testkit::{Ending, Script, ScriptedUpstream, Step};
use oar_upstream::openai::Settings;
use std::time::Duration;

async fn good() -> ScriptedUpstream {
    ScriptedUpstream::answering(200, &[], "good").await.unwrap()
}

/// The first upstream plays this, and the second answers.
async fn check_next(first: ScriptedUpstream, result: AttemptResult) {
    check_next_in(result.as_str(), first, result).await;
}

async fn check_next_in(case: &str, first: ScriptedUpstream, result: AttemptResult) {
    let second = good().await;
    let house = House::of([&first, &second]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!((status(&answer), answer.text().as_str()), (200, "good"), "after {case}");
    assert_eq!(answer.head.header("x-oar-upstream"), Some("second"), "after {case}");
    assert_eq!(answer.head.header("x-oar-attempts"), Some("2"), "after {case}");
    let story = house.story().await;
    assert_eq!(attempts(&story), [("first", result), ("second", Ok)], "after {case}");
    assert_eq!(second.requests()[0].body, CHAT);
}

async fn check_next_after(steps: impl IntoIterator<Item = Step>, result: AttemptResult) {
    check_next(ScriptedUpstream::start(Script::after_request(steps)).await.unwrap(), result).await;
}

/// U01.
#[tokio::test]
async fn a_refused_connection_is_followed_by_the_next() {
    check_next(ScriptedUpstream::refusing().unwrap(), ConnectRefused).await;
}

/// U04.
#[tokio::test]
async fn an_unreachable_upstream_is_abandoned_after_the_connect_timeout() {
    check_next(ScriptedUpstream::unreachable().await.unwrap(), ConnectTimeout).await;
}

/// U06, U07.
#[tokio::test]
async fn an_upstream_that_leaves_before_its_head_is_whole_is_followed_by_the_next() {
    check_next_after([Step::Fin], ResetBeforeHead).await;
    check_next_after([Step::Rst], ResetBeforeHead).await;
    check_next_after([Step::send("HTTP/1.1 200 O"), Step::Fin], ResetBeforeHead).await;
    check_next_after([Step::send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"), Step::Fin], ResetBeforeHead).await;
}

/// U08, U09, U11, U12.
#[tokio::test]
async fn what_is_no_answer_is_followed_by_the_next() {
    let many = (0..101).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    let large = format!("x-large: {}\r\n", "x".repeat(500_000));
    let ok = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n");
    let heads = [
        ("U08, garbage", "garbage that is no HTTP\r\n\r\n".to_owned()),
        ("U08, HTTP/0.9", "<html>HTTP/0.9</html>\r\n\r\n".into()),
        ("U08, TLS", "\x16\x03\x01\x02\x00\x01".into()),
        ("U08, status 099", "HTTP/1.1 099 Too Low\r\ncontent-length: 0\r\n\r\n".into()),
        ("U09, status 600", "HTTP/1.1 600 Too High\r\ncontent-length: 0\r\n\r\n".into()),
        ("U09, status 999", "HTTP/1.1 999 Too High\r\ncontent-length: 0\r\n\r\n".into()),
        ("U09, an unasked 101", "HTTP/1.1 101 Unasked\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n".into()),
        ("U11, 102 headers", ok(&many)),
        ("U11, a header of 500 KB", ok(&large)),
        ("U12, two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".into()),
        ("U12, a folded header", ok("x-folded: a\r\n b\r\n")),
        ("U12, a space before the colon", ok("x-spaced : a\r\n")),
        ("U12, a NUL", ok("x-nul: a\0b\r\n")),
    ];
    for (case, head) in heads {
        let steps = [Step::send(head), Step::Fin];
        check_next_in(case, ScriptedUpstream::start(Script::after_request(steps)).await.unwrap(), BadHead).await;
    }
}

/// U05.
#[tokio::test]
async fn a_silent_upstream_is_abandoned_for_the_next() {
    for (ask, limit) in [(Ask::chat(), 120), (Ask::stream(), 10)] {
        let (first, second) = (ScriptedUpstream::hanging().await.unwrap(), good().await);
        let house = House::of([&first, &second]).await;
        let mut client = house.begin(&ask).await;
        first.until_read(1).await;
        pass(Duration::from_secs(limit)).await;
        assert_eq!(client.read_response().await.unwrap().text(), "good");
        first.closed().await;
        assert!(first.connections()[0].abandoned(), "its connection is not kept");
        let story = house.story().await;
        assert_eq!(attempts(&story), [("first", HeadTimeout), ("second", Ok)]);
        assert!((limit..limit + 5).contains(&story.attempts[0].elapsed.as_secs()));
    }
}

/// S02 to S11, policy `any`: whatever is no success is followed by the next, once.
#[tokio::test]
async fn every_status_that_is_no_success_is_followed_by_the_next() {
    for code in [400, 401, 402, 403, 404, 408, 409, 413, 415, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 529] {
        let first = ScriptedUpstream::answering(code, &[("retry-after", "7")], "broken").await.unwrap();
        check_next(first, Status).await;
    }
}

/// S04.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    for code in [300, 301, 302, 303, 304, 307, 308] {
        let target = good().await;
        let location = format!("{}/v1/chat/completions", target.origin());
        let first = ScriptedUpstream::answering(code, &[("location", &location)], "").await.unwrap();
        check_next(first, Redirected).await;
        assert!(target.connections().is_empty());
    }
}

/// U16.
#[tokio::test]
async fn an_answer_before_the_body_is_read_is_an_answer() {
    let early = Step::send("HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\nconnection: close\r\n\r\nlarge");
    let first = ScriptedUpstream::start([Step::ReadHead, early, Step::Fin]).await.unwrap();
    let second = good().await;
    let house = House::of([&first, &second]).await;
    let body = format!("{{\"model\": \"m\", \"messages\": \"{}\"}}", "x".repeat(20 << 20));
    assert_eq!(house.ask(&Ask::chat().body(body)).await.text(), "good");
    assert_eq!(house.story().await.attempts[0].status, Some(413));
}

/// S12.
#[tokio::test]
async fn an_error_without_an_end_is_dropped() {
    let endless = Step::Forever("x".repeat(64 * 1024).into(), Duration::ZERO);
    let head = Step::send("HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\r\n");
    let first = ScriptedUpstream::start(Script::after_request([head, endless])).await.unwrap();
    let second = good().await;
    let house = House::of([&first, &second]).await;
    assert_eq!(house.ask(&Ask::chat()).await.text(), "good");
    first.closed().await;
}

/// S12.
#[tokio::test]
async fn an_error_that_stalls_is_given_up_with_its_attempt() {
    let head = Step::send("HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\nhel");
    let first = ScriptedUpstream::start(Script::after_request([head, Step::Hang])).await.unwrap();
    let second = good().await;
    let house = House::of([&first, &second]).await;
    let mut client = house.begin(&Ask::chat()).await;
    first.until_read(1).await;
    while first.connections()[0].sent == 0 {
        tokio::task::yield_now().await;
    }
    pass(Duration::from_secs(120)).await;
    assert_eq!(client.read_response().await.unwrap().text(), "good");
    first.closed().await;
}

#[tokio::test]
async fn upstreams_are_tried_in_order_each_once() {
    let refusing = ScriptedUpstream::refusing().unwrap();
    let broken = ScriptedUpstream::answering(500, &[], "broken").await.unwrap();
    let last = good().await;
    let house = House::of([&refusing, &broken, &last]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!(answer.head.header("x-oar-attempts"), Some("3"));
    assert_eq!((broken.hits(), last.hits()), (1, 1));
    let story = house.story().await;
    assert_eq!(attempts(&story), [("first", ConnectRefused), ("second", Status), ("third", Ok)]);
    assert_eq!(story.attempts[1].status, Some(500));
}

#[tokio::test]
async fn whoever_comes_after_the_first_success_is_not_asked() {
    let (first, second) = (good().await, good().await);
    let house = House::of([&first, &second]).await;
    assert_eq!(house.ask(&Ask::chat()).await.head.header("x-oar-attempts"), Some("1"));
    assert!(second.connections().is_empty());
}

/// M01, M02, M04: however far the answer had come.
#[tokio::test]
async fn after_the_first_byte_nobody_else_is_asked() {
    let length = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let cuts = [
        length.to_owned(),
        format!("{length}h"),
        format!("{length}hello"),
        chunked.into(),
        format!("{chunked}5\r\nhel"),
        format!("{chunked}5\r\nhello\r\n"),
        format!("{chunked}5\r\nhello\r\n0\r\n"),
        format!("{chunked}nonsense\r\n"),
        format!("{events}a\r\ndata: {{}}\n\n\r\n"),
        format!("{events}a\r\ndata: {{}}\n\n\r\n7\r\ndata: {{\r\n"),
    ];
    // A reset may overtake the first event of a stream, and before that event another upstream may be asked.
    let resets = cuts.iter().filter(|cut| !cut.starts_with(events)).map(|cut| (cut, Step::Rst));
    for (cut, last) in cuts.iter().map(|cut| (cut, Step::Fin)).chain(resets) {
        let first = ScriptedUpstream::start(Script::after_request([Step::send(cut.clone()), last])).await.unwrap();
        let second = good().await;
        let house = House::of([&first, &second]).await;
        let mut client = house.begin(&Ask::chat()).await;
        let answer = client.read_response().await;
        assert!(answer.is_none_or(|answer| !answer.complete), "an end that looks right after {cut:?}");
        assert!(second.connections().is_empty(), "a second attempt after {cut:?}");
        assert_eq!(house.story().await.outcome, Outcome::StreamBroken, "{cut:?}");
        assert_eq!(attempts(&house.story().await), [("first", Ok)]);
    }
}

/// B12.
#[tokio::test]
async fn an_upstream_that_does_not_serve_the_model_sees_nothing_and_is_no_attempt() {
    let (not_allowed, denied, last) = (good().await, good().await, good().await);
    let entries = [
        entry("not-allowed", &not_allowed).allow(["other", "M", "m "]),
        entry("denied", &denied).allow(["m"]).deny(["m"]),
        entry("last", &last).deny(["other"]),
    ];
    let house = House::with(entries).await;
    assert_eq!(house.ask(&Ask::chat()).await.head.header("x-oar-attempts"), Some("1"));
    assert_eq!((not_allowed.connections().len(), denied.connections().len()), (0, 0));
    assert_eq!(attempts(&house.story().await), [("last", Ok)]);
}

/// B11.
#[tokio::test]
async fn a_model_that_nobody_serves_is_not_found() {
    let upstream = good().await;
    let house = House::with([entry("first", &upstream).allow(["other"])]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!(refusal(&answer), (404, "model_not_available".into()));
    assert_eq!(json(&answer)["error"]["param"], "model");
    assert!(upstream.connections().is_empty());
    assert_eq!(house.story().await.outcome, Outcome::Rejected);
}

#[tokio::test]
async fn an_upstream_without_endpoint_or_key_is_answered_500_by_name() {
    let upstream = good().await;
    let complete = settings("half", &upstream);
    let halves = [
        Settings { endpoint: String::new(), sk: "canary-key".into(), ..Settings::default() },
        Settings { sk: "".into(), ..complete },
    ];
    for half in halves {
        let second = good().await;
        let house = House::with([entry_with("half", &half), entry("second", &second)]).await;
        let answer = house.ask(&Ask::chat()).await;
        assert_eq!(refusal(&answer), (500, "upstream_misconfigured".into()));
        assert!(json(&answer)["error"]["message"].as_str().unwrap().contains("`half`"));
        let story = house.story().await;
        assert_eq!(attempts(&story), [("half", AttemptResult::Misconfigured)]);
        assert_eq!((story.outcome, story.answer.status), (Outcome::AllFailed, 500));
        assert!(upstream.connections().is_empty() && second.connections().is_empty());
    }
}

/// P04.
#[tokio::test]
async fn every_method_is_passed_on() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
        assert_eq!(status(&house.ask(&Ask::new(method, "/v1/files/x")).await), 200, "{method}");
        assert_eq!(upstream.requests().pop().unwrap().head.method(), method);
    }
}

#[tokio::test]
async fn a_request_without_a_body_gets_none() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    house.ask(&Ask::new("DELETE", "/v1/files/x")).await;
    let head = upstream.requests().pop().unwrap().head;
    assert!(matches!(head.header("content-length"), None | Some("0")) && head.header("transfer-encoding").is_none());
}

/// P03.
#[tokio::test]
async fn the_endpoints_path_takes_the_place_of_v1_and_the_query_stays() {
    for (path, target) in [
        ("/openai/v1", "/openai/v1/chat/completions?x=1&y=%20a/b&&z"),
        ("/v1/", "/v1/chat/completions?x=1&y=%20a/b&&z"),
        ("", "/chat/completions?x=1&y=%20a/b&&z"),
    ] {
        let upstream = good().await;
        let moved = Settings { endpoint: format!("{}{path}", upstream.origin()), ..settings("first", &upstream) };
        let house = House::with([entry_with("first", &moved)]).await;
        house.ask(&Ask::new("POST", "/v1/chat/completions?x=1&y=%20a/b&&z").json("{}")).await;
        assert_eq!(upstream.requests()[0].head.target(), target);
    }
}

/// A16: the client says which resource, never which host.
#[tokio::test]
async fn a_client_cannot_choose_the_host() {
    let (upstream, evil) = (good().await, good().await);
    let house = House::of([&upstream]).await;
    let absolute = Ask::new("POST", &format!("{}/v1/chat/completions", evil.origin())).json(CHAT);
    let named = String::from_utf8_lossy(&Ask::chat().bytes()).replace("gateway.test", &evil.addr().to_string());
    let forwarded = Ask::chat().header("x-forwarded-host", &evil.addr().to_string());
    for ask in [absolute.bytes(), named.into(), forwarded.bytes()] {
        let mut client = house.connect().await;
        client.send(ask).await.unwrap();
        assert_eq!(status(&client.read_response().await.unwrap()), 200);
        let head = upstream.requests().pop().unwrap().head;
        assert_eq!(head.values("host").collect::<Vec<_>>(), [upstream.addr().to_string()]);
        assert_eq!(head.target(), "/v1/chat/completions");
    }
    assert!(evil.connections().is_empty());
}

/// U15: a FIN that is there already costs nothing but a new connection.
#[tokio::test]
async fn a_kept_connection_that_the_upstream_closed_is_replaced() {
    let answer = || Step::send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood");
    let upstream = ScriptedUpstream::start(Script::after_request([answer(), Step::Fin])).await.unwrap();
    let house = House::of([&upstream]).await;
    for _ in 0..3 {
        assert_eq!(house.ask(&Ask::chat()).await.text(), "good");
    }
    assert_eq!(upstream.connections().len(), 3);
    drop(house);
    upstream.closed().await;
    assert!(upstream.connections().iter().all(|connection| matches!(connection.closed, Some((_, Ending::Fin)))));
}
