//! A prediction's events: <https://replicate.com/docs/topics/predictions/streaming>.

use super::prediction::Prediction;
use super::stage::{Entry, Interruption, Moment, Stage};
use crate::reply::{self, Reply};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, HeaderValue};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

const GREETING: Bytes = Bytes::from_static(b": hi\n\n");
const IDLED: Bytes = Bytes::from_static(b":408: 408 Request Timeout\n\n");

/// Everything since the event with that id, or since the beginning.
pub(super) fn reply(prediction: Arc<Prediction>, last_event_id: Option<&str>, idle: Duration) -> Reply {
    let reader = Reader::open(prediction, last_event_id, idle);
    let frames = stream::unfold(reader, |mut reader| async {
        let next = reader.next().await?;
        // Each piece leaves before the next is looked for; an error at once would overtake what is not written yet.
        tokio::task::yield_now().await;
        Some((next.map(Frame::data), reader))
    });
    let mut reply = reply::typed("text/event-stream", StreamBody::new(frames).boxed_unsync());
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Somebody who reads a stream.
struct Reader {
    prediction: Arc<Prediction>,
    stage: watch::Receiver<Stage>,
    idle: Duration,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Greeting,
    Entry(usize),
    Goodbye,
    End,
}

/// What a reader finds.
enum Found {
    Entry,
    Nothing,
    End,
}

impl Reader {
    fn open(prediction: Arc<Prediction>, last_event_id: Option<&str>, idle: Duration) -> Self {
        prediction.note(Moment::StreamOpened);
        let stage = prediction.watch();
        let at = match last_event_id.and_then(|id| stage.borrow().after(id)) {
            Some(index) => At::Entry(index),
            None => At::Greeting,
        };
        Self { prediction, stage, idle, at }
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.at {
                At::Greeting => return self.say(GREETING, At::Entry(0)),
                At::Goodbye => return self.say(IDLED, At::End),
                At::End => return None,
                At::Entry(index) => match self.find(index).await {
                    Found::End => self.at = At::End,
                    Found::Nothing => self.at = At::Goodbye,
                    Found::Entry => match self.prediction.take(index)? {
                        Entry::Event { bytes, .. } | Entry::Raw(bytes) => return self.say(bytes, At::Entry(index + 1)),
                        Entry::Past => self.at = At::Entry(index + 1),
                        Entry::Interruption(Interruption::Idle) => self.at = At::Goodbye,
                        Entry::Interruption(Interruption::Close) => self.at = At::End,
                        Entry::Interruption(Interruption::Cut) => return self.cut(),
                    },
                },
            }
        }
    }

    fn say(&mut self, bytes: Bytes, next: At) -> Option<io::Result<Bytes>> {
        self.at = next;
        Some(Ok(bytes))
    }

    fn cut(&mut self) -> Option<io::Result<Bytes>> {
        self.at = At::End;
        Some(Err(io::Error::other("cut on purpose")))
    }

    /// Waits for the entry there, as long as a stream may be idle.
    async fn find(&mut self, index: usize) -> Found {
        let there = |stage: &Stage| index < stage.entries.len() || stage.status.is_terminal();
        match timeout(self.idle, self.stage.wait_for(there)).await {
            Ok(Ok(stage)) if index < stage.entries.len() => Found::Entry,
            Ok(_) => Found::End,
            Err(_) => Found::Nothing,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !matches!(self.at, At::End) {
            self.prediction.note(Moment::StreamLeft);
        }
    }
}
