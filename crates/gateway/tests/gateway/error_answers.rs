//! Errors of upstreams that the client could not read as they came: pages made for people, and answers that never came
//! whole.

use crate::house::{Ask, Entry, House, TOKEN, entry, json, router, status};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use oar_exchange::Outcome;
use oar_gateway::{Backend, Gateway};
use oar_routing::{Candidate, FailoverOn, FailureClass, Timeouts};
use oar_testkit::{RawResponse, Script, ScriptedUpstream, Step, response_bytes};
use oar_upstream::{BodyError, ResponseBody, Upstream, UpstreamError, UpstreamRequest, UpstreamResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

type Headers<'a> = &'a [(&'a str, &'a str)];

const HTML: (&str, &str) = ("content-type", "text/html; charset=UTF-8");
const PAGE: &str = "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 \
                    Request Entity Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
const TEXT: &str = "413 Request Entity Too Large 413 Request Entity Too Large nginx";

async fn answering(code: u16, headers: Headers<'_>, body: impl AsRef<[u8]>) -> ScriptedUpstream {
    ScriptedUpstream::answering(code, headers, body).await.unwrap()
}

/// What every error object that stands for an upstream's answer has, and its message.
#[track_caller]
fn message(answer: &RawResponse, kind: &str) -> String {
    let body = json(answer);
    assert_eq!((&body["error"]["type"], &body["error"]["code"]), (&kind.into(), &"upstream_error".into()));
    assert_eq!(body["request_id"].as_str(), answer.head.header("x-request-id"));
    assert_eq!(answer.head.values("content-type").collect::<Vec<_>>(), ["application/json"]);
    assert_eq!(answer.head.header("content-length"), Some(answer.body.len().to_string().as_str()));
    assert!(answer.complete);
    body["error"]["message"].as_str().unwrap().to_owned()
}

/// S13: the first caller's error, after all have failed.
#[tokio::test]
async fn a_page_that_blames_the_caller_is_told_as_an_error_object() {
    let of_the_page = [HTML, ("content-language", "en"), ("etag", "\"page\""), ("x-of-upstream", "1")];
    let (first, second) = (answering(500, &[], "").await, answering(413, &of_the_page, PAGE).await);
    let house = House::of([&first, &second]).await;
    let answer = house.ask(&Ask::chat()).await;
    assert_eq!(status(&answer), 413);
    let told = message(&answer, "invalid_request_error");
    assert_eq!(told, format!("The upstream refused the request with status 413: {TEXT}"));
    assert_eq!(answer.head.header("x-should-retry"), Some("false"));
    assert_eq!(
        (answer.head.header("x-oar-upstream"), answer.head.header("x-of-upstream")),
        (Some("second"), Some("1"))
    );
    assert_eq!((answer.head.header("content-language"), answer.head.header("etag")), (None, None));
    let story = house.story().await;
    assert_eq!((story.outcome, story.answer.status), (Outcome::UpstreamError, 413));
    assert_eq!(story.answer.body.as_bytes(), answer.body);
}

/// S13: statuses that are relayed at once, by `standard` or because a list does not name them.
#[tokio::test]
async fn a_page_that_is_relayed_at_once_is_told_as_an_error_object() {
    let listed = FailoverOn::These(vec![FailureClass::Connect]);
    for (code, policy, kind, what) in [
        (400, FailoverOn::Standard, "invalid_request_error", "refused the request"),
        (401, listed.clone(), "authentication_error", "refused the request"),
        (403, listed.clone(), "permission_error", "refused the request"),
        (429, listed.clone(), "rate_limit_error", "refused the request"),
        (502, listed.clone(), "upstream_error", "failed"),
        (503, listed.clone(), "overloaded_error", "failed"),
        (504, listed.clone(), "timeout_error", "failed"),
    ] {
        let first = answering(code, &[HTML, ("retry-after", "7")], "<h1>So <b>not</b></h1>").await;
        let second = answering(200, &[], "fine").await;
        let house = House::with([entry("first", &first).failover_on(policy), entry("second", &second)]).await;
        let answer = house.ask(&Ask::chat()).await;
        assert_eq!(status(&answer), code);
        assert_eq!(message(&answer, kind), format!("The upstream {what} with status {code}: So not"));
        assert_eq!((answer.head.header("retry-after"), answer.head.header("x-should-retry")), (Some("7"), None));
        assert!(second.connections().is_empty());
        assert_eq!(house.story().await.outcome, Outcome::UpstreamError);
    }
}

/// S13: what is no page is passed on, however it looks.
#[tokio::test]
async fn errors_that_are_no_pages_arrive_byte_for_byte() {
    for content_type in ["application/json", "text/plain", "text/event-stream", "application/problem+json"] {
        for policy in [FailoverOn::Any, FailoverOn::Standard] {
            let body = "{ \"error\":\t\"<html>odd</html>\" }\r\n";
            let upstream = answering(422, &[("content-type", content_type), ("etag", "\"x\"")], body).await;
            let house = House::with([entry("first", &upstream).failover_on(policy)]).await;
            let answer = house.ask(&Ask::chat()).await;
            assert_eq!((status(&answer), answer.text().as_str()), (422, body), "{content_type}");
            assert_eq!(answer.head.header("content-type"), Some(content_type));
            assert_eq!(answer.head.header("etag"), Some("\"x\""));
        }
    }
}

/// S13: at most 2 KiB of text, and none where there is none to be read.
#[tokio::test]
async fn only_so_much_of_a_page_is_passed_on() {
    let long = format!("<p>{}</p>", "\u{4e2d}\u{6587} ".repeat(2000));
    let packed: (&str, &str) = ("content-encoding", "gzip");
    for (headers, page, text) in [
        (&[HTML][..], long.as_str(), format!(": {}\u{4e2d}", "\u{4e2d}\u{6587} ".repeat(292))),
        (&[HTML], "<script>all()</script>", " and a page without text.".into()),
        (&[HTML], "", " and a page without text.".into()),
        (&[HTML, packed], "not shown", " and a page without text.".into()),
    ] {
        let upstream = answering(404, headers, page).await;
        let house = House::of([&upstream]).await;
        let answer = house.ask(&Ask::chat()).await;
        let told = message(&answer, "invalid_request_error");
        assert!(told.len() < 2100, "{}", told.len());
        assert_eq!(told, format!("The upstream refused the request with status 404{text}"));
        assert_eq!(answer.head.header("content-encoding"), None);
    }
}

/// An answer to `HEAD` has no page, only the length and the type of one.
#[tokio::test]
async fn the_head_of_a_page_is_passed_on_as_it_is() {
    for policy in [FailoverOn::Any, FailoverOn::Standard] {
        let upstream = answering(422, &[HTML, ("content-length", "1234")], "").await;
        let house = House::with([entry("first", &upstream).failover_on(policy)]).await;
        let mut client = house.begin(&Ask::new("HEAD", "/v1/files/x")).await;
        let head = client.read_head().await.expect("a head");
        assert_eq!((head.status(), head.header("content-type")), (Some(422), Some(HTML.1)));
    }
}

const LONGEST: usize = 64 * 1024;

/// S12: the status of a caller's error helps, even when its body is not to be had.
#[tokio::test]
async fn a_callers_error_that_cannot_be_kept_still_tells_its_status() {
    let long = |headers: Headers<'_>| response_bytes(400, headers, &vec![b'x'; LONGEST + 1]);
    let endless = || Step::Forever("x".repeat(LONGEST).into(), Duration::ZERO);
    let cut = "HTTP/1.1 404 Not Found\r\ncontent-length: 10\r\n\r\n{\"err";
    for (steps, code, why) in [
        (vec![Step::send(long(&[]))], 400, "is too long to be passed on"),
        (vec![Step::send(long(&[HTML]))], 400, "is too long to be passed on"),
        (vec![Step::send("HTTP/1.1 413 Too Large\r\n\r\n"), endless()], 413, "is too long to be passed on"),
        (vec![Step::send(cut), Step::Fin], 404, "broke off"),
    ] {
        let first = ScriptedUpstream::start(Script::after_request(steps)).await.unwrap();
        let second = answering(500, &[], "").await;
        let house = House::of([&first, &second]).await;
        let answer = house.ask(&Ask::chat()).await;
        assert_eq!((status(&answer), second.hits()), (code, 1));
        let told = message(&answer, "invalid_request_error");
        assert_eq!(told, format!("The upstream refused the request with status {code}; its answer {why}."));
        assert_eq!(answer.head.header("x-should-retry"), Some("false"));
        assert_eq!(answer.head.header("x-oar-upstream"), Some("first"));
        assert_eq!(house.story().await.outcome, Outcome::UpstreamError);
        first.closed().await;
    }
}

#[tokio::test]
async fn a_callers_error_of_64_kib_is_passed_on_whole() {
    let upstream = answering(400, &[], vec![b'x'; LONGEST]).await;
    let house = House::of([&upstream]).await;
    assert_eq!(house.ask(&Ask::chat()).await.body.len(), LONGEST);
}

/// S13, S12: a page that is relayed at once is read to its cap and no further.
#[tokio::test]
async fn a_page_without_an_end_is_given_up() {
    let head = Step::send("HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n");
    let endless = Step::Forever("<p>x</p>".repeat(1024).into(), Duration::ZERO);
    let upstream = ScriptedUpstream::start(Script::after_request([head, endless])).await.unwrap();
    let house = House::with([entry("first", &upstream).failover_on(FailoverOn::Standard)]).await;
    let answer = house.ask(&Ask::chat()).await;
    let told = message(&answer, "invalid_request_error");
    assert_eq!(told, "The upstream refused the request with status 400; its answer is too long to be passed on.");
    upstream.closed().await;
}

/// An upstream whose error begins at once and then stalls.
struct Stalling(&'static str);

#[async_trait]
impl Upstream for Stalling {
    async fn send(&self, _: &UpstreamRequest) -> Result<UpstreamResponse, UpstreamError> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(self.0))]);
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, BodyError>>());
        Ok(UpstreamResponse { status: StatusCode::BAD_REQUEST, headers, body: ResponseBody::stream(body) })
    }
}

