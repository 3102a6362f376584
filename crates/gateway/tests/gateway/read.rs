//! The body: read whole before anybody is asked, and the same bytes for everybody.

use crate::house::{Ask, CHAT, House, entry, json, refusal, status};
use bytes::Bytes;
use oar_exchange::Outcome;
use oar_gateway::Limits;
use oar_testkit::{Ending, ScriptedUpstream};

const BOUNDARY: &str = "-----------------------------41184676334";

async fn good() -> ScriptedUpstream {
    ScriptedUpstream::answering(200, &[], "good").await.unwrap()
}

async fn broken() -> ScriptedUpstream {
    ScriptedUpstream::answering(500, &[], "broken").await.unwrap()
}

/// As a browser sends it, with this much of a sound that has every byte value in it.
fn upload(audio_bytes: usize) -> Ask {
    let mut body = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"model\"\r\n\
         content-type: audio/mpeg\r\n\r\n"
    )
    .into_bytes();
    body.extend((0..audio_bytes).map(|index| (index % 251) as u8 ^ (index >> 8) as u8));
    body.extend_from_slice(
        format!(
            "\r\n--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--{BOUNDARY}--"
        )
        .as_bytes(),
    );
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    Ask::new("POST", "/v1/audio/transcriptions").header("content-type", &content_type).body(body)
}

/// B08.
#[tokio::test]
async fn a_large_upload_reaches_the_second_upstream_exactly_as_it_came() {
    let (first, second) = (broken().await, good().await);
    let house = House::of([&first, &second]).await;
    let ask = upload(25 << 20);
    assert_eq!(status(&house.ask(&ask).await), 200);
    let sent = ask.bytes();
    for upstream in [&first, &second] {
        let request = upstream.requests().remove(0);
        assert!(request.complete && sent.ends_with(&request.body) && request.body.len() > 25 << 20);
        let content_type = request.head.header("content-type").unwrap();
        assert_eq!(content_type, format!("multipart/form-data; boundary={BOUNDARY}"));
        assert_eq!(request.head.header("content-length"), Some(request.body.len().to_string().as_str()));
    }
    assert_eq!(house.story().await.request.model.as_deref(), Some("whisper-1"));
}

#[tokio::test]
async fn an_upload_may_be_allowed_by_its_model_or_by_its_path() {
    for name in ["whisper-1", "/v1/audio/transcriptions"] {
        let (first, second) = (good().await, good().await);
        let house = House::with([entry("first", &first).allow(["gpt"]), entry("second", &second).allow([name])]).await;
        assert_eq!(status(&house.ask(&upload(10)).await), 200, "{name}");
        assert_eq!((first.connections().len(), second.hits()), (0, 1), "{name}");
    }
}

/// B07: what a gateway need not understand, it must not repair either.
#[tokio::test]
async fn json_goes_through_byte_for_byte() {
    let bodies: [&[u8]; 4] = [
        b" {\n\t\"messages\": [{\"content\": \"\\ud83d\\u0000\"}] ,\"model\":\"\\u006d\", \"n\": 1.0e999, \"n\": 2 }\r\n",
        b"{\"model\":\"m\",\"messages\":\"\xff\xfe not UTF-8\"}",
        b"{\"seed\":123456789012345678901234567890,\"model\":\"m\"}",
        "{\"model\":\"m\",\"messages\":\"\u{1f600} \u{2028}\"}".as_bytes(),
    ];
    for body in bodies {
        let (first, second) = (broken().await, good().await);
        let house = House::of([&first, &second]).await;
        assert_eq!(status(&house.ask(&Ask::chat().body(body.to_vec())).await), 200);
        for upstream in [&first, &second] {
            assert_eq!(upstream.requests()[0].body, body);
        }
        assert_eq!(house.story().await.request.model.as_deref(), Some("m"));
    }
}

