//! The story of one request while it is being lived: later stages write, none reads; it is told once, at the end.

use crate::attempt::Tried;
use crate::backend::Backend;
use crate::head::Head;
use crate::read::Asked;
use bytes::Bytes;
use http::header;
use http::{HeaderMap, StatusCode};
use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Observer, Outcome, Request, Transcript, Usage};
use oar_protocol::{Form, usage};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What all ledgers of a gateway share.
pub(crate) struct Desk {
    /// Who hears the stories.
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    /// Cancelled when the gateway cuts what is still running.
    pub(crate) cut: CancellationToken,
    pub(crate) transcript_cap: usize,
}

/// The status in the record of a client that left before any was sent: nginx's convention.
pub(crate) const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Writes down one request's story, and tells it exactly once: when it is closed, or, if nobody closed it because the
/// request's future was dropped, then.
pub(crate) struct Ledger {
    story: Option<Box<Exchange>>,
    seed: u64,
    opened: Instant,
    running: Option<Running>,
    tail: Tail,
    keeps_text: bool,
    desk: Arc<Desk>,
}

/// An attempt that has begun and not ended.
struct Running {
    upstream: Arc<str>,
    backend: Arc<Backend>,
    since: Instant,
}

impl Ledger {
    /// Begins a story: its id, its clock, and what the head says.
    pub(crate) fn open(head: &Head, desk: &Arc<Desk>) -> Self {
        for observer in &desk.observers {
            observer.started();
        }
        let story = Exchange {
            id: head.id.to_string(),
            request_id: head.request_id.clone(),
            started_at: SystemTime::now(),
            request: Request {
                method: head.method.clone(),
                path: head.uri.path().to_owned(),
                peer: head.peer,
                headers: head.headers.clone(),
                body: Bytes::new(),
                bytes: 0,
                model: None,
                stream: false,
            },
            caller: None,
            attempts: Vec::new(),
            answer: Answer::default(),
            outcome: Outcome::ClientClosed,
            error: None,
            usage: None,
            elapsed: std::time::Duration::ZERO,
        };
        Self {
            story: Some(Box::new(story)),
            seed: head.id.as_u64_pair().1,
            opened: Instant::now(),
            running: None,
            tail: Tail::default(),
            keeps_text: false,
            desk: Arc::clone(desk),
        }
    }

    /// A number that is different for every request, for decisions that want chance.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// The id under which client and record know the request.
    pub(crate) fn request_id(&self) -> &str {
        self.story.as_ref().map_or("", |story| &story.request_id)
    }

    /// How many attempts have ended.
    pub(crate) fn attempts(&self) -> usize {
        self.story.as_ref().map_or(0, |story| story.attempts.len())
    }

    /// Cancelled when the gateway cuts what is still running.
    pub(crate) fn cut(&self) -> &CancellationToken {
        &self.desk.cut
    }

    /// The client is known.
    pub(crate) fn caller(&mut self, label: Option<String>) {
        self.write(|story| story.caller = label);
    }

    /// The request has been read. Files are not kept: only a body that is one JSON text is worth a record's room.
    pub(crate) fn asked(&mut self, asked: &Asked) {
        self.write(|story| {
            story.request.model.clone_from(&asked.facts.model);
            story.request.stream = asked.facts.stream;
            story.request.bytes = asked.body.len() as u64;
            if asked.facts.form == Form::Json {
                story.request.body = asked.body.clone();
            }
        });
    }

    /// An attempt begins.
    pub(crate) fn attempt_begins(&mut self, upstream: &Arc<str>, backend: &Arc<Backend>) {
        let (upstream, backend) = (Arc::clone(upstream), Arc::clone(backend));
        self.running = Some(Running { upstream, backend, since: Instant::now() });
    }

    /// The attempt that had begun has ended.
    pub(crate) fn attempt_ends(&mut self, tried: &Tried) {
        let detail = tried.detail();
        self.end_running(tried.result(), tried.status(), tried.upstream_request_id(), detail);
    }

