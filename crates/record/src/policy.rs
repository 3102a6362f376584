//! What of each exchange is kept: decided on the request path, by looking.

pub use keep::{Keep, KeepAddress, KeepOutcomes, KeepText};
use oar_exchange::{Answer, Attempt, Exchange, Request, Transcript};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

mod keep;

/// What of each exchange is kept, by the upstream that the row names.
///
/// Deciding reads no clock and draws no number: the same exchange is kept, or not, by every gateway.
///
/// ```
/// use oar_record::{Keep, KeepOutcomes, KeepText, Policy};
///
/// // Failures alone, without what was said; of one upstream everything.
/// let little = Keep { outcomes: KeepOutcomes::Errors, request: KeepText::Left, ..Keep::default() };
/// let policy = Policy::new(little).upstream("local", Keep::default());
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// assert!(policy.keeps(&exchange).is_some(), "its client left: a failure");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Policy {
    otherwise: Arc<Keep>,
    upstreams: HashMap<String, Arc<Keep>>,
}

/// An exchange of which something is kept, and what. Cheap to clone; `Debug` shows no text of a client.
///
/// ```
/// use oar_record::{Policy, Row};
///
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// let extract = Policy::default().keeps(&exchange).expect("everything is kept");
/// let row = Row::keeping(extract.exchange(), extract.keep(), "gateway-1");
/// assert_eq!(row.path.as_deref(), Some("/v1/models"));
/// ```
#[derive(Clone)]
pub struct Extract {
    exchange: Arc<Exchange>,
    keep: Arc<Keep>,
}

impl Policy {
    /// This is kept of every exchange.
    ///
    /// ```
    /// use oar_record::{Keep, KeepHeaders, Policy};
    ///
    /// let policy = Policy::new(Keep { headers: KeepHeaders::All, ..Keep::default() });
    /// ```
    pub fn new(keep: Keep) -> Self {
        Self { otherwise: Arc::new(keep), upstreams: HashMap::new() }
    }

    /// Something else is kept of those that the upstream of this name served, or was the last to be tried for.
    ///
    /// ```
    /// use oar_record::{Keep, KeepOutcomes, Policy};
    ///
    /// let errors = Keep { outcomes: KeepOutcomes::Errors, ..Keep::default() };
    /// let policy = Policy::default().upstream("embeddings", errors);
    /// ```
    #[must_use]
    pub fn upstream(mut self, name: impl Into<String>, keep: Keep) -> Self {
        self.upstreams.insert(name.into(), Arc::new(keep));
        self
    }

    /// What is kept of the exchange; `None` when there is no row of it.
    ///
    /// Shares the exchange, unless that holds a text which is not kept: then what is kept is copied without it, so that
    /// the text can go.
    ///
    /// ```
    /// use oar_record::{Keep, KeepOutcomes, Policy};
    /// use std::sync::Arc;
    ///
    /// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
    /// let extract = Policy::default().keeps(&exchange).expect("everything is kept");
    /// assert!(Arc::ptr_eq(extract.exchange(), &exchange), "nothing had to be left out");
    ///
    /// let errors = Policy::new(Keep { outcomes: KeepOutcomes::Errors, ..Keep::default() });
    /// let mut good = (*exchange).clone();
    /// good.outcome = oar_exchange::Outcome::Ok;
    /// assert!(errors.keeps(&Arc::new(good)).is_none());
    /// ```
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
    ///
    /// ```
    /// # use oar_record::Policy;
    /// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
    /// let extract = Policy::default().keeps(&exchange).expect("everything is kept");
    /// assert_eq!(extract.exchange().id, "0190");
    /// ```
    pub const fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    /// What is kept of it.
    ///
    /// ```
    /// # use oar_record::{Keep, Policy};
    /// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
    /// let extract = Policy::default().keeps(&exchange).expect("everything is kept");
    /// assert_eq!(extract.keep(), &Keep::default());
    /// ```
    pub fn keep(&self) -> &Keep {
        &self.keep
    }

    /// The bytes that it holds while it waits: nothing that a client chooses the length of is left out.
    pub(crate) fn weight(&self) -> usize {
        let Exchange { request, answer, request_id, .. } = &*self.exchange;
        let headers = request.headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let model = request.model.as_ref().map_or(0, String::len);
        let (method, path) = (request.method.as_str().len(), request.path.len());
        let texts = [request.body.len(), answer.body.len(), method, path, model, request_id.len()];
        texts.into_iter().chain(headers).fold(0, usize::saturating_add)
    }
}

impl fmt::Debug for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extract").field("id", &self.exchange.id).field("keep", &self.keep).finish_non_exhaustive()
    }
}
