//! The story of one request while it is being lived: later stages write, none reads; it is told once, at the end.

use crate::attempt::Tried;
use crate::backend::Backend;
use crate::head::Head;
use crate::read::Asked;
use bytes::Bytes;
use http::header;
use http::{HeaderMap, StatusCode};
use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Observer, Outcome, Request, Usage};
use oar_protocol::{Form, headers, usage};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;

/// Who hears the stories.
pub(crate) type Observers = Arc<[Arc<dyn Observer>]>;

/// The status in the record of a client that left before any was sent: nginx's convention.
pub(crate) const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Writes down one request's story, and tells it exactly once: when it is closed, or, if nobody closed it because the
/// client left and the request's future was dropped, then.
pub(crate) struct Ledger {
    story: Option<Box<Exchange>>,
    seed: u64,
    opened: Instant,
    running: Option<Running>,
    tail: Tail,
    keeps_text: bool,
    transcript_cap: usize,
    observers: Observers,
}

/// An attempt that has begun and not ended.
struct Running {
    upstream: Arc<str>,
    backend: Arc<Backend>,
    since: Instant,
}

impl Ledger {
    /// Begins a story: its id, its clock, and what the head says.
    pub(crate) fn open(head: &Head, observers: &Observers, transcript_cap: usize) -> Self {
        for observer in observers.iter() {
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
                headers: recordable(&head.headers),
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
            transcript_cap,
            observers: Arc::clone(observers),
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
        let (opened, cap, keeps) = (self.opened, self.transcript_cap, self.keeps_text);
        self.write(|story| {
            story.answer.bytes += piece.len() as u64;
            story.answer.first_byte_after.get_or_insert_with(|| opened.elapsed());
            if keeps {
                story.answer.body.keep(piece, cap);
            }
        });
        if keeps {
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
        story.usage = self.tail.usage();
        if story.answer.status == 0 {
            story.answer.status = CLIENT_CLOSED_REQUEST;
        }
        let exchange = Arc::from(story);
        for observer in self.observers.iter() {
            observer.finished(&exchange);
        }
    }
}

impl Drop for Ledger {
    /// Nobody closed the story: the client left, and its future was dropped.
    fn drop(&mut self) {
        self.tell(Outcome::ClientClosed, None);
    }
}

/// The headers worth telling: all but credentials and cookies.
fn recordable(headers: &HeaderMap) -> HeaderMap {
    headers.iter().filter(|(name, _)| !headers::is_private(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/") || content_type.contains("json")
}

/// The last pieces of an answer, in which its usage is found.
#[derive(Default)]
struct Tail {
    pieces: VecDeque<Bytes>,
    bytes: usize,
}

impl Tail {
    fn push(&mut self, piece: &Bytes) {
        let kept = piece.slice(piece.len().saturating_sub(usage::TAIL_CAP_BYTES)..);
        self.bytes += kept.len();
        self.pieces.push_back(kept);
        while let Some(oldest) = self.pieces.front() {
            if self.bytes - oldest.len() < usage::TAIL_CAP_BYTES {
                break;
            }
            self.bytes -= oldest.len();
            self.pieces.pop_front();
        }
    }

    fn usage(&mut self) -> Option<Usage> {
        let found = usage::find(&self.pieces.make_contiguous().concat())?;
        Some(Usage { prompt: found.prompt_tokens, completion: found.completion_tokens })
    }
}
