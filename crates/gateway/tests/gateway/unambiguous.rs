//! What could be read in two ways goes nowhere: heads, bodies and queries. The heads as raw payloads, with everything that
//! is below the gateway, are in the tests of the service.

use crate::house::{Ask, House, TOKEN, entry, json, refusal, status};
use oar_exchange::{Exchange, Outcome};
use oar_testkit::{Ending, RawClient, Script, ScriptedUpstream, SeenRequest};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

async fn good() -> ScriptedUpstream {
    ScriptedUpstream::start(Script::kept_alive(200, &[], "good")).await.unwrap()
}

/// An upstream that serves everything but this model.
async fn house_denying(model: &str) -> (House, ScriptedUpstream) {
    let upstream = good().await;
    (House::with([entry("first", &upstream).deny([model])]).await, upstream)
}

/// 1E.
#[tokio::test]
async fn an_ambiguous_head_is_refused_told_and_ends_its_connection() {
    let (house, upstream) = house_denying("none").await;
    let cases = [
        (Ask::chat().header("host", "b"), 400, "invalid_host"),
        (Ask::chat().header("transfer-encoding", "gzip, chunked").body("0\r\n\r\n"), 400, "invalid_framing"),
        (Ask::chat().and_header("content-type", "text/plain"), 400, "invalid_content_type"),
        (Ask::chat().header("expect", "the unexpected"), 417, "expectation_failed"),
    ];
    for (told, (ask, code, word)) in cases.into_iter().enumerate() {
        let mut client = house.begin(&ask).await;
        let answer = client.read_response().await.expect("a refusal");
        assert_eq!(refusal(&answer), (code, word.into()));
        assert_eq!(json(&answer)["error"]["type"], "invalid_request_error");
        assert_eq!(client.read_to_close().await, ("".into(), Ending::Fin), "{word}");
        let story = house.heard.until_finished(told + 1).await.pop().unwrap();
        assert_eq!((story.outcome, story.answer.status), (Outcome::Rejected, code));
    }
    assert!(upstream.connections().is_empty());
}

/// Who has no token is told nothing about the rest of a head.
#[tokio::test]
async fn a_stranger_is_a_stranger_first() {
    let (house, _upstream) = house_denying("none").await;
    let stranger = Ask::stranger("POST", "/v1/chat/completions").header("expect", "foo");
    assert_eq!(status(&house.ask(&stranger).await), 401);
}

/// B09: an encoding cannot hide behind another.
#[tokio::test]
async fn a_body_with_two_encodings_is_refused() {
    let (house, upstream) = house_denying("none").await;
    let twice = Ask::chat().header("content-encoding", "identity").and_header("content-encoding", "gzip");
    assert_eq!(refusal(&house.ask(&twice).await), (415, "unsupported_encoding".into()));
    assert!(upstream.connections().is_empty());
}

