use crate::exposition;
use crate::families::{DisconnectPhase, Overall, PerUpstream, RequestLabels, StatusLabel, TokenKind, UpstreamSeries};
use crate::sampled::{Kind, Sampled};
use oar_exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Usage};
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The `upstream` label of whatever was never announced. Names in a configuration hold no spaces, so none is this.
const OTHER: &str = "not configured";

/// Counts exchanges and renders the counts for a scraper.
///
/// Cheap to feed: an exchange costs some atomic additions, the short locks inside the two histograms, and read locks
/// that are only ever written when an upstream is announced or a status is seen for the first time.
///
/// ```
/// use oar_exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
/// use oar_metrics::Metrics;
/// use std::sync::Arc;
///
/// # let request = Request::new(http::Method::POST, "/v1/chat/completions", [127, 0, 0, 1]);
/// # let begun = Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request);
/// # let (endpoint, failed, ok) = ("https://api.example.com/v1", AttemptResult::HeadTimeout, AttemptResult::Ok);
/// # let attempts = vec![Attempt::new("primary", endpoint, failed), Attempt::new("spare", endpoint, ok)];
/// # let exchange = Exchange { attempts, outcome: Outcome::Ok, ..begun };
/// let metrics = Arc::new(Metrics::new(["primary", "spare"]));
/// let observer: Arc<dyn Observer> = metrics.clone(); // for the gateway
/// observer.started();
/// observer.finished(&Arc::new(exchange));
///
/// let (_, page) = metrics.render(None); // for the scraper
/// assert!(page.contains("oar_failovers_total{reason=\"head_timeout\"} 1\n"));
/// assert!(page.contains("oar_attempts_total{upstream=\"spare\",result=\"ok\"} 1\n"));
/// ```
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    sampled: Sampled,
    overall: Overall,
    per_upstream: PerUpstream,
    known: RwLock<HashMap<Arc<str>, UpstreamSeries>>,
    other: UpstreamSeries,
}

impl Metrics {
    /// Registers every family, with all series of `upstreams` at zero, by their configured names.
    ///
    /// ```
    /// # use oar_metrics::Metrics;
    /// let metrics = Metrics::new(["primary"]);
    /// assert!(metrics.render(None).1.contains("oar_stream_broken_total{upstream=\"primary\"} 0\n"));
    /// ```
    pub fn new<N: Into<Arc<str>>>(upstreams: impl IntoIterator<Item = N>) -> Self {
        let mut registry = Registry::default();
        let sampled = Sampled::default();
        let overall = Overall::register(&mut registry);
        let per_upstream = PerUpstream::register(&mut registry);
        registry.register_collector(Box::new(sampled.clone()));
        let other = per_upstream.series(&OTHER.into());
        let metrics = Self { registry, sampled, overall, per_upstream, known: RwLock::default(), other };
        metrics.announce(upstreams);
        metrics
    }

    /// Gives each of `upstreams` its own series; for a configuration that was loaded again.
    ///
    /// Names that are known keep what was counted. None is ever dropped, for a counter that vanishes and returns reads
    /// as a restart: the series grow by what an operator configures, and by nothing else.
    ///
    /// ```
    /// # use oar_metrics::Metrics;
    /// let metrics = Metrics::new(["primary"]);
    /// metrics.announce(["primary", "late"]);
    /// assert!(metrics.render(None).1.contains("oar_stream_broken_total{upstream=\"late\"} 0\n"));
    /// ```
    pub fn announce<N: Into<Arc<str>>>(&self, upstreams: impl IntoIterator<Item = N>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for name in upstreams {
            let name = name.into();
            let series = self.per_upstream.series(&name);
            known.entry(name).or_insert(series);
        }
    }

