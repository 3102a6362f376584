use std::time::{Duration, SystemTime};

/// How long rows are kept, and how many. By default for ever, and all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Rows older than this go. A row whose moment cannot be read stays.
    pub age: Option<Duration>,
    /// When the rows take more bytes than this, the oldest go. What that counts is for the store to say.
    pub bytes: Option<u64>,
}

/// The most rows that one step deletes.
pub const RETENTION_STEP_ROWS: usize = 500;

/// A step stops at the row with which it has deleted this many bytes.
pub const RETENTION_STEP_BYTES: u64 = 8 * 1024 * 1024;

impl Retention {
    /// Rows from before this moment go. `None` also when that is before there were clocks.
    pub(crate) fn cutoff(&self, now: SystemTime) -> Option<SystemTime> {
        now.checked_sub(self.age?)
    }
}
