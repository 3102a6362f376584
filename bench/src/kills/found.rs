use super::Store;
use std::fmt;
use std::time::Duration;

/// No more mistakes than this are told in words.
const MISTAKES_CAP: usize = 20;

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
    /// How many mistakes there are, and the first of them.
    pub wrong: u64,
    /// The first of them.
    pub mistakes: Vec<String>,
}

impl Found {
    pub(super) fn nothing(store: Store) -> Self {
        let (oldest_lost, mistakes) = (Duration::ZERO, Vec::new());
        Self { store, kills: 0, answered: 0, due: 0, lost: 0, oldest_lost, unanswered_rows: 0, wrong: 0, mistakes }
    }

    pub(super) fn mistake(&mut self, mistake: String) {
        self.wrong += 1;
        if self.mistakes.len() < MISTAKES_CAP {
            self.mistakes.push(mistake);
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, kills, answered, due, lost, unanswered_rows, wrong, .. } = self;
        let oldest = self.oldest_lost.as_millis();
        write!(
            f,
            "{store}: {kills} kills, {answered} answers, {due} of them due, {wrong} mistakes; of the rest {lost} have no row, \
             the oldest had ended {oldest} ms before; {unanswered_rows} rows are of requests that a kill cut"
        )?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  WRONG: {mistake}"))
    }
}
