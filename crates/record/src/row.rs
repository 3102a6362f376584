//! An exchange as columns, whichever database they are for.

use crate::created_at::{CreatedAt, MomentRead};
use crate::headers::{self, KeepHeaders};
use crate::policy::{Keep, KeepAddress, KeepText, told_attempt};
use crate::schema::records;
use crate::text::{self, Field};
use diesel::prelude::*;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, USER_AGENT};
use oar_exchange::{Attempt, Exchange, Request};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// One exchange as the table has it. Columns down to [`headers`](Self::headers) are the Go version's, the rest ours.
///
/// Every column may be NULL: the Go version writes none of ours. `Debug` shows no text of a client.
///
/// ```
/// use oar_record::Row;
///
/// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
/// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
/// let row = Row::from_exchange(&exchange, "gateway-1");
/// assert_eq!((row.exchange_id.as_deref(), row.outcome.as_deref()), (Some("0190"), Some("client_closed")));
/// assert_eq!(row.id, None, "it is not stored yet");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Queryable, Selectable)]
#[diesel(table_name = records)]
pub struct Row {
    /// The table's own number; `None` until the row is stored, and ignored when it is written.
    #[diesel(select_expression = records::id.nullable())]
    pub id: Option<i64>,
    /// Which gateway it was.
    pub hostname: Option<String>,
    /// Where the upstream is whose answer went to the client, or that was tried last.
    pub upstream_endpoint: Option<String>,
    /// The label of the key that upstream was sent.
    pub upstream_sk: Option<String>,
    /// When the request's head was read.
    #[diesel(deserialize_as = MomentRead)]
    pub created_at: Option<CreatedAt>,
    /// The client's address; NULL when none is kept.
    pub ip: Option<String>,
    /// The request's body where it is text, else a note on what it was, with an outline of a form; NULL when none is kept.
    pub body: Option<String>,
    /// The model asked for; the path when the request names none, as the Go version has it.
    pub model: Option<String>,
    /// The answer's body where it is text, a stream's put together, else a note on what it was; NULL when none is kept.
    pub response: Option<String>,
    /// Nanoseconds until the answer's head was ready.
    pub response_time: Option<i64>,
    /// Nanoseconds until the exchange ended.
    pub elapsed_time: Option<i64>,
    /// The status the client was sent; 499 when it left before.
    pub status: Option<i64>,
    /// The label of the token the client was let in with.
    pub authorization: Option<String>,
    /// The client's `user-agent`, if that header is kept.
    pub user_agent: Option<String>,
    /// Those of the request's headers that are kept, a JSON object of lists, names spelled `Like-This`; NULL when none is,
    /// whatever it is called.
    pub headers: Option<String>,
    /// The exchange's own id, a UUIDv7: unique.
    pub exchange_id: Option<String>,
    /// What the client knows the request by. A client may use one twice.
    pub request_id: Option<String>,
    /// The request's method.
    pub method: Option<String>,
    /// The request's path, without the query.
    pub path: Option<String>,
    /// The configured name of the upstream that [`upstream_endpoint`](Self::upstream_endpoint) tells of.
    pub upstream: Option<String>,
    /// How the exchange ended: a word of [`Outcome`](oar_exchange::Outcome).
    pub outcome: Option<String>,
    /// What went wrong, for the operator.
    pub error: Option<String>,
    /// The tries, a JSON list of `{upstream, phase, result, status, ms, request_id?, detail?}`.
    pub attempts: Option<String>,
    /// Whether the request asked for a stream.
    pub stream: Option<bool>,
    /// Tokens of the prompt, as the upstream counted them.
    pub prompt_tokens: Option<i64>,
    /// Tokens of the completion, as the upstream counted them.
    pub completion_tokens: Option<i64>,
    /// Bytes of body that the client sent.
    pub bytes_in: Option<i64>,
    /// Bytes of the answer's body that went to the client.
    pub bytes_out: Option<i64>,
    /// Nanoseconds until the first byte of the answer's body went to the client.
    pub first_byte_time: Option<i64>,
    /// Whether a body, the headers, or another text of the client's is shorter than what there was.
    pub truncated: Option<bool>,
}

impl Row {
    /// The row that tells everything of this exchange that is kept by default.
    ///
    /// ```
    /// # use oar_record::Row;
    /// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
    /// assert_eq!(Row::from_exchange(&exchange, "gateway-1").hostname.as_deref(), Some("gateway-1"));
    /// ```
    pub fn from_exchange(exchange: &Exchange, hostname: &str) -> Self {
        Self::keeping(exchange, &Keep::default(), hostname)
    }