#[tokio::test]
async fn a_chunked_body_goes_out_whole_with_a_length() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    let chunked = "7;x=y\r\n{\"model\r\n7\r\n\": \"m\"}\r\n0\r\nx-trailer: 1\r\n\r\n";
    let ask = Ask::chat().header("transfer-encoding", "chunked").body(chunked);
    assert_eq!(status(&house.ask(&ask).await), 200);
    let request = &upstream.requests()[0];
    assert_eq!(request.body, r#"{"model": "m"}"#);
    assert_eq!(request.head.header("content-length"), Some("14"));
    assert_eq!(request.head.header("transfer-encoding"), None);
}

async fn capped(upstream: &ScriptedUpstream, body_bytes: usize) -> House {
    House::limited([entry("first", upstream)], Limits { body_bytes, ..Limits::default() }).await
}

/// C10.
#[tokio::test]
async fn a_body_that_is_said_to_be_too_large_is_refused_before_it_comes() {
    let upstream = good().await;
    let house = capped(&upstream, 1000).await;
    let mut client = house.begin(&Ask::chat().header("content-length", "1001").body("")).await;
    let answer = client.read_response().await.expect("an answer at once");
    assert_eq!(refusal(&answer), (413, "request_too_large".into()));
    assert_eq!(answer.head.header("connection"), Some("close"));
    assert_eq!(client.read_to_close().await.1, Ending::Fin);
    assert!(upstream.connections().is_empty());
}

/// C11.
#[tokio::test]
async fn a_chunked_body_is_refused_the_moment_it_is_too_large() {
    let upstream = good().await;
    let house = capped(&upstream, 1000).await;
    let endless = format!("3e9\r\n{}\r\n", "x".repeat(1001));
    let mut client = house.begin(&Ask::chat().header("transfer-encoding", "chunked").body(endless)).await;
    let answer = client.read_response().await.expect("an answer before the body ends");
    assert_eq!(refusal(&answer), (413, "request_too_large".into()));
    assert!(upstream.connections().is_empty());
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken() {
    let upstream = good().await;
    let house = capped(&upstream, CHAT.len()).await;
    assert_eq!(status(&house.ask(&Ask::chat()).await), 200);
}

/// B09.
#[tokio::test]
async fn an_encoded_body_is_refused() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    for encoding in ["gzip", "br", "gzip, identity"] {
        let answer = house.ask(&Ask::chat().header("content-encoding", encoding)).await;
        assert_eq!(refusal(&answer), (415, "unsupported_encoding".into()), "{encoding}");
    }
    assert!(upstream.connections().is_empty());
    assert_eq!(status(&house.ask(&Ask::chat().header("content-encoding", "identity")).await), 200);
}

