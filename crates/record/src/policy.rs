//! What of each exchange is kept: decided on the request path, by looking.

use crate::headers::KeepHeaders;
use crate::text::FIELD_CAP_BYTES;
use oar_exchange::{Answer, Attempt, Exchange, Outcome, Request, Transcript};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What of each exchange is kept, by the upstream that the row names.
///
/// Deciding reads no clock and draws no number: the same exchange is kept, or not, by every gateway.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    otherwise: Arc<Keep>,
    upstreams: HashMap<String, Arc<Keep>>,
}

/// What of an exchange is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Of which exchanges there is a row. Default: of all.
    pub outcomes: KeepOutcomes,
    /// The request's body. Default: kept.
    pub request: KeepText,
    /// The answer: a stream's assembled text, any other JSON or text as it is. Default: kept.
    pub response: KeepText,
    /// The request's headers, `user-agent` in the column of its own included. Default: the usual ones.
    pub headers: KeepHeaders,
    /// The most bytes of each of body and answer; what goes beyond is cut off and marked. Default: [`FIELD_CAP_BYTES`].
    pub max_bytes: usize,
    /// The client's address. Default: kept.
    pub ip: KeepAddress,
}

/// Of which exchanges there is a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepOutcomes {
    /// Of every one.
    #[default]
    All,
    /// Of every one that did not end well: whose outcome is not `ok`.
    Errors,
    /// Of those, and of a share of the others.
    Sampled {
        /// The share, as so many of a million.
        per_million: u32,
    },
}

/// Whether a text is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepText {
    /// As far as it is one.
    #[default]
    Kept,
    /// Not at all: its column is NULL.
    Left,
}

/// Whether the client's address is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepAddress {
    /// As it is.
    #[default]
    Kept,
    /// Not at all: its column is NULL.
    Left,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            outcomes: KeepOutcomes::All,
            request: KeepText::Kept,
            response: KeepText::Kept,
            headers: KeepHeaders::Usual,
            max_bytes: FIELD_CAP_BYTES,
            ip: KeepAddress::Kept,
        }
    }
}

/// An exchange of which something is kept, and what. Cheap to clone; `Debug` shows no text of a client.
#[derive(Clone)]
pub struct Extract {
    exchange: Arc<Exchange>,
    keep: Arc<Keep>,
}

impl Policy {
    /// This is kept of every exchange.
    pub fn new(keep: Keep) -> Self {
        Self { otherwise: Arc::new(keep), upstreams: HashMap::new() }
    }

    /// Something else is kept of those that the upstream of this name served, or was the last to be tried for.
    #[must_use]
    pub fn upstream(mut self, name: impl Into<String>, keep: Keep) -> Self {
        self.upstreams.insert(name.into(), Arc::new(keep));
        self
    }

    /// What is kept of the exchange; `None` when there is no row of it.
    ///
    /// Shares the exchange, unless that holds a text which is not kept: then what is kept is copied without it, so that
    /// the text can go.
    pub fn keeps(&self, exchange: &Arc<Exchange>) -> Option<Extract> {
        let own = told_attempt(exchange).and_then(|attempt| self.upstreams.get(&*attempt.upstream));
        let keep = own.unwrap_or(&self.otherwise);
        keep.outcomes
            .has(exchange)
            .then(|| Extract { exchange: keep.without_the_rest(exchange), keep: Arc::clone(keep) })
    }
}

/// The attempt that a row tells of: whose answer went to the client, or failing that the last one.
pub(crate) fn told_attempt(exchange: &Exchange) -> Option<&Attempt> {
    let Answer { status, .. } = exchange.answer;
    let relayed = || exchange.attempts.iter().rfind(|attempt| attempt.status == Some(status));
    exchange.served_by().or_else(relayed).or_else(|| exchange.attempts.last())
}

const MILLION: u64 = 1_000_000;

impl KeepOutcomes {
    fn has(self, exchange: &Exchange) -> bool {
        match self {
            Self::All => true,
            Self::Errors => exchange.outcome != Outcome::Ok,
            Self::Sampled { per_million } => {
                exchange.outcome != Outcome::Ok || scattered(&exchange.id) % MILLION < u64::from(per_million)
            }
        }
    }
}

/// A number that is as good as drawn, and the same for the same id: FNV-1a, with the finish of MurmurHash3 because ids
/// differ in a few places only.
fn scattered(id: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

impl Keep {
    fn without_the_rest(&self, exchange: &Arc<Exchange>) -> Arc<Exchange> {
        let is_left = |keep: KeepText, bytes: usize| keep == KeepText::Left && bytes > 0;
        let (request, answer) = (&exchange.request, &exchange.answer);
        let without_body = is_left(self.request, request.body.len());
        let without_answer = is_left(self.response, answer.body.len());
        if !without_body && !without_answer {
            return Arc::clone(exchange);
        }
        Arc::new(Exchange {
            id: exchange.id.clone(),
            request_id: exchange.request_id.clone(),
            started_at: exchange.started_at,
            request: Request {
                method: request.method.clone(),
                path: request.path.clone(),
                peer: request.peer,
                headers: request.headers.clone(),
                body: if without_body { bytes::Bytes::new() } else { request.body.clone() },
                bytes: request.bytes,
                model: request.model.clone(),
                stream: request.stream,
            },
            caller: exchange.caller.clone(),
            attempts: exchange.attempts.clone(),
            answer: Answer {
                status: answer.status,
                content_type: answer.content_type.clone(),
                body: if without_answer { Transcript::default() } else { answer.body.clone() },
                bytes: answer.bytes,
                head_after: answer.head_after,
                first_byte_after: answer.first_byte_after,
            },
            outcome: exchange.outcome,
            error: exchange.error.clone(),
            usage: exchange.usage,
            elapsed: exchange.elapsed,
        })
    }
}

impl Extract {
    /// The exchange, without the texts that are not kept.
    pub const fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// What is kept of it.
    pub fn keep(&self) -> &Keep {
        &self.keep
    }

    /// The bytes that it holds while it waits: nothing that a client chooses the length of is left out.
    pub(crate) fn weight(&self) -> usize {
        let Exchange { request, answer, request_id, .. } = &*self.exchange;
        let headers = request.headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let model = request.model.as_ref().map_or(0, String::len);
        let texts = [request.body.len(), answer.body.len(), request.path.len(), model, request_id.len()];
        texts.into_iter().chain(headers).fold(0, usize::saturating_add)
    }
}

impl fmt::Debug for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extract").field("id", &self.exchange.id).field("keep", &self.keep).finish_non_exhaustive()
    }
}
