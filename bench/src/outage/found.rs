use super::Trouble;
use crate::load::Latencies;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// No more mistakes of a kind than this are told in words.
const MISTAKES_CAP: usize = 5;

/// What was found when the database was back.
#[derive(Clone, Debug)]
pub struct Found {
    /// What happened to the database.
    pub trouble: Trouble,
    /// How long the requests took that were due while it was away.
    pub latencies: Latencies,
    /// Requests that clients sent, before, meanwhile and after.
    pub sent: u64,
    /// What is wrong with their answers.
    pub wrong: Vec<String>,
    /// Requests that the gateway counted, in all and by status.
    pub requests: u64,
    /// The same for each status.
    pub statuses: BTreeMap<String, u64>,
    /// Rows that it says it wrote.
    pub written: u64,
    /// Rows that it says it gave up, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Rows that still wait.
    pub queued: u64,
    /// Rows written while the database was away.
    pub written_meanwhile: u64,
    /// Rows that waited just before it was back.
    pub most_queued: u64,
    /// How long after that no more waited than comes in a second; `None` when that did not happen.
    pub flushed_after: Option<Duration>,
    /// Rows that the database has.
    pub rows: u64,
    /// How many requests they are of.
    pub distinct: u64,
    /// What is wrong with the database itself.
    pub damage: Vec<String>,
    /// Errors and panics in the log.
    pub alarms: Vec<String>,
    /// Whether the gateway's exit code was 0.
    pub ended_in_order: bool,
}

impl Found {
    /// Everything that should not be so.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes: Vec<_> = self.wrong.iter().take(MISTAKES_CAP).cloned().collect();
        let mut expect = |holds: bool, mistake: String| mistakes.extend((!holds).then_some(mistake));
        let Self { sent, requests, written, rows, distinct, .. } = self;
        let dropped = self.dropped();
        expect(sent == requests, format!("{sent} requests were sent, and {requests} counted"));
        expect(self.statuses.keys().all(|status| status == "200"), format!("statuses: {:?}", self.statuses));
        if self.trouble != Trouble::NoDatabase {
            let account = written + dropped == *requests && self.queued == 0;
            let queued = self.queued;
            expect(account, format!("of {requests} requests {written} are written, {dropped} dropped, {queued} wait"));
            expect(rows == written, format!("{written} rows are said to be written, and {rows} are there"));
            expect(distinct == rows, format!("{rows} rows are of {distinct} requests"));
            let meanwhile = self.written_meanwhile;
            expect(meanwhile == 0, format!("{meanwhile} rows were written while the database was away: it was not"));
            expect(self.most_queued > 0, "nothing waited for the database: it was not away".into());
            expect(self.flushed_after.is_some(), "what waited was not written in a minute".into());
        }
        expect(self.damage.is_empty(), format!("the database is damaged: {:?}", self.damage));
        expect(self.ended_in_order, "the gateway did not end in order".into());
        mistakes.extend(self.alarms.iter().take(MISTAKES_CAP).map(|line| format!("the log says: {line}")));
        mistakes
    }

    /// Rows that were given up.
    pub fn dropped(&self) -> u64 {
        self.dropped.values().sum()
    }
}

/// The columns of a line.
pub(super) const HEADER: &str = "                     requests   p50 ms     p99   p99.9     max  other than 200  written  dropped     rows  \
                                 waited  written after s";

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trouble, sent, latencies, written, rows, most_queued, .. } = self;
        let flushed = self.flushed_after.filter(|_| *trouble != Trouble::NoDatabase);
        let flushed = flushed.map_or_else(|| "-".to_owned(), |time| format!("{:.1}", time.as_secs_f64()));
        let (wrong, dropped) = (self.wrong.len(), self.dropped());
        write!(
            f,
            "{trouble:<20} {sent:>8}  {latencies} {wrong:>15} {written:>8} {dropped:>8} {rows:>8} {most_queued:>7} {flushed:>16}"
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A time at which nothing went wrong, with a hundred requests of so many milliseconds.
    pub(in super::super) fn faultless(trouble: Trouble, milliseconds: u64, count: usize) -> Found {
        Found {
            trouble,
            latencies: std::iter::repeat_n(Duration::from_millis(milliseconds), count).collect(),
            sent: 100,
            wrong: Vec::new(),
            requests: 100,
            statuses: [("200".into(), 100)].into(),
            written: 90,
            dropped: [("queue_full".into(), 10)].into(),
            queued: 0,
            written_meanwhile: 0,
            most_queued: 50,
            flushed_after: Some(Duration::from_secs(1)),
            rows: 90,
            distinct: 90,
            damage: Vec::new(),
            alarms: Vec::new(),
            ended_in_order: true,
        }
    }

    fn mistakes(change: impl FnOnce(&mut Found)) -> Vec<String> {
        let mut found = faultless(Trouble::SqliteLocked, 1, 1);
        change(&mut found);
        found.mistakes()
    }

    #[test]
    fn nothing_is_wrong_when_every_request_is_written_or_dropped() {
        assert_eq!(mistakes(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn each_thing_that_is_wrong_is_told() {
        type Change = fn(&mut Found);
        let changes: [(&str, Change); 9] = [
            ("of 100 requests 90 are written, 9 dropped, 0 wait", |found| found.dropped = [("x".into(), 9)].into()),
            ("90 rows are said to be written, and 89 are there", |found| (found.rows, found.distinct) = (89, 89)),
            ("90 rows are of 89 requests", |found| found.distinct = 89),
            ("101 requests were sent, and 100 counted", |found| found.sent = 101),
            ("request 7: status Some(503), end Whole", |found| {
                found.wrong = vec!["request 7: status Some(503), end Whole".into()];
            }),
            ("1 rows were written while the database was away: it was not", |found| found.written_meanwhile = 1),
            ("nothing waited for the database: it was not away", |found| found.most_queued = 0),
            ("what waited was not written in a minute", |found| found.flushed_after = None),
            ("the gateway did not end in order", |found| found.ended_in_order = false),
        ];
        for (said, change) in changes {
            assert_eq!(mistakes(change), [said]);
        }
    }
}
