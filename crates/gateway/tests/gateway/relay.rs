//! The winner's answer arrives as the upstream sent it.

use crate::house::{Ask, House, entry_with, refusal, settings, status};
use oar_exchange::Outcome;
use oar_testkit::{Script, ScriptedUpstream, Step};
use oar_upstream::openai::Settings;

/// One upstream that sends these bytes after it has read a request.
async fn sending(bytes: impl Into<Vec<u8>>) -> (House, ScriptedUpstream) {
    let upstream = ScriptedUpstream::start(Script::after_request([Step::send(bytes.into())])).await.unwrap();
    (House::of([&upstream]).await, upstream)
}

/// S02.
#[tokio::test]
async fn every_2xx_is_a_success() {
    for code in [200, 201, 202, 203, 206, 299] {
        let first = ScriptedUpstream::answering(code, &[], "done").await.unwrap();
        let second = ScriptedUpstream::answering(200, &[], "other").await.unwrap();
        let house = House::of([&first, &second]).await;
        let answer = house.ask(&Ask::chat()).await;
        assert_eq!((status(&answer), answer.text().as_str()), (code, "done"));
        assert!(second.connections().is_empty());
    }
}

/// S01.
#[tokio::test]
async fn headers_and_bytes_arrive_as_they_were_sent() {
    let theirs = [
        ("content-type", "application/json; charset=utf-8"),
        ("openai-processing-ms", "12"),
        ("x-ratelimit-remaining", "3"),
        ("retry-after", "1"),
        ("x-many", "a"),
        ("x-many", "b"),
        ("etag", "\"x\""),
    ];
    let upstream = ScriptedUpstream::answering(200, &theirs, "{ \"odd\":\t\"spacing\" }\n").await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!(answer.text(), "{ \"odd\":\t\"spacing\" }\n");
    assert_eq!(answer.head.header("content-length"), Some("21"), "a known length stays known");
    for (name, value) in theirs {
        assert!(answer.head.values(name).any(|given| given == value), "{name}: {value}");
    }
    assert_eq!(answer.head.values("x-many").collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn speech_arrives_byte_for_byte() {
    let sound: Vec<u8> = (0..1_000_000_u32).map(|index| (index ^ (index >> 8)) as u8).collect();
    let upstream = ScriptedUpstream::answering(200, &[("content-type", "audio/mpeg")], &sound).await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::new("POST", "/v1/audio/speech").json(r#"{"model": "tts-1"}"#)).await;
    assert_eq!(answer.head.header("content-type"), Some("audio/mpeg"));
    assert!(answer.complete && answer.body == sound);
    let story = house.story().await;
    assert_eq!((story.answer.bytes, story.answer.body.len()), (1_000_000, 0), "sounds are counted and not kept");
}

/// B10.
#[tokio::test]
async fn a_compressed_answer_stays_compressed() {
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let headers = [("content-encoding", "gzip"), ("content-type", "application/json")];
    let upstream = ScriptedUpstream::answering(200, &headers, packed).await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!(answer.head.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.body, packed.as_slice());
}

/// U14.
#[tokio::test]
async fn what_concerns_the_upstreams_connection_stays_there() {
    let theirs = [
        ("connection", "close, X-Hop"),
        ("x-hop", "canary"),
        ("keep-alive", "timeout=5, canary"),
        ("proxy-authenticate", "canary"),
        ("proxy-connection", "canary"),
        ("trailer", "canary"),
        ("upgrade", "canary"),
    ];
    let upstream = ScriptedUpstream::answering(200, &theirs, "good").await.unwrap();
    let house = House::of([&upstream]).await;
    let mut client = house.connect().await;
    for _ in 0..2 {
        client.send(Ask::chat().bytes()).await.unwrap();
        let answer = client.read_response().await.expect("the client's own connection stays");
        let head = String::from_utf8_lossy(answer.head.raw()).into_owned();
        assert!(!head.contains("canary") && answer.head.header("connection").is_none(), "{head}");
        assert_eq!(answer.text(), "good");
    }
}

/// U14.
#[tokio::test]
async fn what_concerns_the_clients_connection_stays_there() {
    let upstream = ScriptedUpstream::answering(200, &[], "good").await.unwrap();
    let house =
        House::with([entry_with("first", &Settings { keep_header: true, ..settings("first", &upstream) })]).await;
    let ask = [
        ("connection", "keep-alive, X-Hop"),
        ("x-hop", "canary-of-the-hop"),
        ("keep-alive", "canary-of-the-hop"),
        ("proxy-connection", "canary-of-the-hop"),
        ("te", "canary-of-the-hop"),
        ("trailer", "canary-of-the-hop"),
        ("upgrade", "canary-of-the-hop"),
    ];
    let ask = ask.into_iter().fold(Ask::chat().header("x-stays", "1"), |ask, (name, value)| ask.header(name, value));
    assert_eq!(status(&house.ask(&ask).await), 200);
    let head = upstream.requests()[0].head.clone();
    assert!(!String::from_utf8_lossy(head.raw()).contains("of-the-hop"), "{head:?}");
    assert_eq!(head.header("x-stays"), Some("1"));
}

/// U13.
#[tokio::test]
async fn an_answer_with_two_framings_is_relayed_with_one() {
    let both = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let (house, _upstream) = sending(both).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!((answer.text().as_str(), answer.complete), ("hello", true));
    assert_eq!(answer.head.header("content-length"), None);
}

/// U10.
#[tokio::test]
async fn interim_answers_are_swallowed() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
                   HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood";
    let (house, _upstream) = sending(interim).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!((status(&answer), answer.text().as_str()), (200, "good"));
}

/// S03.
#[tokio::test]
async fn a_204_has_no_body_and_does_not_spoil_what_follows() {
    let odd = "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nextra";
    let (house, upstream) = sending(odd).await;
    let mut client = house.connect().await;
    for hit in 1..3 {
        client.send(Ask::new("DELETE", "/v1/files/x").bytes()).await.unwrap();
        let head = client.read_head().await.expect("a head");
        assert_eq!((head.status(), head.header("content-length")), (Some(204), None));
        assert_eq!(upstream.hits(), hit);
    }
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_and_does_not_spoil_what_follows() {
    let (house, upstream) = sending("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-own: 1\r\n\r\n").await;
    let mut client = house.connect().await;
    for hit in 1..3 {
        client.send(Ask::new("HEAD", "/v1/files/x").bytes()).await.unwrap();
        let head = client.read_head().await.expect("a head");
        assert_eq!((head.status(), head.header("x-own")), (Some(200), Some("1")));
        assert_eq!((upstream.hits(), upstream.requests()[0].head.method()), (hit, "HEAD"));
    }
}

#[tokio::test]
async fn an_empty_answer_is_relayed_as_one() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!((status(&answer), answer.body.len(), answer.complete), (200, 0, true));
}

#[tokio::test]
async fn headers_in_which_an_upstream_poses_as_the_gateway_stop_there() {
    let theirs = [
        ("set-cookie", "canary"),
        ("server", "canary"),
        ("alt-svc", "canary"),
        ("strict-transport-security", "canary"),
        ("access-control-allow-origin", "canary"),
        ("access-control-allow-credentials", "canary"),
        ("x-oar-upstream", "canary"),
        ("x-oar-attempts", "canary"),
        ("x-oar-anything", "canary"),
    ];
    let upstream = ScriptedUpstream::answering(200, &theirs, "").await.unwrap();
    let house = House::of([&upstream]).await;
    let head = house.ask(&Ask::chat()).await.head;
    assert!(!String::from_utf8_lossy(head.raw()).contains("canary"), "{head:?}");
    assert_eq!(head.values("x-oar-upstream").collect::<Vec<_>>(), ["first"]);
    assert_eq!(head.values("x-oar-attempts").collect::<Vec<_>>(), ["1"]);
}

#[tokio::test]
async fn a_clients_request_id_is_kept_echoed_recorded_and_sent_on() {
    let upstream = ScriptedUpstream::answering(200, &[("x-request-id", "upstreams-own")], "").await.unwrap();
    let house = House::of([&upstream]).await;
    let answer = house.ask(&Ask::chat().header("x-request-id", "clients-own")).await;
    assert_eq!(answer.head.values("x-request-id").collect::<Vec<_>>(), ["clients-own"]);
    assert_eq!(upstream.requests()[0].head.values("x-request-id").collect::<Vec<_>>(), ["clients-own"]);
    let story = house.story().await;
    assert_eq!(story.request_id, "clients-own");
    assert_ne!(story.id, "clients-own", "a client cannot choose the id of a record");
    assert_eq!(story.attempts[0].upstream_request_id.as_deref(), Some("upstreams-own"));
}

#[tokio::test]
async fn a_request_id_is_made_where_there_is_none_worth_keeping() {
    let upstream = ScriptedUpstream::answering(200, &[], "").await.unwrap();
    for ask in
        [Ask::chat(), Ask::chat().header("x-request-id", &"x".repeat(129)), Ask::chat().header("x-request-id", "")]
    {
        let house = House::of([&upstream]).await;
        let answer = house.ask(&ask).await;
        let story = house.story().await;
        assert_eq!(answer.head.header("x-request-id"), Some(story.id.as_str()));
        assert_eq!(upstream.requests().pop().unwrap().head.header("x-request-id"), Some(story.id.as_str()));
        assert_eq!((story.id.len(), &story.request_id), (36, &story.id));
    }
}

/// An answer to `HEAD` that speaks of events has none to wait for.
#[tokio::test]
async fn a_head_of_an_event_stream_is_a_whole_answer() {
    let upstream = ScriptedUpstream::answering(200, &[("content-type", "text/event-stream")], "").await.unwrap();
    let house = House::of([&upstream]).await;
    assert_eq!(status(&house.ask(&Ask::new("HEAD", "/v1/chat/completions")).await), 200);
    let story = house.story().await;
    assert_eq!((story.outcome, story.attempts.len()), (Outcome::Ok, 1));
}

/// A08: a gateway that leads back to itself is noticed, and the count of gateways is no header of the client's.
#[tokio::test]
async fn a_request_that_goes_in_a_circle_is_stopped() {
    let upstream = ScriptedUpstream::answering(200, &[], "fine").await.unwrap();
    let house = House::of([&upstream]).await;
    assert_eq!(refusal(&house.ask(&Ask::chat().and_header("x-oar-hop", "5")).await), (508, "loop_detected".into()));
    assert!(upstream.connections().is_empty());

    let house = House::of([&upstream]).await;
    assert_eq!(status(&house.ask(&Ask::chat()).await), 200);
    assert_eq!(upstream.requests()[0].head.header("x-oar-hop"), Some("1"));
    assert!(!house.story().await.request.headers.contains_key("x-oar-hop"));
}