/// B01 to B05.
#[tokio::test]
async fn what_two_readers_could_read_differently_is_refused() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    let cases = [
        (r#"{"model":"a","model":"b"}"#, "duplicate_field", Some("model")),
        (r#"{"model":"a","mode\u006c":"b"}"#, "duplicate_field", Some("model")),
        (r#"{"model":"cheap","MODEL":"gpt-4"}"#, "duplicate_field", Some("model")),
        (r#"{"stream":true,"stream":false}"#, "duplicate_field", Some("stream")),
        (r#"{"model":1}"#, "invalid_model", Some("model")),
        (r#"{"model":["m"]}"#, "invalid_model", Some("model")),
        (r#"{"model":""}"#, "invalid_model", Some("model")),
        (r#"{"model":"m","stream":"true"}"#, "invalid_stream", Some("stream")),
        (r#"{"model":"m","stream":1}"#, "invalid_stream", Some("stream")),
        (r#"{"model":"m"} {}"#, "invalid_json", None),
        ("[]", "invalid_json", None),
        ("nonsense", "invalid_json", None),
    ];
    for (body, code, param) in cases {
        let answer = house.ask(&Ask::chat().body(body)).await;
        assert_eq!(refusal(&answer), (400, code.into()), "{body}");
        assert_eq!(json(&answer)["error"]["param"].as_str(), param, "{body}");
        assert_eq!(json(&answer)["error"]["type"], "invalid_request_error", "{body}");
    }
    assert!(upstream.connections().is_empty());
}

/// B08.
#[tokio::test]
async fn an_upload_with_two_models_or_without_its_boundary_is_refused() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    let part = "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nm\r\n";
    let form = Ask::chat().header("content-type", "multipart/form-data; boundary=b");
    let twice = form.clone().body(format!("{part}{part}--b--\r\n"));
    assert_eq!(refusal(&house.ask(&twice).await), (400, "duplicate_field".into()));
    let nameless = Ask::chat().header("content-type", "multipart/form-data").body(format!("{part}--b--\r\n"));
    assert_eq!(refusal(&house.ask(&nameless).await), (400, "invalid_multipart".into()));
    assert!(upstream.connections().is_empty());
}

/// A null model, and one that is not there, are the same: the path is the model.
#[tokio::test]
async fn a_request_without_a_model_goes_by_its_path() {
    let (first, second) = (good().await, good().await);
    let entries = [entry("first", &first).deny(["/v1/files"]), entry("second", &second).allow(["/v1/files"])];
    let house = House::with(entries).await;
    let asks = [
        Ask::get("/v1/files"),
        Ask::get("/v1/files?purpose=x"),
        Ask::new("POST", "/v1/files").json(r#"{"model":null}"#),
        Ask::new("POST", "/v1/files").header("content-type", "text/plain").body("opaque"),
    ];
    for ask in &asks {
        assert_eq!(status(&house.ask(ask).await), 200);
    }
    assert_eq!((first.connections().len(), second.hits()), (0, asks.len()));
}

#[tokio::test]
async fn a_body_whose_framing_is_broken_is_refused() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    let ask = Ask::chat().header("transfer-encoding", "chunked").body("0x5\r\nhello\r\n0\r\n\r\n");
    let answer = house.ask(&ask).await;
    assert_eq!(refusal(&answer), (400, "invalid_body".into()));
    assert!(upstream.connections().is_empty());
}

/// C05.
#[tokio::test]
async fn a_client_that_leaves_before_its_body_is_whole_reaches_no_upstream() {
    for body in [Ask::chat().header("content-length", "100"), Ask::chat().header("transfer-encoding", "chunked")] {
        let upstream = good().await;
        let house = House::of([&upstream]).await;
        let client = house.begin(&body.body(Bytes::from_static(b"5\r\n{\"mo"))).await;
        client.abandon();
        let story = house.story().await;
        assert_eq!((story.outcome, story.answer.status), (Outcome::ClientClosed, 499));
        assert!(story.request.body.is_empty() && upstream.connections().is_empty());
    }
}

/// C09: a body that comes by the drop, and one that stops coming.
#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_in_time_is_refused() {
    let upstream = ScriptedUpstream::answering(200, &[], "never asked").await.unwrap();
    let house = House::of([&upstream]).await;
    for drops in [0, 20] {
        let mut client = house.connect().await;
        let head = "POST /v1/files HTTP/1.1\r\nhost: h\r\nauthorization: Bearer canary-team-token\r\ncontent-length: 100\r\n\r\n";
        client.send(head).await.unwrap();
        for _ in 0..drops {
            client.send("x").await.unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        }
        let answer = client.read_response().await.expect("an answer");
        assert_eq!(refusal(&answer), (408, "request_body_timeout".into()), "after {drops} drops");
    }
    assert!(upstream.connections().is_empty());
}

/// C12: more than fits is refused after a while, and fits again when the others are done.
#[tokio::test(start_paused = true)]
async fn bodies_that_find_no_room_are_refused_and_told_when_to_come_back() {
    let upstream = ScriptedUpstream::hanging().await.unwrap();
    let limits = Limits { buffered_bytes: 64 * 1024, ..Limits::default() };
    let house = House::limited([entry("only", &upstream)], limits).await;
    let large = || Ask::new("POST", "/v1/files").body(vec![b'x'; 48 * 1024]);
    let mut first = house.begin(&large()).await;
    upstream.until_read(1).await;
    let refused = house.ask(&large()).await;
    assert_eq!(refusal(&refused), (503, "overloaded".into()));
    assert_eq!(refused.head.header("retry-after"), Some("1"));
    assert_eq!(first.read_response().await.map(|answer| status(&answer)), Some(504));
    assert_eq!(status(&house.ask(&large()).await), 504);
}
