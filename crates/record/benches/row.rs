//! What it takes to make a row of an exchange, which the writer does and no request waits for: of a small chat completion,
//! of a stream whose text was put together, and of a request and an answer of 1 MiB each.

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Outcome, Request, Transcript, Usage, Whole};
use oar_record::Row;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, UNIX_EPOCH};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut group = criterion.benchmark_group("row");
    for (name, exchange) in [
        ("plain, 1 KiB", exchange(text(1024), plain(text(1024)))),
        ("a stream's text", exchange(text(1024), streamed(text(1024)))),
        ("1 MiB both ways", exchange(text(1024 * 1024), plain(text(1024 * 1024)))),
    ] {
        group.throughput(Throughput::Bytes(exchange.request.bytes + exchange.answer.bytes));
        group.bench_function(name, |bencher| bencher.iter(|| Row::from_exchange(black_box(&exchange), "gateway-1")));
    }
    group.finish();
    criterion.final_summary();
}

fn exchange(asked: String, answer: Answer) -> Exchange {
    Exchange {
        id: "019c0000-0000-7000-8000-000000000001".to_owned(),
        request_id: "019c0000-0000-7000-8000-000000000001".to_owned(),
        started_at: UNIX_EPOCH + Duration::from_secs(1_772_600_767),
        request: request(asked),
        caller: Some("sk-t…0123abcd".to_owned()),
        attempts: vec![attempt()],
        answer,
        outcome: Outcome::Ok,
        error: None,
        usage: Some(Usage { prompt: Some(9), completion: Some(48) }),
        elapsed: Duration::from_millis(1500),
    }
}

fn request(body: String) -> Request {
    Request {
        method: Method::POST,
        path: "/v1/chat/completions".to_owned(),
        peer: Ipv4Addr::LOCALHOST.into(),
        headers: headers(),
        bytes: body.len() as u64,
        body: body.into(),
        model: Some("gpt-4o-mini".to_owned()),
        stream: false,
    }
}

/// What the official Python client sends.
fn headers() -> HeaderMap {
    let sent = [
        ("host", "127.0.0.1:8888"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("user-agent", "OpenAI/Python 2.0.0"),
        ("x-stainless-lang", "python"),
        ("x-stainless-os", "Linux"),
        ("x-stainless-retry-count", "0"),
    ];
    let header = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    sent.into_iter().map(header).collect()
}

fn attempt() -> Attempt {
    Attempt {
        upstream: "primary".into(),
        endpoint: "https://api.example/v1".into(),
        key: Some("sk-p…0123abcd".into()),
        passed_client_token: false,
        result: AttemptResult::Ok,
        status: Some(200),
        elapsed: Duration::from_millis(890),
        upstream_request_id: Some("req_9".to_owned()),
        detail: None,
    }
}

fn plain(text: String) -> Answer {
    let bytes = text.len() as u64;
    let mut body = Transcript::default();
    body.keep(&Bytes::from(text), usize::MAX);
    answer("application/json", body, bytes)
}

fn streamed(text: String) -> Answer {
    let bytes = text.len() as u64;
    answer("text/event-stream", Transcript::assembled(text, Whole::All), bytes)
}

fn answer(content_type: &str, body: Transcript, bytes: u64) -> Answer {
    Answer {
        status: 200,
        content_type: Some(content_type.to_owned()),
        body,
        bytes,
        head_after: Some(Duration::from_millis(900)),
        first_byte_after: Some(Duration::from_millis(901)),
    }
}

/// A JSON object of about so many bytes.
fn text(bytes: usize) -> String {
    const LINE: &str = r#"He said \"it depends\",\nand 我们 went on. "#;
    format!(r#"{{"model":"gpt-4o-mini","content":"{}"}}"#, LINE.repeat(bytes / LINE.len()))
}
