//! Exchanges to count and a reader of the page.

use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
use oar_metrics::Metrics;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

/// A finished request without attempts.
pub(crate) fn exchange(outcome: Outcome, status: u16) -> Exchange {
    Exchange {
        id: "0190".into(),
        request_id: "0190".into(),
        started_at: SystemTime::UNIX_EPOCH,
        request: Request {
            method: http::Method::POST,
            path: "/v1/chat/completions".into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            headers: http::HeaderMap::new(),
            body: Default::default(),
            bytes: 0,
            model: None,
            stream: false,
        },
        caller: None,
        attempts: Vec::new(),
        answer: Answer { status, ..Answer::default() },
        outcome,
        error: None,
        usage: None,
        elapsed: Duration::from_millis(7),
    }
}

/// A try that took no time.
pub(crate) fn attempt(upstream: &str, result: AttemptResult) -> Attempt {
    Attempt {
        upstream: upstream.into(),
        endpoint: "https://upstream.example/v1".into(),
        key: None,
        passed_client_token: false,
        result,
        status: None,
        elapsed: Duration::ZERO,
        upstream_request_id: None,
        detail: None,
    }
}

/// Tells `metrics` a whole request.
pub(crate) fn finish(metrics: &Metrics, exchange: Exchange) {
    metrics.started();
    metrics.finished(&exchange.into());
}

/// Every sample of the page: its series and its value. Panics when a line is none.
pub(crate) fn samples(metrics: &Metrics) -> Vec<(String, String)> {
    let (_, page) = metrics.render(None);
    page.lines().filter(|line| !line.starts_with("# ")).map(sample).collect()
}

fn sample(line: &str) -> (String, String) {
    let (series, value) = line.rsplit_once(' ').expect("a series and a value");
    value.parse::<f64>().expect("a number");
    let braces = (series.matches('{').count(), series.ends_with('}'));
    assert!(matches!(braces, (0, false) | (1, true)), "{line}");
    (series.into(), value.into())
}

/// The value of one series.
pub(crate) fn value(metrics: &Metrics, series: &str) -> String {
    let all = samples(metrics);
    let found: Vec<_> = all.iter().filter(|(name, _)| name == series).map(|(_, value)| value).collect();
    assert_eq!(found.len(), 1, "{series} in {all:#?}");
    found.first().expect("one value").to_string()
}