/// B03 to B05.
#[tokio::test]
async fn a_body_that_hides_its_model_from_us_is_refused() {
    let (house, upstream) = house_denying("denied").await;
    let long = format!(r#"{{"model":"{}"}}"#, "m".repeat(10_000));
    let utf16: Vec<u8> = "\u{feff}{\"model\":\"denied\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, &[u8], &str); 13] = [
        ("application/json", long.as_bytes(), "invalid_model"),
        ("application/json", br#"{"model":"denied\u0007"}"#, "invalid_model"),
        ("application/json", br#"{"model":"m","stream":[]}"#, "invalid_stream"),
        ("application/json", b"{\"model\":\"denied\",\"x\":NaN}", "invalid_json"),
        ("application/json", b"{\"mod\xffel\":\"denied\"}", "invalid_json"),
        ("application/json", b"\xef\xbb\xbf{\"model\":\"denied\"}", "invalid_json"),
        ("text/plain", b"\xef\xbb\xbf{\"model\":\"denied\"}", "invalid_json"),
        ("text/plain", &utf16, "invalid_json"),
        ("application/octet-stream", &utf16[2..], "invalid_json"),
        ("application/json; charset=utf-7", br#"{"+AG0-odel":"denied"}"#, "invalid_content_type"),
        ("application/x-www-form-urlencoded", b"mod%65l=denied", "duplicate_field"),
        ("application/x-www-form-urlencoded", br#"{"model":"m","x":"&model=denied&"}"#, "duplicate_field"),
        ("application/x-www-form-urlencoded", b"model=m&model=denied", "duplicate_field"),
    ];
    for (content_type, body, code) in cases {
        let shown = String::from_utf8_lossy(body).into_owned();
        let ask = Ask::chat().header("content-type", content_type).body(body.to_vec());
        assert_eq!(refusal(&house.ask(&ask).await), (400, code.into()), "{content_type} {shown}");
    }
    let typeless = Ask::new("POST", "/v1/chat/completions").body(b"\xef\xbb\xbf{\"model\":\"denied\"}".to_vec());
    assert_eq!(refusal(&house.ask(&typeless).await), (400, "invalid_json".into()));
    assert!(upstream.connections().is_empty());
}

/// B08: a form in which one server finds a model and another does not.
#[tokio::test]
async fn a_form_that_hides_its_model_from_us_is_refused() {
    let (house, upstream) = house_denying("denied").await;
    let parts = [
        "content-disposition: form-data; name*=utf-8''model\r\n\r\ndenied\r\n--b--",
        "content-disposition: form-data;\r\n name=model\r\n\r\ndenied\r\n--b--",
        "x: y\ncontent-disposition: form-data; name=model\r\n\r\ndenied\r\n--b--",
        "content-disposition: form-data; name=model\r\ncontent-transfer-encoding: base64\r\n\r\nZGVuaWVk\r\n--b--",
        "content-disposition: form-data; name=model\r\n\r\ndenied",
    ];
    let form = Ask::new("POST", "/v1/audio/speech").header("content-type", "multipart/form-data; boundary=b");
    for part in parts {
        let answer = house.ask(&form.clone().body(format!("--b\r\n{part}"))).await;
        assert_eq!(refusal(&answer), (400, "invalid_multipart".into()), "{part}");
    }
    let upper = form.clone().body("--b\r\ncontent-disposition: form-data; name=MODEL\r\n\r\ndenied\r\n--b--");
    assert_eq!(refusal(&house.ask(&upper).await), (400, "duplicate_field".into()));
    assert!(upstream.connections().is_empty());
}

/// B06, B07: nobody here looks into what is not ours, however deep it is.
#[tokio::test]
async fn deep_and_broken_text_goes_through_byte_for_byte() {
    let (house, upstream) = house_denying("none").await;
    let deep = format!(r#"{{"messages":{}{},"model":"m"}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let bodies: [&[u8]; 4] = [
        deep.as_bytes(),
        b"{\"model\":\"m\",\"messages\":\"\\u0000 \\ud800 \xc3\x28 \xff\"}",
        b"{\"model\":\"m\",\"x\":{\"\xff\\u0000\":1,\"\xff\\u0000\":1e9999}}",
        b"{\"model\":\"m\",\"models\":1,\" model\":[{\"model\":2}]}\n\n",
    ];
    for body in bodies {
        assert_eq!(status(&house.ask(&Ask::chat().body(body.to_vec())).await), 200);
        assert_eq!(upstream.requests().pop().unwrap().body, body);
    }
    let nested = format!(r#"{{"model":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(refusal(&house.ask(&Ask::chat().body(nested)).await), (400, "invalid_model".into()));
}

/// A form goes by its model, and by its path as an upload does.
#[tokio::test]
async fn a_url_encoded_form_goes_by_its_model_or_by_its_path() {
    for name in ["org/m", "/v1/completions"] {
        let (first, second) = (good().await, good().await);
        let house = House::with([entry("first", &first).allow(["gpt"]), entry("second", &second).allow([name])]).await;
        let form = "prompt=a%26model%3Db&model=org%2Fm&stream=false";
        let ask = Ask::new("POST", "/v1/completions").header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(status(&house.ask(&ask.body(form)).await), 200, "{name}");
        assert_eq!((first.connections().len(), second.requests()[0].body.as_ref()), (0, form.as_bytes()), "{name}");
    }
}

fn websocket(query: &str) -> Ask {
    Ask::get(&format!("/v1/realtime{query}"))
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// B01, for the one query that chooses a model.
#[tokio::test]
async fn a_websocket_that_could_name_two_models_is_refused() {
    let (house, upstream) = house_denying("denied").await;
    for (query, code) in [
        ("?model=m&model=denied", "duplicate_field"),
        ("?model=m&mod%65l=denied", "duplicate_field"),
        ("?mod%65l=denied", "duplicate_field"),
        ("?model=m&MODEL=denied", "duplicate_field"),
        ("?x=1;model=denied", "duplicate_field"),
        ("?model=", "invalid_model"),
        ("?model=a+b", "invalid_model"),
        ("?model=%00", "invalid_model"),
        ("?model=denied", "model_not_available"),
        ("?model=d%65nied", "model_not_available"),
    ] {
        let answer = house.ask(&websocket(query)).await;
        assert_eq!(refusal(&answer).1, code, "{query}");
    }
    let both = house.ask(&websocket("?model=denied").json(r#"{"model":"m"}"#)).await;
    assert_eq!(refusal(&both), (400, "duplicate_field".into()));
    assert!(upstream.connections().is_empty());
}

/// The queries of other requests choose nothing, and pass as they are.
#[tokio::test]
async fn an_ordinary_query_is_not_read() {
    let (house, upstream) = house_denying("denied").await;
    let target = "/v1/files?model=a&model=b&mod%65l=c;x=+";
    assert_eq!(status(&house.ask(&Ask::get(target)).await), 200);
    assert_eq!(upstream.requests()[0].head.target(), target);
}

const CASES: usize = 300;

/// What is put into requests to confuse those who read them.
const CONFUSING: [&str; 24] = [
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "\0",
    ":",
    ",",
    ";",
    "0",
    "\r\n\r\n",
    "transfer-encoding: chunked\r\n",
    "transfer-encoding: identity\r\n",
    "Transfer-Encoding : chunked\r\n",
    "content-length: 0\r\n",
    "content-length: 5\r\n",
    "Content-Length: +3\r\n",
    "connection: content-length\r\n",
    "connection: close\r\n",
    "host: evil\r\n",
    "expect: 100-continue\r\n",
    "e\r\n",
    "0\r\n\r\n",
    "GET /v1/smuggled HTTP/1.1\r\nhost: a\r\n\r\n",
];

/// A request's bytes with one to three confusing things in them, the same in every run.
fn confused(number: usize) -> Vec<u8> {
    let chunked = Ask::chat().header("transfer-encoding", "chunked").body("e\r\n{\"model\": \"m\"}\r\n0\r\n\r\n");
    let plain = [Ask::chat(), chunked, Ask::get("/v1/files?x=1"), Ask::new("DELETE", "/v1/files/x")];
    let mut bytes = plain[number % plain.len()].bytes().to_vec();
    let mut dice = number as u64;
    let mut roll = |below: usize| {
        // Knuth's MMIX generator; its upper bits are the better ones.
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % below
    };
    for _ in 0..=roll(3) {
        let (at, what) = (roll(bytes.len()), CONFUSING[roll(CONFUSING.len())]);
        let line = bytes[at..].windows(2).position(|pair| pair == b"\r\n").map_or(at, |end| at + end + 2);
        match roll(4) {
            0 => _ = bytes.splice(at..at, what.bytes()),
            1 => _ = bytes.remove(at),
            2 => bytes[at] = what.as_bytes()[0],
            _ => _ = bytes.splice(line..line, what.bytes()),
        }
    }
    bytes
}

/// Sends it with a plain request behind it, reads what comes while something comes, and leaves.
async fn say(mut client: RawClient, bytes: Vec<u8>) {
    let _ = client.send(bytes).await;
    let _ = client.send(Ask::get("/v1/files/behind").bytes()).await;
    while let Ok(Some(_)) = timeout(Duration::from_millis(20), client.read_response()).await {}
    let _ = client.half_close().await;
    client.read_to_close().await;
}

fn is_one_clear_request(seen: &SeenRequest) -> bool {
    let raw = String::from_utf8_lossy(seen.head.raw()).replace("\r\n", "");
    let mut words = seen.head.first_line().split(' ');
    let line = (words.next(), words.next(), words.next(), words.next());
    let is_api = matches!(line, (Some(_), Some(target), Some("HTTP/1.1"), None) if target.starts_with("/v1/"));
    let is_framed = seen.head.values("content-length").count() <= 1 && seen.head.header("transfer-encoding").is_none();
    is_api && is_framed && !raw.contains(['\r', '\n', '\0']) && seen.head.values("host").count() == 1
}

/// P07: two readers that share no code, the server before the gateway and the one behind it, count the same requests.
#[tokio::test]
async fn whatever_comes_in_what_goes_out_is_one_clear_request_for_each() {
    let upstream = good().await;
    let house = House::of([&upstream]).await;
    for number in 0..CASES {
        say(house.connect().await, confused(number)).await;
    }
    let stories = house.heard.until_finished(house.heard.begun()).await;
    let unclear: Vec<_> = upstream.requests().into_iter().filter(|seen| !is_one_clear_request(seen)).collect();
    assert!(unclear.is_empty(), "{unclear:?}");
    let answered = count(&stories, |story| story.outcome == Outcome::Ok);
    // Who left in between may have been heard by the upstream or not.
    let left = count(&stories, |story| story.outcome != Outcome::Ok && !story.attempts.is_empty());
    assert!((answered..=answered + left).contains(&upstream.hits()), "{answered} {left} {}", upstream.hits());
    assert!(answered > 0 && count(&stories, |story| story.outcome == Outcome::Rejected) > 0);
    assert!(stories.iter().all(|story| story.attempts.len() <= 1 && story.caller.as_deref() != Some(TOKEN)));
}

fn count(stories: &[Arc<Exchange>], holds: impl Fn(&Exchange) -> bool) -> usize {
    stories.iter().filter(|story| holds(story)).count()
}
