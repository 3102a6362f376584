use crate::text;
use crate::trouble::{Reason, Trouble};
use oar_exchange::{Attempt, AttemptResult, Exchange, Outcome};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One message to people: something went wrong with a request, or with what the gateway does beside them.
///
/// Whatever a client may have written (the model, the request id) is short, on one line, and cannot ping anybody.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alert {
    /// Unique among all alerts of all gateways; for channels that can tell a repeated message from a new one.
    pub id: String,
    /// Which gateway speaks, as configured.
    pub hostname: Arc<str>,
    /// What went wrong, the gravest first. Never empty.
    pub troubles: Vec<Trouble>,
    /// How the request ended; `None` when it is about no request.
    pub outcome: Option<Outcome>,
    /// The id under which the client and the record know the request, if it is about one.
    pub request_id: Option<String>,
    /// The model asked for.
    pub model: Option<String>,
    /// The tries, in order.
    pub attempts: Vec<Tried>,
    /// How many alerts were held back since the last message.
    pub more: u64,
}

/// One attempt, as far as people need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// The upstream's configured name.
    pub upstream: Arc<str>,
    /// What came of it.
    pub result: AttemptResult,
    /// The upstream's status, when it gave one.
    pub status: Option<u16>,
    /// From the start of the attempt to the response head, or to the failure.
    pub elapsed: Duration,
}

impl Alert {
    /// What people on `hostname`'s channels should hear about `exchange`, if anything.
    ///
    /// An upstream's fault alerts, even when the next upstream saved the request, and so do a request that no upstream
    /// could answer and an answer that was cut. Clients that left, requests that the gateway refused and callers'
    /// mistakes (400, 404, 413, 415, 422 and their like) never do.
    pub fn from_exchange(exchange: &Exchange, hostname: &Arc<str>) -> Option<Self> {
        let troubles = Trouble::all_in(exchange);
        if troubles.is_empty() {
            return None;
        }
        Some(Self {
            id: exchange.id.clone(),
            hostname: Arc::clone(hostname),
            troubles,
            outcome: Some(exchange.outcome),
            request_id: Some(text::tame(&exchange.request_id)),
            model: exchange.request.model.as_deref().map(text::tame),
            attempts: exchange.attempts.iter().map(Tried::from).collect(),
            more: 0,
        })
    }

    /// What people should hear when records cannot be written.
    pub(crate) fn of_stuck_records(hostname: &Arc<str>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            id: format!("records-{hostname}-{}", since.as_micros()),
            hostname: Arc::clone(hostname),
            troubles: vec![Trouble { upstream: None, reason: Reason::RecordsStuck }],
            outcome: None,
            request_id: None,
            model: None,
            attempts: Vec::new(),
            more: 0,
        }
    }

    /// The alert as a few lines of plain text for a chat, at most [`Alert::TEXT_CAP_BYTES`] long.
    pub fn text(&self) -> String {
        text::compose(self)
    }

    /// The longest text of an alert, in bytes of UTF-8.
    pub const TEXT_CAP_BYTES: usize = 2048;
}

impl From<&Attempt> for Tried {
    fn from(attempt: &Attempt) -> Self {
        Self {
            upstream: Arc::clone(&attempt.upstream),
            result: attempt.result,
            status: attempt.status,
            elapsed: attempt.elapsed,
        }
    }
}
