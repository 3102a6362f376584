//! Exchanges to record.

use bytes::Bytes;
use http::{HeaderMap, Method};
use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Outcome, Request, Transcript, Usage};
use oar_record::Row;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Puts a text of the client's somewhere into an exchange.
pub(crate) type Change = fn(&mut Exchange, String);

/// 2026-03-04 05:06:07.000123 UTC: whole microseconds, so that both databases keep it as it is.
pub(crate) fn moment() -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(1_772_600_767_000_123)
}

/// A chat completion that the second upstream answered.
pub(crate) fn exchange(id: &str) -> Exchange {
    Exchange {
        id: id.to_owned(),
        request_id: format!("client-{id}"),
        started_at: moment(),
        request: request("{\"model\":\"gpt-4o\",\"user\":\"canary-prompt\"}"),
        caller: Some("sha256:caller".to_owned()),
        attempts: vec![refused_attempt(), served_attempt()],
        answer: answer("application/json", "{\"choices\":[],\"text\":\"canary-answer\"}"),
        outcome: Outcome::Ok,
        error: None,
        usage: Some(Usage { prompt: Some(7), completion: None }),
        elapsed: Duration::from_millis(1500),
    }
}

pub(crate) fn row(id: &str) -> Row {
    Row::from_exchange(&exchange(id), "gateway-1")
}

/// An exchange that weighs this much and answers nothing.
pub(crate) fn heavy(id: &str, body: &Bytes) -> Arc<Exchange> {
    let mut exchange = exchange(id);
    exchange.request.body = body.slice(exchange.request.method.as_str().len()..);
    exchange.request.headers.clear();
    exchange.request.path.clear();
    exchange.request.model = None;
    exchange.request_id.clear();
    exchange.answer = Answer::default();
    Arc::new(exchange)
}

pub(crate) fn request(body: &'static str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("user-agent", "test/1".parse().unwrap());
    headers.append("accept", "a".parse().unwrap());
    headers.append("accept", "b".parse().unwrap());
    Request {
        method: Method::POST,
        path: "/v1/chat/completions".to_owned(),
        peer: Ipv4Addr::new(192, 0, 2, 7).into(),
        headers,
        body: Bytes::from(body),
        bytes: body.len() as u64,
        model: Some("gpt-4o".to_owned()),
        stream: false,
    }
}

pub(crate) fn answer(content_type: &str, body: &'static str) -> Answer {
    let mut transcript = Transcript::default();
    transcript.keep(&Bytes::from(body), usize::MAX);
    Answer {
        status: 200,
        content_type: Some(content_type.to_owned()),
        body: transcript,
        bytes: body.len() as u64,
        head_after: Some(Duration::from_millis(900)),
        first_byte_after: Some(Duration::from_millis(901)),
    }
}

pub(crate) fn refused_attempt() -> Attempt {
    Attempt {
        upstream: "first".into(),
        endpoint: "https://first.test/v1".into(),
        key: Some("sha256:one".into()),
        passed_client_token: false,
        result: AttemptResult::ConnectRefused,
        status: None,
        elapsed: Duration::from_millis(3),
        upstream_request_id: None,
        detail: Some("connection refused".to_owned()),
    }
}

pub(crate) fn served_attempt() -> Attempt {
    Attempt {
        upstream: "second".into(),
        endpoint: "https://second.test/v1".into(),
        key: Some("sha256:two".into()),
        passed_client_token: false,
        result: AttemptResult::Ok,
        status: Some(200),
        elapsed: Duration::from_millis(890),
        upstream_request_id: Some("req_9".to_owned()),
        detail: None,
    }
}
