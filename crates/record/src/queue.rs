use crate::{Counters, DropReason, Store, Writer};
use http::{HeaderName, HeaderValue};
use oar_exchange::{Exchange, Observer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::sync::mpsc;

/// The most rows that wait to be written, those being written included.
pub const QUEUE_CAP_ROWS: usize = 10_000;

/// The most bytes that wait to be written, as they arrived: request bodies, kept answers, headers, paths, models and ids.
/// Nothing that a client chooses the length of waits uncounted.
pub const QUEUE_CAP_BYTES: usize = 64 * 1024 * 1024;

/// The end of the queue that hears exchanges: never waits, never fails, drops and counts when the queue is full.
#[derive(Clone, Debug)]
pub struct Recorder {
    sender: mpsc::Sender<Waiting>,
    counters: Counters,
    overflow: Overflow,
}

impl Recorder {
    /// A queue in front of `store`. Nothing is written before the owner runs the [`Writer`]; `hostname` is what each
    /// row's `hostname` says.
    pub fn start(store: Box<dyn Store>, hostname: impl Into<String>) -> (Self, Writer) {
        let (sender, receiver) = mpsc::channel(QUEUE_CAP_ROWS);
        let recorder = Self { sender, counters: Counters::default(), overflow: Overflow::default() };
        if !store.is_ready() {
            recorder.counters.note_store_down();
        }
        let queue = Queue { receiver, counters: recorder.counters.clone(), overflow: recorder.overflow.clone() };
        (recorder, Writer::new(store, hostname.into(), queue))
    }

    /// What becomes of the rows.
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }
}

impl Observer for Recorder {
    fn finished(&self, exchange: &Arc<Exchange>) {
        let bytes = weight(exchange);
        if !self.counters.admit(bytes) {
            self.counters.refuse(DropReason::QueueFull);
            self.overflow.begin();
            return;
        }
        match self.sender.try_send(Waiting { exchange: Arc::clone(exchange), bytes }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => self.counters.settle_dropped(bytes, DropReason::QueueFull),
            Err(mpsc::error::TrySendError::Closed(_)) => self.counters.settle_dropped(bytes, DropReason::Shutdown),
        }
    }
}

/// The bytes that an exchange holds while it waits.
fn weight(Exchange { request, answer, request_id, .. }: &Exchange) -> usize {
    let header = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len().saturating_add(value.len());
    let model = request.model.as_ref().map_or(0, String::len);
    let texts = [request.body.len(), answer.body.len(), request.path.len(), model, request_id.len()];
    texts.into_iter().chain(request.headers.iter().map(header)).fold(0, usize::saturating_add)
}

/// An exchange with its place in the queue.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) bytes: usize,
}

/// The other end of the queue. Dropping it counts what is still in it as lost to the shutdown.
#[derive(Debug)]
pub(crate) struct Queue {
    receiver: mpsc::Receiver<Waiting>,
    pub(crate) counters: Counters,
    pub(crate) overflow: Overflow,
}

impl Queue {
    /// The next exchange, or `None` when the queue is closed and empty. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Waiting> {
        self.receiver.recv().await
    }

    /// Takes no more exchanges; those in the queue stay.
    pub(crate) fn close(&mut self) {
        self.receiver.close();
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.receiver.close();
        while let Ok(waiting) = self.receiver.try_recv() {
            self.counters.settle_dropped(waiting.bytes, DropReason::Shutdown);
        }
    }
}

/// Whether rows are being dropped for want of room, logged when it begins and when it ends rather than for each row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overflow(Arc<AtomicBool>);

impl Overflow {
    fn begin(&self) {
        if !self.0.swap(true, Relaxed) {
            tracing::warn!("record queue is full, records are dropped");
        }
    }

    /// Ends the overflow once the queue is half empty: a store that is barely too slow shall not log with each batch.
    pub(crate) fn end(&self, counters: &Counters) {
        let has_room = counters.queued_rows() <= QUEUE_CAP_ROWS / 2 && counters.queued_bytes() <= QUEUE_CAP_BYTES / 2;
        if has_room && self.0.load(Relaxed) && self.0.swap(false, Relaxed) {
            let dropped = counters.dropped(DropReason::QueueFull);
            tracing::info!(dropped_since_start = dropped, "record queue has room again");
        }
    }
}
