use crate::compare::pairs::Pairs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the stand-in has seen since its start.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    requests: AtomicU64,
    http2: AtomicU64,
    handshakes: AtomicU64,
}

impl Counts {
    pub(super) fn request(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A request, counted as one, came by HTTP/2.
    pub(super) fn http2(&self) {
        self.0.http2.fetch_add(1, Ordering::Relaxed);
    }

    /// TLS was agreed upon, be it from scratch or by way of an earlier session.
    pub(super) fn handshake(&self) {
        self.0.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn pairs(&self) -> Pairs {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counted = &*self.0;
        Pairs::default()
            .with("requests", value(&counted.requests))
            .with("http2", value(&counted.http2))
            .with("handshakes", value(&counted.handshakes))
    }
}
