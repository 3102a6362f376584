//! The rows of the database, held against what they must say.

use super::cases::{CASES, Told};
use crate::database::Database;
use crate::mistakes::Mistakes;
use crate::upstream::Ticket;
use std::collections::{BTreeMap, HashMap};
use std::io;

const QUERY: &str = "select coalesce(request_id, ''), coalesce(outcome, ''), coalesce(status, 0), \
                     coalesce(json_array_length(attempts), 0) from records";

/// What the rows say.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) count: u64,
    pub(super) by_outcome: BTreeMap<String, u64>,
    /// Requests that have no row, more than one, or one that tells another story.
    pub(super) mistakes: Mistakes,
}

impl Rows {
    /// Reads `database`, in which there must be one row for each of the requests `sent` whose case has one. `sent` tells
    /// the place of each request's case.
    ///
    /// # Errors
    ///
    /// As [`Database::ask`].
    pub(super) async fn read(database: &Database, sent: &HashMap<u64, usize>) -> io::Result<Self> {
        let mut missing: HashMap<u64, Told> =
            sent.iter().filter_map(|(&number, &place)| Some((number, CASES.get(place)?.told()?))).collect();
        let mut rows = Self::default();
        database.ask(QUERY).await?.iter().for_each(|line| rows.add(line, &mut missing));
        for (number, told) in missing {
            rows.mistakes.add(format!("request {number} has no row; expected {told:?}"));
        }
        Ok(rows)
    }

    fn add(&mut self, line: &str, missing: &mut HashMap<u64, Told>) {
        self.count += 1;
        let Some((id, told)) = parse(line) else { return self.mistakes.add(format!("a row reads {line}")) };
        *self.by_outcome.entry(told.outcome.clone()).or_default() += 1;
        let ticket: Option<Ticket> = id.parse().ok();
        match ticket.and_then(|ticket| missing.remove(&ticket.number)) {
            Some(expected) if expected == told => {}
            Some(expected) => self.mistakes.add(format!("the row of {id} is {told:?}, not {expected:?}")),
            None => self.mistakes.add(format!("there is a row too many, of {id}: {told:?}")),
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
        rows.mistakes.first().to_vec()
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
