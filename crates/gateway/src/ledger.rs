//! The story of one request while it is being lived: later stages write, none reads; it is told once, at the end.

use crate::attempt::Tried;
use crate::backend::Backend;
use crate::copy::Copied;
use crate::head::{Head, text_of};
use crate::kind::Kind;
use crate::read::Asked;
use crate::rules::{Keep, KeepHeaders};
use crate::tunnel::Carried;
use bytes::Bytes;
use http::header;
use http::{HeaderMap, StatusCode};
use oar_exchange::{Answer, Attempt, AttemptResult, Exchange, Observer, Outcome, Request, Transcript};
use oar_protocol::Form;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What all ledgers of a gateway share.
#[derive(Clone)]
pub(crate) struct Desk {
    /// Who hears the stories.
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    /// Cancelled when the gateway cuts what is still running.
    pub(crate) cut: CancellationToken,
    /// What is kept of a request that no upstream was asked for.
    pub(crate) keep: Keep,
    pub(crate) headers: KeepHeaders,
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
    copied: Copied,
    /// What the upstreams say is kept that have been asked so far: as much as any of them.
    keep: Option<Keep>,
    /// Since the client has left, and what follows is read for those alone who hear the story: how it ends, whatever comes.
    left: Option<Outcome>,
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
            id: text_of(head.id),
            request_id: head.request_id.clone(),
            started_at: SystemTime::now(),
            request: Request {
                method: head.method.clone(),
                path: head.uri.path().to_owned(),
                peer: head.client,
                headers: desk.headers.of(&head.headers),
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
            opened: head.arrived,
            running: None,
            copied: Copied::default(),
            keep: None,
            left: None,
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

    /// The request has been read. Files are not kept: only a body that is one JSON text is worth a record's room. How much
    /// of it is kept is the upstream's to say, who is yet to be found; until then it is shared with who asks them.
    pub(crate) fn asked(&mut self, asked: &Asked) {
        self.write(|story| {
            story.request.model.clone_from(&asked.facts.model);
            story.request.stream = asked.facts.stream;
            story.request.bytes = asked.body.len() as u64;
            story.request.body = match asked.facts.form {
                Form::Json => asked.body.clone(),
                Form::Multipart => Bytes::copy_from_slice(asked.facts.outline.as_str().as_bytes()),
                Form::UrlEncoded | Form::Opaque => Bytes::new(),
            };
        });
    }

    /// An attempt begins, at `since`.
    pub(crate) fn attempt_begins(&mut self, upstream: &Arc<str>, backend: &Arc<Backend>, since: Instant) {
        let (upstream, backend) = (Arc::clone(upstream), Arc::clone(backend));
        let keep = backend.keep.unwrap_or(self.desk.keep);
        self.keep = Some(self.keep.map_or(keep, |others| others.or(keep)));
        self.running = Some(Running { upstream, backend, since });
    }

    /// The attempt that had begun has ended.
    pub(crate) fn attempt_ends(&mut self, tried: &Tried) {
        self.end_running(tried.result(), tried.status(), tried.upstream_request_id(), tried.detail());
    }

    /// The attempt that had begun, if any, ended in a panic.
    pub(crate) fn attempt_panics(&mut self) {
        self.end_running(AttemptResult::Failed, None, None, None);
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
        self.write(|story| {
            // Room for one: more are rare.
            story.attempts.reserve_exact(1);
            story.attempts.push(attempt);
        });
    }

    /// The head of the answer is on its way to the client.
    pub(crate) fn answers(&mut self, status: StatusCode, headers: &HeaderMap, kind: Kind) {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        self.copied = Copied::of(kind, self.keep().response_bytes);
        self.cut_request();
        let after = self.opened.elapsed();
        self.write(|story| {
            story.answer.status = status.as_u16();
            story.answer.content_type = content_type.map(ToOwned::to_owned);
            story.answer.head_after = Some(after);
        });
    }

    /// A piece of the answer's body is on its way to the client, or to those who hear of it after the client has left.
    pub(crate) fn sends(&mut self, piece: &Bytes) {
        self.copied.push(piece);
        if self.has_client() {
            let opened = self.opened;
            self.write(|story| {
                story.answer.bytes += piece.len() as u64;
                story.answer.first_byte_after.get_or_insert_with(|| opened.elapsed());
            });
        }
    }

    /// The client has left, and the rest of the answer is read for the story: it ends like this, whatever comes.
    pub(crate) const fn client_leaves(&mut self, outcome: Outcome) {
        self.left = Some(outcome);
    }

    /// Whether anybody is there who could be told something.
    pub(crate) const fn has_client(&self) -> bool {
        self.left.is_none()
    }

    fn keep(&self) -> Keep {
        self.keep.unwrap_or(self.desk.keep)
    }

    /// Nobody is asked any more: no more of the body is held than what is kept. A part of a long one is copied, since a
    /// share of it would hold the whole; so is a short one, which shares what was read from the client with the next request.
    fn cut_request(&mut self) {
        let cap = self.keep().request_bytes;
        self.write(|story| {
            let body = &mut story.request.body;
            let kept = body.get(..cap).unwrap_or(body);
            if kept.len() < body.len() || (body.len() < Transcript::SHARED_FROM_BYTES && !body.is_unique()) {
                *body = Bytes::copy_from_slice(kept);
            }
        });
    }

    /// An upgraded connection has ended, after so many bytes.
    pub(crate) fn tunnelled(&mut self, carried: &Carried) {
        self.write(|story| {
            story.request.bytes += carried.from_client;
            story.answer.bytes += carried.to_client;
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
        self.cut_request();
        let Some(mut story) = self.story.take() else { return };
        let copied = std::mem::take(&mut self.copied);
        (story.outcome, story.error) = match self.left {
            None => (outcome, error),
            Some(left) => (left, error.map(|error| format!("after the client had left: {error}"))),
        };
        story.error = story.error.take().or_else(|| copied.oddity(&story).map(ToOwned::to_owned));
        story.elapsed = self.opened.elapsed();
        story.usage = copied.usage();
        story.answer.body = copied.into_transcript();
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
    /// When nobody closed the story, its future was dropped: the client left, the gateway could wait no longer, or somebody
    /// panicked.
    fn drop(&mut self) {
        if self.story.is_none() {
            // To ask whether the gateway stops takes a lock that all requests share.
            return;
        }
        if std::thread::panicking() {
            self.tell(Outcome::StreamBroken, Some("the answer's body panicked".into()));
        } else if self.desk.cut.is_cancelled() {
            self.tell(Outcome::Drained, None);
        } else {
            self.tell(Outcome::ClientClosed, None);
        }
    }
}
