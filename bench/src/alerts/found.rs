use super::{Case, Message};
use crate::load::Latencies;
use crate::scrape::Page;
use std::fmt;
use std::time::Duration;

/// No more messages than this may come in a minute.
pub(super) const MESSAGES_CAP: u64 = 20;

/// No more mistakes of a kind than this are told in words.
pub(super) const MISTAKES_CAP: usize = 5;

/// What became of the alerts, one for each request that met a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Messages that were delivered.
    pub sent: u64,
    /// Alerts that were held back.
    pub held_back: u64,
    /// Messages that were given up.
    pub failed: u64,
    /// Messages that still waited for their bot when the gateway was stopped.
    pub left: u64,
}

impl Account {
    /// What the gateway has counted so far.
    pub(super) fn read(page: &Page) -> Self {
        Self {
            sent: page.sum("oar_notify_sent_total"),
            held_back: page.sum("oar_notify_suppressed_total"),
            failed: page.sum("oar_notify_failed_total"),
            left: 0,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.sent + self.held_back + self.failed + self.left
    }
}

/// What the log tells of messages that were given up after `page`, while the gateway stopped.
pub(super) fn left_undelivered(log: &str, page: &Page) -> u64 {
    let given_up = log.lines().filter(|line| line.contains("alert was not delivered")).count() as u64;
    let at_once = log.lines().filter(|line| line.contains("alerts were not delivered before the gateway stopped"));
    let at_once = at_once.filter_map(|line| line.split_once("left=")?.1.split(' ').next()?.parse::<u64>().ok());
    given_up.saturating_sub(Account::read(page).failed) + at_once.sum::<u64>()
}

/// What was found after a flood.
#[derive(Clone, Debug)]
pub struct Found {
    /// Who was told, and who still answered.
    pub case: Case,
    /// How long the requests took.
    pub latencies: Latencies,
    /// Requests that clients sent, each of which met a failure.
    pub sent: u64,
    /// What is wrong with their answers.
    pub wrong: Vec<String>,
    /// Attempts that an upstream failed, as the gateway counted them.
    pub faults: u64,
    /// Processor time of the gateway.
    pub cpu: Duration,
    /// What became of the alerts.
    pub account: Account,
    /// The first messages that arrived.
    pub messages: Vec<Message>,
    /// How many arrived; one that is sent again does so again.
    pub arrived: u64,
    /// Errors and panics in the log.
    pub alarms: Vec<String>,
    /// Whether the gateway's exit code was 0.
    pub ended_in_order: bool,
}

impl Found {
    /// Everything that should not be so. Time is no part of it.
    pub fn mistakes(&self) -> Vec<String> {
        let Self { sent, faults, arrived, account, .. } = self;
        let mut mistakes: Vec<_> = self.wrong.iter().take(MISTAKES_CAP).cloned().collect();
        let mut expect = |holds: bool, mistake: String| mistakes.extend((!holds).then_some(mistake));
        let expected = sent * self.case.faults_per_request();
        expect(*faults == expected, format!("{expected} attempts should have failed, and {faults} did"));
        expect(*arrived <= MESSAGES_CAP, format!("{arrived} messages arrived, and {MESSAGES_CAP} are the most"));
        let Account { sent: told, held_back, failed, left } = account;
        let alerts = if self.case == Case::NoAlerts { 0 } else { *sent };
        let complete = account.total() == alerts;
        expect(
            complete,
            format!("of {alerts} alerts {told} are sent, {held_back} held back, {failed} failed and {left} left"),
        );
        let as_told = match self.case {
            Case::Answers | Case::AllFail => *told > 0 && told == arrived,
            Case::NoAlerts | Case::Refuses => *told == 0 && *arrived == 0,
            Case::Hangs => *told == 0 && *arrived > 0,
        };
        expect(as_told, format!("{told} messages are said to be delivered, and {arrived} arrived"));
        expect(self.ended_in_order, "the gateway did not end in order".into());
        mistakes.extend(self.alarms.iter().take(MISTAKES_CAP).map(|line| format!("the log says: {line}")));
        mistakes
    }

    /// Processor time of the gateway for each request, in microseconds.
    pub fn microseconds_per_request(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.sent.max(1) as f64)
    }
}

/// The columns of a line.
pub(super) const HEADER: &str = "                 requests  CPU us/req   p50 ms     p99   p99.9     max  messages    sent  held back  failed    left";

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, sent, latencies, arrived, account, .. } = self;
        let cpu = self.microseconds_per_request();
        let Account { sent: told, held_back, failed, left } = account;
        write!(
            f,
            "{case:<16} {sent:>8} {cpu:>11.0}  {latencies} {arrived:>9} {told:>7} {held_back:>10} {failed:>7} {left:>7}"
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A flood of a hundred requests at which nothing went wrong.
    pub(in super::super) fn faultless(case: Case) -> Found {
        let (account, arrived) = match case {
            Case::NoAlerts => (Account::default(), 0),
            Case::Answers | Case::AllFail => (Account { sent: 20, held_back: 80, ..Account::default() }, 20),
            Case::Hangs => (Account { held_back: 80, left: 20, ..Account::default() }, 2),
            Case::Refuses => (Account { held_back: 80, failed: 3, left: 17, sent: 0 }, 0),
        };
        Found {
            case,
            latencies: std::iter::repeat_n(Duration::from_millis(2), 100).collect(),
            sent: 100,
            wrong: Vec::new(),
            faults: 100 * case.faults_per_request(),
            cpu: Duration::from_millis(30),
            account,
            messages: Vec::new(),
            arrived,
            alarms: Vec::new(),
            ended_in_order: true,
        }
    }

    #[test]
    fn nothing_is_wrong_when_every_alert_is_told_or_counted() {
        for case in Case::COMPARED.into_iter().chain([Case::AllFail]) {
            assert_eq!(faultless(case).mistakes(), Vec::<String>::new(), "{case}");
        }
    }

    #[test]
    fn each_thing_that_is_wrong_is_told() {
        type Change = fn(&mut Found);
        let changes: [(&str, Change); 7] = [
            ("21 messages arrived, and 20 are the most", |found| {
                (found.arrived, found.account) = (21, Account { sent: 21, held_back: 79, ..Account::default() });
            }),
            ("of 100 alerts 20 are sent, 79 held back, 0 failed and 0 left", |found| found.account.held_back = 79),
            ("20 messages are said to be delivered, and 19 arrived", |found| found.arrived = 19),
            ("100 attempts should have failed, and 99 did", |found| found.faults = 99),
            ("request 7: status Some(502)", |found| found.wrong = vec!["request 7: status Some(502)".into()]),
            ("the log says: panicked", |found| found.alarms = vec!["panicked".into()]),
            ("the gateway did not end in order", |found| found.ended_in_order = false),
        ];
        for (said, change) in changes {
            let mut found = faultless(Case::Answers);
            change(&mut found);
            assert_eq!(found.mistakes(), [said]);
        }
    }

    #[test]
    fn what_is_given_up_at_the_end_is_read_from_the_log() {
        let page = Page::from("oar_notify_failed_total{channel=\"feishu\"} 1\n".to_owned());
        let log = "WARN alert was not delivered channel=\"feishu\"\nWARN alert was not delivered channel=\"feishu\"\n\
                   WARN alerts were not delivered before the gateway stopped left=18\n";
        assert_eq!(left_undelivered(log, &page), 19);
        assert_eq!(left_undelivered("", &Page::default()), 0);
    }
}
