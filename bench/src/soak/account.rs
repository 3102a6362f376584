//! Everything that was found, and whether it balances.

use super::cases::CASES;
use super::memory::{Memory, Steadiness};
use super::rows::Rows;
use super::tally::Found;
use super::watch::{Quiet, RELOADS, Watched};
use crate::mistakes::Mistakes;
use crate::process::Usage;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Something that must hold, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is about.
    pub what: String,
    /// What was found.
    pub found: String,
    /// Whether it holds; `None` when this run cannot tell.
    pub holds: Option<bool>,
}

/// The end of a run.
pub struct Account {
    pub(super) found: Found,
    pub(super) watched: Watched,
    pub(super) memory: Memory,
    /// How long after the load the gateway was as before.
    pub(super) quiet_after: Duration,
    pub(super) checks: Vec<Check>,
    /// What went wrong, in words.
    pub(super) mistakes: Vec<String>,
}

/// What is left when the gateway has ended.
pub(super) struct Remains {
    pub(super) found: Found,
    pub(super) watched: Watched,
    /// Before the first request.
    pub(super) before: Usage,
    pub(super) quiet: Quiet,
    /// Requests at an upstream that nobody waited for.
    pub(super) strays: Mistakes,
    /// How the process ended.
    pub(super) exit: String,
    pub(super) ended_in_order: bool,
    pub(super) rows: Rows,
    /// Lines of the log that a person must act upon.
    pub(super) alarms: Vec<String>,
}

impl Account {
    /// Compares everything with everything.
    pub(super) fn of(remains: Remains) -> Self {
        let samples: Vec<_> = remains.watched.usages.iter().map(|usage| usage.resident_kib).collect();
        let memory = Memory::of(&samples);
        let checks = [stories(&remains), endings(&remains, &memory)].concat();
        let Remains { found, watched, quiet, strays, rows, alarms, .. } = remains;
        let mistakes = [found.mistakes.first(), rows.mistakes.first(), strays.first(), &alarms].concat();
        Self { found, watched, memory, quiet_after: quiet.after, checks, mistakes }
    }

    /// Whether everything that could be checked holds.
    pub fn balances(&self) -> bool {
        self.checks.iter().all(|check| check.holds != Some(false))
    }
}

/// Clients, upstreams, metrics and rows tell the same.
fn stories(remains: &Remains) -> Vec<Check> {
    let Remains { found, quiet, rows, strays, .. } = remains;
    let (done, wrong) = found.counts();
    let (expected, counted) = (expected(found), quiet.page.by("oar_requests_total", "outcome"));
    let counted: BTreeMap<_, _> = counted.into_iter().filter(|(_, count)| *count > 0).collect();
    let told: u64 = expected.values().sum();
    let (kept, dropped) = (rows.count, quiet.page.sum("oar_records_dropped_total"));
    let written = quiet.page.sum("oar_records_written_total");
    vec![
        equal("requests that were sent, and clients that are done", found.sent.len() as u64, done),
        none("clients that saw anything but what they should", wrong),
        equal("requests that reached the gateway, and those it counted", told, counted.values().sum()),
        check("the same for each outcome", words(&counted), counted == expected),
        equal("requests it counted, and rows kept or dropped", counted.values().sum(), kept + dropped),
        check("the same for each outcome", words(&rows.by_outcome), dropped > 0 || rows.by_outcome == expected),
        equal("rows it says it wrote, and rows that are there", written, kept),
        none("rows that are missing, too many, or tell another story", rows.mistakes.count().saturating_sub(dropped)),
        none("rows dropped", dropped),
        none("requests at an upstream that nobody waited for", strays.count()),
    ]
}

/// How many requests must have ended in which way.
fn expected(found: &Found) -> BTreeMap<String, u64> {
    let mut expected = BTreeMap::new();
    for told in found.sent.values().filter_map(|&place| CASES.get(place)?.told()) {
        *expected.entry(told.outcome).or_default() += 1;
    }
    expected
}

/// The process is as it was, and ended as it should.
fn endings(remains: &Remains, memory: &Memory) -> Vec<Check> {
    let Remains { quiet, before, watched, .. } = remains;
    let usage = quiet.usage;
    let steady = match memory.steadiness {
        Steadiness::Steady => Some(true),
        Steadiness::Grows => Some(false),
        Steadiness::TooShort => None,
    };
    let grown =
        format!("{} → {} KiB, {:+.0} KiB/min", memory.second_quarter, memory.last_quarter, memory.slope_per_minute);
    let reloaded = watched.reloads.map(|sent| equal("SIGHUPs, and configurations read again", sent, applied(quiet)));
    let cannot =
        || Check { what: "SIGHUPs: this gateway has no reload".into(), found: "none sent".into(), holds: None };
    vec![
        none("requests in flight after the load", quiet.page.sum("oar_in_flight")),
        none("requests at upstreams after the load", quiet.at_work as u64),
        at_most("open files, before the load and after", before.files, usage.files),
        at_most("threads, before the load and after", before.threads, usage.threads),
        Check { what: "memory, medians of the second and the last quarter".into(), found: grown, holds: steady },
        reloaded.unwrap_or_else(cannot),
        none("errors and panics in the log", remains.alarms.len() as u64),
        check("the end after SIGTERM", remains.exit.clone(), remains.ended_in_order),
    ]
}

