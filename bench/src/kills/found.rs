use super::Store;
use crate::mistakes::Mistakes;
use std::fmt;
use std::time::Duration;

/// What was found after all kills.
#[derive(Clone, Debug)]
pub struct Found {
    /// In which database.
    pub store: Store,
    /// How often the gateway was killed.
    pub kills: u32,
    /// Requests that were answered before.
    pub answered: u64,
    /// Those of them that had been for so long that they must have a row.
    pub due: u64,
    /// Answers without a row, not those that were due.
    pub lost: u64,
    /// How long before the kill the first answer without a row had ended, of all kills.
    pub oldest_lost: Duration,
    /// Requests that nobody was answered, and that have a row.
    pub unanswered_rows: u64,
    /// What is wrong.
    pub mistakes: Mistakes,
}

impl Found {
    pub(super) fn nothing(store: Store) -> Self {
        let (oldest_lost, mistakes) = (Duration::ZERO, Mistakes::default());
        Self { store, kills: 0, answered: 0, due: 0, lost: 0, oldest_lost, unanswered_rows: 0, mistakes }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, kills, answered, due, lost, unanswered_rows, mistakes, .. } = self;
        let wrong = mistakes.count();
        let oldest = self.oldest_lost.as_millis();
        write!(
            f,
            "{store}: {kills} kills, {answered} answers, {due} of them due, {wrong} mistakes; of the rest {lost} have no row, \
             the oldest had ended {oldest} ms before; {unanswered_rows} rows are of requests that a kill cut"
        )?;
        mistakes.first().iter().try_for_each(|mistake| write!(f, "\n  WRONG: {mistake}"))
    }
}