fn stalling(content_type: &'static str, timeout: u64) -> Entry {
    let timeouts = Timeouts { plain: Some(Duration::from_secs(timeout)), stream: None };
    Candidate::new("stalling", Arc::new(Backend::new(Arc::new(Stalling(content_type))))).timeouts(timeouts)
}

/// The answer's message, and after how many seconds it was there.
async fn told(entry: Entry) -> (String, u64) {
    let gateway = Gateway::builder(router(&[TOKEN], [entry])).build();
    let began = Instant::now();
    let answer = gateway.serve(Ask::chat().request()).await;
    assert_eq!(answer.status(), 400);
    let seconds = began.elapsed().as_secs();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (body["error"]["message"].as_str().unwrap().to_owned(), seconds)
}

/// S12, S13: no longer than the attempt may take, and no longer than 5 s without a byte.
#[tokio::test(start_paused = true)]
async fn an_error_that_does_not_come_in_time_still_tells_its_status() {
    let late = "The upstream refused the request with status 400; its answer did not come in time.";
    for (timeout, seconds) in [(3, 3), (120, 5)] {
        assert_eq!(told(stalling("application/json", timeout)).await, (late.into(), seconds));
        let at_once = stalling("text/html", timeout).failover_on(FailoverOn::Standard);
        assert_eq!(told(at_once).await, (late.into(), seconds));
    }
}
