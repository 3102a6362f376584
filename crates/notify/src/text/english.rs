//! English.

use super::words::{Units, Words};
use crate::event::Recovery;
use crate::trouble::{Condition, Reason, Subject};
use oar_exchange::{AttemptResult, Outcome};
use std::time::Duration;

pub(super) struct English;

const UNITS: Units = Units { milliseconds: "ms", seconds: "s", minutes: "min", hours: "h", days: "d" };

impl Words for English {
    fn fails(&self, upstream: &str, reason: Reason) -> String {
        format!("upstream {upstream} fails: {} ({reason})", plain(reason))
    }

    fn all_failed(&self) -> String {
        "no upstream left: each one that was tried failed (all_failed)".to_owned()
    }

    fn condition(&self, condition: Condition) -> [&'static str; 2] {
        match condition {
            Condition::RecordsStuck => [
                "records cannot be written (records_stuck)",
                "They wait, and requests are served as before. The log says why.",
            ],
            Condition::ReloadFailed => [
                "the new configuration was rejected (reload_failed)",
                "The one before stays in force. The log says what is wrong.",
            ],
        }
    }

    fn more(&self, times: u64) -> String {
        format!("{times} more since this was last told")
    }

    fn model(&self, model: &str) -> String {
        format!("model: {model}")
    }

    fn request(&self, id: &str, outcome: Outcome) -> String {
        let became = match outcome {
            Outcome::Ok => "the client got its answer",
            Outcome::UpstreamError => "the client got the upstream's error",
            Outcome::StreamBroken => "the client's answer broke off",
            Outcome::AllFailed => "the client got an error",
            Outcome::ClientClosed | Outcome::Rejected | Outcome::Shed | Outcome::Drained => "the client got no answer",
        };
        format!("request: {id}, {became} ({outcome})")
    }

    fn attempts(&self) -> &'static str {
        "attempts:"
    }

    fn attempt(&self, number: usize, upstream: &str, result: &str, after: Duration) -> String {
        format!("{number}. {upstream}: {result} after {}", UNITS.say(after))
    }

    fn others(&self, number: usize) -> String {
        match number {
            1 => "and 1 other".to_owned(),
            _ => format!("and {number} others"),
        }
    }

    fn works(&self, upstream: &str) -> String {
        format!("upstream {upstream} works again (recovered)")
    }

    fn answered(&self) -> String {
        "requests are answered again (recovered)".to_owned()
    }

    fn ended(&self, condition: Condition) -> String {
        match condition {
            Condition::RecordsStuck => "records are written again (recovered)".to_owned(),
            Condition::ReloadFailed => "the new configuration is in force (recovered)".to_owned(),
        }
    }

    fn ordeal(&self, Recovery { subject, faults, lasted, quiet }: &Recovery) -> String {
        let (lasted, quiet) = (UNITS.say(*lasted), UNITS.say(*quiet));
        match (subject, faults) {
            (Subject::Condition(Condition::RecordsStuck), _) => format!("They could not be for {lasted}."),
            (Subject::Condition(Condition::ReloadFailed), 1) => format!("One was rejected {lasted} ago."),
            (Subject::Condition(Condition::ReloadFailed), _) => {
                format!("{faults} were rejected, the first {lasted} ago.")
            }
            (Subject::Requests | Subject::Upstream(_), 1) => format!("1 failure, {quiet} ago, and none since."),
            (Subject::Requests | Subject::Upstream(_), _) => {
                format!("{faults} failures in {lasted}, and none for {quiet} since.")
            }
        }
    }

    fn recovered(&self, number: usize) -> String {
        format!("{number} troubles are over (recovered)")
    }

    fn held_back(&self, more: u64, within: Duration) -> String {
        let failures = if more == 1 { "failure" } else { "failures" };
        format!("{more} more {failures} in {} (summary)", UNITS.say(within))
    }

    fn times(&self, line: &str, times: u64) -> String {
        format!("{times} × {line}")
    }

    fn test(&self) -> [&'static str; 2] {
        ["this is a test (test)", "Alerts of openai-api-route arrive here."]
    }
}

fn plain(reason: Reason) -> &'static str {
    match reason {
        Reason::StreamBroken => "its answer broke off",
        Reason::Status(401) => "it does not accept the key",
        Reason::Status(402) => "it wants to be paid",
        Reason::Status(403) => "it denies access",
        Reason::Status(429) => "too many requests, or the quota is spent",
        Reason::Status(_) => "it answers with an error",
        Reason::Failed(result) => no_answer(result),
    }
}

const fn no_answer(result: AttemptResult) -> &'static str {
    match result {
        AttemptResult::DnsFailed => "its name cannot be resolved",
        AttemptResult::ConnectRefused => "its host refuses the connection",
        AttemptResult::ConnectFailed => "no connection can be made",
        AttemptResult::ConnectTimeout => "timed out before there was a connection",
        AttemptResult::TlsFailed => "the TLS handshake fails",
        AttemptResult::ResetBeforeHead => "the connection ended before an answer",
        AttemptResult::BadHead => "its answer is no HTTP",
        AttemptResult::HeadTimeout => "timed out before the first byte",
        AttemptResult::FirstEventTimeout => "timed out before the first event of its stream",
        AttemptResult::EndedBeforeEvent => "its stream ended before the first event",
        AttemptResult::ErrorEvent => "its stream begins with an error",
        AttemptResult::Redirected => "it redirects, which is not followed",
        AttemptResult::Misconfigured => "it cannot be tried as it is configured",
        AttemptResult::Ok
        | AttemptResult::Status
        | AttemptResult::StaleConnection
        | AttemptResult::Abandoned
        | AttemptResult::Failed => "it gives no usable answer",
    }
}