    /// Adds a counter that somebody else keeps; `read` is called at each scrape and must neither block, nor panic, nor ask
    /// for anything of these metrics.
    ///
    /// `name` is the whole name with or without its `_total`; `help` is a clause without a full stop. One name may be
    /// added several times with different label values, which must come from a closed set; its first help is shown.
    /// The name must not be one of this crate's own, nor that of a gauge.
    ///
    /// ```
    /// # use oar_metrics::Metrics;
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicU64, Ordering};
    /// let dropped = Arc::new(AtomicU64::new(0));
    /// let metrics = Metrics::new(["primary"]);
    /// let read = Arc::clone(&dropped);
    /// let help = "Rows that were not kept";
    /// metrics.counter_fn("oar_rows_dropped_total", help, &[("reason", "full")], move || read.load(Ordering::Relaxed));
    ///
    /// dropped.fetch_add(3, Ordering::Relaxed);
    /// assert!(metrics.render(None).1.contains("oar_rows_dropped_total{reason=\"full\"} 3\n"));
    /// ```
    pub fn counter_fn(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.sampled.add(Kind::Counter, name, help, labels, Box::new(read));
    }

    /// Adds a gauge that somebody else keeps, as [`counter_fn`](Self::counter_fn) does for counters.
    ///
    /// ```
    /// # use oar_metrics::Metrics;
    /// let metrics = Metrics::new(["primary"]);
    /// metrics.gauge_fn("oar_connections", "Open connections of clients", &[], || 12);
    /// assert!(metrics.render(None).1.contains("oar_connections 12\n"));
    /// ```
    pub fn gauge_fn(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        self.sampled.add(Kind::Gauge, name, help, labels, Box::new(read));
    }

    /// Renders everything for a scraper that sent `accept`: OpenMetrics text, or Prometheus' older text format for
    /// clients that ask for text and do not name OpenMetrics, such as browsers.
    ///
    /// Yields the `content-type` and the body.
    ///
    /// ```
    /// # use oar_metrics::Metrics;
    /// let metrics = Metrics::new(["primary"]);
    /// let (content_type, page) = metrics.render(Some("text/html,*/*;q=0.8"));
    /// assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    /// assert!(page.contains("# TYPE oar_attempts_total counter\n"));
    ///
    /// let (content_type, page) = metrics.render(None);
    /// assert!(content_type.starts_with("application/openmetrics-text"));
    /// assert!(page.ends_with("# EOF\n"));
    /// ```
    pub fn render(&self, accept: Option<&str>) -> (&'static str, String) {
        exposition::render(&self.registry, accept)
    }

    fn with_series(&self, upstream: &str, count: impl FnOnce(&UpstreamSeries)) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        count(known.get(upstream).unwrap_or(&self.other));
    }

    fn count_request(&self, exchange: &Exchange) {
        let labels =
            RequestLabels { outcome: exchange.outcome.as_str(), status: StatusLabel::of(exchange.answer.status) };
        self.overall.requests.get_or_create(&labels).inc();
        self.overall.duration.observe(exchange.elapsed.as_secs_f64());
        if let Some(first_byte) = exchange.answer.first_byte_after {
            self.overall.first_byte.observe(first_byte.as_secs_f64());
        }
    }

    fn count_attempts(&self, attempts: &[Attempt]) {
        for attempt in attempts {
            self.with_series(&attempt.upstream, |series| series.attempts.count(attempt.result));
        }
        for pair in attempts.windows(2) {
            if let [failed, next] = pair
                && !is_repeat(failed, next)
            {
                self.overall.failovers.count(failed.result);
            }
        }
    }

    fn count_ending(&self, exchange: &Exchange) {
        match exchange.outcome {
            Outcome::ClientClosed => self.overall.disconnects.count(disconnect_phase(exchange)),
            Outcome::StreamBroken => self.with_series(last_upstream(exchange), |series| {
                series.stream_broken.inc();
            }),
            Outcome::Ok
            | Outcome::UpstreamError
            | Outcome::AllFailed
            | Outcome::Rejected
            | Outcome::Shed
            | Outcome::Drained => {}
        }
    }

    fn count_tokens(&self, exchange: &Exchange) {
        let Some(Usage { prompt, completion }) = exchange.usage else { return };
        self.with_series(last_upstream(exchange), |series| {
            series.tokens.add(TokenKind::Prompt, prompt.unwrap_or(0));
            series.tokens.add(TokenKind::Completion, completion.unwrap_or(0));
        });
    }
}

impl Observer for Metrics {
    fn started(&self) {
        self.overall.in_flight.inc();
    }

    fn finished(&self, exchange: &Arc<Exchange>) {
        self.overall.in_flight.dec();
        self.count_request(exchange);
        self.count_attempts(&exchange.attempts);
        self.count_ending(exchange);
        self.count_tokens(exchange);
    }
}

/// Whether `next` is what `failed` was, on a connection of its own: nobody else had to step in.
fn is_repeat(failed: &Attempt, next: &Attempt) -> bool {
    failed.result == AttemptResult::StaleConnection && failed.upstream == next.upstream
}

fn disconnect_phase(exchange: &Exchange) -> DisconnectPhase {
    match exchange.answer.head_after {
        Some(_) => DisconnectPhase::Streaming,
        None => DisconnectPhase::Waiting,
    }
}

/// Whoever answered was tried last, for nothing is tried after an answer.
fn last_upstream(exchange: &Exchange) -> &str {
    exchange.attempts.last().map_or(OTHER, |attempt| &attempt.upstream)
}
