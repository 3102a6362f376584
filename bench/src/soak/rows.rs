//! The database, read with SQLite's own shell: what is written must be readable by anybody.

use super::cases::{CASES, Told};
use crate::upstream::Ticket;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// No more mistakes than this are told in words.
const MISTAKES_CAP: usize = 20;

const QUERY: &str = "select coalesce(request_id, ''), coalesce(outcome, ''), coalesce(status, 0), \
                     coalesce(json_array_length(attempts), 0) from records";

/// What the rows say, held against what they must.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) count: u64,
    pub(super) by_outcome: BTreeMap<String, u64>,
    /// How many requests have no row, more than one, or one that tells another story; and the first of them.
    pub(super) wrong: u64,
    pub(super) mistakes: Vec<String>,
}

impl Rows {
    /// Reads `database`, in which there must be one row for each of the requests `sent` whose case has one. `sent` tells
    /// the place of each request's case.
    ///
    /// # Errors
    ///
    /// There is no `sqlite3`, or it cannot read the file.
    pub(super) async fn read(database: &Path, sent: &HashMap<u64, usize>) -> io::Result<Self> {
        let mut missing: HashMap<u64, Told> =
            sent.iter().filter_map(|(&number, &place)| Some((number, CASES.get(place)?.told()?))).collect();
        let mut rows = Self::default();
        let mut sqlite = Command::new("sqlite3")
            .args(["-readonly", "-batch", "-separator", "|"])
            .arg(database)
            .arg(QUERY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = sqlite.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            rows.add(&line, &mut missing);
        }
        if !sqlite.wait().await?.success() {
            return Err(io::Error::other("sqlite3 could not read the records"));
        }
        for (number, told) in missing {
            rows.mistake(format!("request {number} has no row; expected {told:?}"));
        }
        Ok(rows)
    }

    fn add(&mut self, line: &str, missing: &mut HashMap<u64, Told>) {
        self.count += 1;
        let Some((id, told)) = parse(line) else { return self.mistake(format!("a row reads {line}")) };
        *self.by_outcome.entry(told.outcome.clone()).or_default() += 1;
        let ticket: Option<Ticket> = id.parse().ok();
        match ticket.and_then(|ticket| missing.remove(&ticket.number)) {
            Some(expected) if expected == told => {}
            Some(expected) => self.mistake(format!("the row of {id} is {told:?}, not {expected:?}")),
            None => self.mistake(format!("there is a row too many, of {id}: {told:?}")),
        }
    }

    fn mistake(&mut self, mistake: String) {
        self.wrong += 1;
        if self.mistakes.len() < MISTAKES_CAP {
            self.mistakes.push(mistake);
        }
    }
}

fn parse(line: &str) -> Option<(&str, Told)> {
    let mut fields = line.split('|');
    let id = fields.next()?;
    let outcome = fields.next()?.to_owned();
    let (status, attempts) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((id, Told { outcome, status, attempts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(lines: &[&str]) -> Vec<String> {
        let told = || Told { outcome: "ok".into(), status: 200, attempts: 1 };
        let mut missing = HashMap::from([(1, told())]);
        let mut rows = Rows::default();
        lines.iter().for_each(|line| rows.add(line, &mut missing));
        rows.mistakes
    }

    #[test]
    fn each_request_has_one_row_that_tells_its_story() {
        assert_eq!(mistakes(&["soak-1-plain|ok|200|1"]), Vec::<String>::new());
        let other = mistakes(&["soak-1-plain|ok|200|2"]);
        assert!(other[0].starts_with("the row of soak-1-plain is"), "{other:?}");
        let twice = mistakes(&["soak-1-plain|ok|200|1", "soak-1-plain|ok|200|1", "x|ok|200|1"]);
        assert_eq!(twice.len(), 2, "{twice:?}");
    }
}
