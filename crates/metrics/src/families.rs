use oar_exchange::AttemptResult;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};
use std::fmt;
use std::sync::Arc;

/// Upper bounds in seconds: a refusal takes milliseconds, a long completion minutes.
const LATENCY_BUCKETS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    pub(crate) outcome: &'static str,
    pub(crate) status: StatusLabel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    upstream: Arc<str>,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabel {
    upstream: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    upstream: Arc<str>,
    r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabel {
    phase: &'static str,
}

/// A status as a label: one of the 500 numbers that HTTP has room for, or `other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StatusLabel(Option<u16>);

impl StatusLabel {
    pub(crate) fn of(status: u16) -> Self {
        Self(Some(status).filter(|status| (100..=599).contains(status)))
    }
}

impl EncodeLabelValue for StatusLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => status.encode(encoder),
            None => "other".encode(encoder),
        }
    }
}

/// Where the client was when it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisconnectPhase {
    /// It had been sent nothing yet.
    Waiting,
    /// It had been sent the head of the answer, at least.
    Streaming,
}

impl DisconnectPhase {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Streaming => "streaming",
        }
    }
}

/// Whose tokens were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Prompt,
    Completion,
}

impl TokenKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Completion => "completion",
        }
    }
}

/// The families that are not split by upstream.
#[derive(Debug)]
pub(crate) struct Overall {
    pub(crate) requests: Family<RequestLabels, Counter>,
    pub(crate) failovers: Closed<AttemptResult>,
    pub(crate) disconnects: Closed<DisconnectPhase>,
    pub(crate) in_flight: Gauge,
    pub(crate) duration: Histogram,
    pub(crate) first_byte: Histogram,
}

impl Overall {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let requests = registered(registry, "oar_requests", "Finished requests");
        let failovers: Family<ReasonLabel, Counter> = registered(
            registry,
            "oar_failovers",
            "Attempts that were followed by one at the next upstream, by what came of the first",
        );
        let disconnects: Family<PhaseLabel, Counter> =
            registered(registry, "oar_client_disconnects", "Clients that left before the end");
        let in_flight = Gauge::default();
        registry.register("oar_in_flight", "Requests that are not finished", in_flight.clone());
        Self {
            requests,
            failovers: Closed::new(AttemptResult::ALL, |result| {
                failovers.get_or_create_owned(&ReasonLabel { reason: result.as_str() })
            }),
            disconnects: Closed::new([DisconnectPhase::Waiting, DisconnectPhase::Streaming], |phase| {
                disconnects.get_or_create_owned(&PhaseLabel { phase: phase.as_str() })
            }),
            in_flight,
            duration: seconds(registry, "oar_request_duration", "From the request's head to its end"),
            first_byte: seconds(
                registry,
                "oar_time_to_first_byte",
                "From the request's head to the answer's first byte",
            ),
        }
    }
}

/// The families that are split by upstream.
#[derive(Debug)]
pub(crate) struct PerUpstream {
    attempts: Family<AttemptLabels, Counter>,
    stream_broken: Family<UpstreamLabel, Counter>,
    tokens: Family<TokenLabels, Counter>,
}

impl PerUpstream {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        Self {
            attempts: registered(registry, "oar_attempts", "Tries at an upstream, by what came of them"),
            stream_broken: registered(
                registry,
                "oar_stream_broken",
                "Answers that an upstream cut after the first byte",
            ),
            tokens: registered(registry, "oar_tokens", "Tokens as the upstreams counted them"),
        }
    }

    /// Makes every series of `upstream`, all at zero, or finds those it has.
    pub(crate) fn series(&self, upstream: &Arc<str>) -> UpstreamSeries {
        let name = || Arc::clone(upstream);
        UpstreamSeries {
            attempts: Closed::new(AttemptResult::ALL, |result| {
                self.attempts.get_or_create_owned(&AttemptLabels { upstream: name(), result: result.as_str() })
            }),
            stream_broken: self.stream_broken.get_or_create_owned(&UpstreamLabel { upstream: name() }),
            tokens: Closed::new([TokenKind::Prompt, TokenKind::Completion], |kind| {
                self.tokens.get_or_create_owned(&TokenLabels { upstream: name(), r#type: kind.as_str() })
            }),
        }
    }
}

/// All that is counted of one upstream.
#[derive(Debug)]
pub(crate) struct UpstreamSeries {
    pub(crate) attempts: Closed<AttemptResult>,
    pub(crate) stream_broken: Counter,
    pub(crate) tokens: Closed<TokenKind>,
}

/// One counter for each member of a closed set, made once; counting takes neither lock nor hash.
///
/// The sets have a dozen members, so a scan is as fast as an index and cannot be out of range.
#[derive(Debug)]
pub(crate) struct Closed<K>(Vec<(K, Counter)>);

impl<K: Copy + Eq> Closed<K> {
    /// Asks `counter` for the counter of each member.
    pub(crate) fn new(members: impl IntoIterator<Item = K>, counter: impl Fn(K) -> Counter) -> Self {
        Self(members.into_iter().map(|member| (member, counter(member))).collect())
    }

    /// Counts one more of `member`.
    pub(crate) fn count(&self, member: K) {
        self.add(member, 1);
    }

    /// Counts `amount` more of `member`.
    pub(crate) fn add(&self, member: K, amount: u64) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == member) {
            counter.inc_by(amount);
        }
    }
}

fn registered<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn seconds(registry: &mut Registry, name: &str, help: &str) -> Histogram {
    let histogram = Histogram::new(LATENCY_BUCKETS);
    registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    histogram
}
