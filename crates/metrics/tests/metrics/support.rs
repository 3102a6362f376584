//! Exchanges to count and a reader of the page.

use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
use oar_metrics::Metrics;
use std::time::{Duration, SystemTime};

/// A finished request without attempts.
pub(crate) fn exchange(outcome: Outcome, status: u16) -> Exchange {
    let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
    Exchange {
        answer: Answer { status, ..Answer::default() },
        outcome,
        elapsed: Duration::from_millis(7),
        ..Exchange::new("0190", SystemTime::UNIX_EPOCH, request)
    }
}

/// A try that took no time.
pub(crate) fn attempt(upstream: &str, result: AttemptResult) -> Attempt {
    Attempt::new(upstream, "https://upstream.example/v1", result)
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
