//! Rows on their way to the store, none of which is lost without being counted.

use crate::{BATCH_CAP_BYTES, BATCH_CAP_ROWS, Counters, DropReason, Row};
use std::collections::VecDeque;
use std::sync::Arc;

/// Rows taken from the queue and not yet settled, oldest first. Dropping it counts them as lost to the shutdown.
#[derive(Debug)]
pub(crate) struct Batch {
    rows: VecDeque<Arc<Row>>,
    /// For each row, how many bytes it holds of the queue's cap.
    weights: VecDeque<usize>,
    weight: usize,
    counters: Counters,
}

impl Batch {
    pub(crate) fn new(counters: Counters) -> Self {
        Self { rows: VecDeque::new(), weights: VecDeque::new(), weight: 0, counters }
    }

    pub(crate) fn push(&mut self, row: Row, weight: usize) {
        self.rows.push_back(Arc::new(row));
        self.weights.push_back(weight);
        self.weight += weight;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= BATCH_CAP_ROWS || self.weight >= BATCH_CAP_BYTES
    }

    /// The `width` oldest rows, or all when there are fewer.
    pub(crate) fn oldest(&mut self, width: usize) -> &[Arc<Row>] {
        let rows = self.rows.make_contiguous();
        rows.get(..width).unwrap_or(rows)
    }

    /// The `count` oldest rows are in the store.
    pub(crate) fn written(&mut self, count: usize) {
        for _ in 0..count {
            if let Some((_, weight)) = self.pop() {
                self.counters.settle_written(weight);
            }
        }
    }

    /// Gives the oldest row up and returns it.
    pub(crate) fn dropped(&mut self, reason: DropReason) -> Option<Arc<Row>> {
        let (row, weight) = self.pop()?;
        self.counters.settle_dropped(weight, reason);
        Some(row)
    }

    fn pop(&mut self) -> Option<(Arc<Row>, usize)> {
        let row = self.rows.pop_front()?;
        let weight = self.weights.pop_front().unwrap_or_default();
        self.weight = self.weight.saturating_sub(weight);
        Some((row, weight))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        while self.dropped(DropReason::Shutdown).is_some() {}
    }
}