    fn end_running(
        &mut self,
        result: AttemptResult,
        status: Option<StatusCode>,
        upstream_request_id: Option<String>,
        detail: Option<String>,
    ) {
        let Some(Running { upstream, backend, since }) = self.running.take() else { return };
        let attempt = Attempt {
            upstream,
            endpoint: Arc::clone(&backend.endpoint),
            key: backend.key.clone(),
            passed_client_token: backend.passes_client_token,
            result,
            status: status.map(|status| status.as_u16()),
            elapsed: since.elapsed(),
            upstream_request_id,
            detail,
        };
        self.write(|story| story.attempts.push(attempt));
    }

    /// The head of the answer is on its way to the client.
    pub(crate) fn answers(&mut self, status: StatusCode, headers: &HeaderMap) {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let encoded = headers.contains_key(header::CONTENT_ENCODING);
        self.keeps_text = !encoded && content_type.is_some_and(is_text);
        let after = self.opened.elapsed();
        self.write(|story| {
            story.answer.status = status.as_u16();
            story.answer.content_type = content_type.map(ToOwned::to_owned);
            story.answer.head_after = Some(after);
        });
    }

    /// A piece of the answer's body is on its way to the client.
    pub(crate) fn sends(&mut self, piece: &Bytes) {
        let (opened, cap, keeps) = (self.opened, self.desk.transcript_cap, self.keeps_text);
        let mut is_full = false;
        self.write(|story| {
            story.answer.bytes += piece.len() as u64;
            story.answer.first_byte_after.get_or_insert_with(|| opened.elapsed());
            if keeps {
                story.answer.body.keep(piece, cap);
                is_full = story.answer.body.is_truncated();
            }
        });
        if is_full {
            self.tail.push(piece);
        }
    }

    /// How many bytes went through an upgraded connection, in each direction.
    pub(crate) fn tunnelled(&mut self, from_client: u64, to_client: u64) {
        self.write(|story| {
            story.request.bytes += from_client;
            story.answer.bytes += to_client;
        });
    }

    /// Ends the story and tells it.
    pub(crate) fn close(mut self, outcome: Outcome, error: Option<String>) {
        self.tell(outcome, error);
    }

    fn write(&mut self, note: impl FnOnce(&mut Exchange)) {
        if let Some(story) = &mut self.story {
            note(story);
        }
    }

    fn tell(&mut self, outcome: Outcome, error: Option<String>) {
        self.end_running(AttemptResult::Abandoned, None, None, None);
        let Some(mut story) = self.story.take() else { return };
        story.outcome = outcome;
        story.error = error;
        story.elapsed = self.opened.elapsed();
        story.usage = told_usage(&story.answer.body, &self.tail);
        if story.answer.status == 0 {
            story.answer.status = CLIENT_CLOSED_REQUEST;
        }
        let exchange = Arc::from(story);
        for observer in &self.desk.observers {
            observer.finished(&exchange);
        }
    }
}

impl Drop for Ledger {
    /// Nobody closed the story, its future was dropped: the client left, the gateway could wait no longer, or somebody
    /// panicked.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell(Outcome::StreamBroken, Some("the answer's body panicked".into()));
        } else if self.desk.cut.is_cancelled() {
            self.tell(Outcome::Drained, None);
        } else {
            self.tell(Outcome::ClientClosed, None);
        }
    }
}

fn is_text(content_type: &str) -> bool {
    let content_type = content_type.to_ascii_lowercase();
    content_type.starts_with("text/") || content_type.contains("json")
}

/// The end of an answer whose transcript is full: providers tell usage last.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(last(piece));
        if self.0.len() > 2 * usage::TAIL_CAP_BYTES {
            self.0.drain(..self.0.len() - usage::TAIL_CAP_BYTES);
        }
    }
}

fn last(bytes: &[u8]) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(usage::TAIL_CAP_BYTES)..).unwrap_or_default()
}

fn told_usage(transcript: &Transcript, tail: &Tail) -> Option<Usage> {
    let found = if transcript.is_truncated() { usage::find(&tail.0) } else { usage::find(last(transcript.as_bytes())) };
    found.map(|usage| Usage { prompt: usage.prompt_tokens, completion: usage.completion_tokens })
}