    /// The row that tells what is kept of an exchange.
    ///
    /// ```
    /// # use oar_record::{Keep, KeepHeaders, Row};
    /// # let request = oar_exchange::Request::new(http::Method::GET, "/v1/models", [127, 0, 0, 1]);
    /// # let exchange = std::sync::Arc::new(oar_exchange::Exchange::new("0190", std::time::SystemTime::UNIX_EPOCH, request));
    /// let keep = Keep { headers: KeepHeaders::These(Vec::new()), ..Keep::default() };
    /// assert_eq!(Row::keeping(&exchange, &keep, "gateway-1").headers, None);
    /// ```
    pub fn keeping(exchange: &Exchange, keep: &Keep, hostname: &str) -> Self {
        let Exchange { request, answer, usage, .. } = exchange;
        let told = told_attempt(exchange);
        let mut truncated = false;
        let mut kept = |field: Field| {
            truncated |= field.truncated;
            field.text
        };
        Self {
            id: None,
            hostname: Some(text::clean(hostname)),
            upstream_endpoint: told.map(|attempt| text::clean(&attempt.endpoint)),
            upstream_sk: told.and_then(|attempt| attempt.key.as_deref()).map(text::clean),
            created_at: Some(CreatedAt(exchange.started_at)),
            ip: (keep.ip == KeepAddress::Kept).then(|| request.peer.to_canonical().to_string()),
            body: (keep.request == KeepText::Kept).then(|| kept(request_field(request, keep.max_bytes))),
            model: Some(kept(text::short(request.model.as_ref().unwrap_or(&request.path)))),
            response: (keep.response == KeepText::Kept).then(|| kept(text::answer(answer, keep.max_bytes))),
            response_time: answer.head_after.map(nanoseconds),
            elapsed_time: Some(nanoseconds(exchange.elapsed)),
            status: Some(i64::from(answer.status)),
            authorization: exchange.caller.as_deref().map(text::clean),
            user_agent: agent(request, &keep.headers).map(|agent| kept(text::short(&agent))),
            headers: (!keep.headers.has_none()).then(|| kept(headers::told(&request.headers, &keep.headers))),
            exchange_id: Some(text::clean(&exchange.id)),
            request_id: Some(kept(text::short(&exchange.request_id))),
            method: Some(kept(text::short(request.method.as_str()))),
            path: Some(kept(text::short(&request.path))),
            upstream: told.map(|attempt| text::clean(&attempt.upstream)),
            outcome: Some(exchange.outcome.as_str().to_owned()),
            error: exchange.error.as_deref().map(text::clean),
            attempts: Some(attempts_json(&exchange.attempts)),
            stream: Some(request.stream),
            prompt_tokens: usage.and_then(|usage| usage.prompt).map(whole),
            completion_tokens: usage.and_then(|usage| usage.completion).map(whole),
            bytes_in: Some(whole(request.bytes)),
            bytes_out: Some(whole(answer.bytes)),
            first_byte_time: answer.first_byte_after.map(nanoseconds),
            // Last, when every field has been kept or cut.
            truncated: Some(truncated),
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("id", &self.id)
            .field("exchange_id", &self.exchange_id)
            .field("outcome", &self.outcome)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

fn request_field(request: &Request, cap: usize) -> Field {
    let media_type = header(request, &CONTENT_TYPE);
    if header(request, &CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return text::note(media_type.as_deref(), request.bytes);
    }
    text::request(media_type.as_deref(), &request.body, request.bytes, cap)
}

fn header<'a>(request: &'a Request, name: &HeaderName) -> Option<Cow<'a, str>> {
    request.headers.get(name).map(|value| text::lossy(value.as_bytes()))
}

fn agent<'a>(request: &'a Request, headers: &KeepHeaders) -> Option<Cow<'a, str>> {
    headers.has(&USER_AGENT).then(|| header(request, &USER_AGENT))?
}

/// One try as the `attempts` column tells it.
#[derive(Serialize)]
struct Told<'a> {
    upstream: &'a str,
    phase: &'static str,
    result: &'static str,
    status: Option<u16>,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl<'a> From<&'a Attempt> for Told<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            upstream: &attempt.upstream,
            phase: attempt.result.phase().as_str(),
            result: attempt.result.as_str(),
            status: attempt.status,
            ms: u64::try_from(attempt.elapsed.as_millis()).unwrap_or(u64::MAX),
            request_id: attempt.upstream_request_id.as_deref(),
            detail: attempt.detail.as_deref(),
        }
    }
}

struct Tries<'a>(&'a [Attempt]);

impl Serialize for Tries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Told::from))
    }
}

fn attempts_json(attempts: &[Attempt]) -> String {
    // JSON escapes control characters, NUL among them, so the text needs no cleaning.
    serde_json::to_string(&Tries(attempts)).unwrap_or_default()
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