fn applied(quiet: &Quiet) -> u64 {
    quiet.page.by(RELOADS, "result").get("applied").copied().unwrap_or_default()
}

fn check(what: &str, found: String, holds: bool) -> Check {
    Check { what: what.to_owned(), found, holds: Some(holds) }
}

fn equal(what: &str, one: u64, other: u64) -> Check {
    check(what, format!("{one} = {other}"), one == other)
}

fn at_most(what: &str, before: u64, after: u64) -> Check {
    check(what, format!("{before} → {after}"), after <= before)
}

fn none(what: &str, count: u64) -> Check {
    check(what, count.to_string(), count == 0)
}

fn words(counts: &BTreeMap<String, u64>) -> String {
    counts.iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("checks", &self.checks)
            .field("mistakes", &self.mistakes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soak::tally::Tally;

    /// Of a run of one request that went well.
    fn remains() -> Remains {
        let tally = Tally::default();
        let place = CASES.iter().position(|case| case.name == "plain").expect("a case");
        tally.begins(1, &CASES[place]);
        tally.ends(1, Duration::ZERO, Ok(()));
        let usage = Usage { files: 10, threads: 3, ..Usage::default() };
        let outcomes = BTreeMap::from([("ok".to_owned(), 1)]);
        Remains {
            found: tally.into_found(),
            watched: Watched { reloads: Some(1), usages: vec![usage; 120], ..Watched::default() },
            before: usage,
            quiet: Quiet { page: page(1, 1), usage, ..Quiet::default() },
            strays: Mistakes::default(),
            exit: "exit status: 0".into(),
            ended_in_order: true,
            rows: Rows { count: 1, by_outcome: outcomes, ..Rows::default() },
            alarms: Vec::new(),
        }
    }

    fn page(requests: u64, reloads: u64) -> crate::scrape::Page {
        format!(
            "oar_requests_total{{outcome=\"ok\",status=\"200\"}} {requests}\noar_records_written_total 1\n\
             oar_config_reloads_total{{result=\"applied\"}} {reloads}\n"
        )
        .into()
    }

    #[track_caller]
    fn check(wrong: &[&str], spoil: impl FnOnce(&mut Remains)) {
        assert!(Account::of(remains()).balances());
        let mut remains = remains();
        spoil(&mut remains);
        let account = Account::of(remains);
        let found: Vec<_> = account.checks.iter().filter(|check| check.holds == Some(false)).collect();
        assert_eq!(found.len(), wrong.len(), "{found:?}");
        assert!(found.iter().zip(wrong).all(|(check, what)| check.what.contains(what)), "{found:?}");
        assert!(!account.balances());
    }

    #[test]
    fn one_request_too_many_does_not_balance() {
        let wrong = ["those it counted", "for each outcome", "rows kept or dropped"];
        check(&wrong, |remains| remains.quiet.page = page(2, 1));
    }

    #[test]
    fn one_row_too_few_does_not_balance() {
        let wrong = ["rows kept or dropped", "for each outcome", "rows that are there", "rows that are missing"];
        check(&wrong, |remains| {
            remains.rows = Rows::default();
            remains.rows.mistakes.add("request 1 has no row".into());
        });
    }

    #[test]
    fn what_is_left_over_does_not_balance() {
        check(&["open files"], |remains| remains.quiet.usage.files += 1);
        check(&["threads"], |remains| remains.quiet.usage.threads += 1);
        check(&["at upstreams"], |remains| remains.quiet.at_work = 1);
        check(&["nobody waited for"], |remains| remains.strays.add("soak-1-plain at good".into()));
    }

    #[test]
    fn trouble_of_the_process_does_not_balance() {
        check(&["read again"], |remains| remains.quiet.page = page(1, 0));
        check(&["in the log"], |remains| remains.alarms.push("panicked".into()));
        check(&["SIGTERM"], |remains| remains.ended_in_order = false);
        let grows = |second: u64| Usage { resident_kib: second * 1000, ..Usage::default() };
        check(&["memory"], |remains| remains.watched.usages = (0..120).map(grows).collect());
    }

    #[test]
    fn a_gateway_without_reload_is_told_and_not_blamed() {
        let mut remains = remains();
        remains.watched.reloads = None;
        let account = Account::of(remains);
        assert!(account.balances());
        assert!(account.checks.iter().any(|check| check.holds.is_none() && check.what.contains("no reload")));
    }
}
