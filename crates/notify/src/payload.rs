//! A message as JSON.

use crate::alert::Alert;
use crate::event::{Event, Failure, Recovery, Times, Tried};
use crate::trouble::{Condition, Subject, Trouble};
use oar_exchange::Outcome;
use serde::{Serialize, Serializer};

impl Serialize for Alert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Payload::from(self).serialize(serializer)
    }
}

/// What [`Webhook`](crate::Webhook) documents.
#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    kind: &'static str,
    id: &'a str,
    hostname: &'a str,
    text: String,
    troubles: Vec<TroublePart<'a>>,
    recovered: Vec<RecoveredPart<'a>>,
    outcome: Option<&'static str>,
    request_id: Option<&'a str>,
    model: Option<&'a str>,
    attempts: Vec<AttemptPart<'a>>,
    more: u64,
}

#[derive(Serialize)]
struct TroublePart<'a> {
    upstream: Option<&'a str>,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
}

#[derive(Serialize)]
struct RecoveredPart<'a> {
    subject: &'static str,
    upstream: Option<&'a str>,
    faults: u64,
    lasted_ms: u128,
}

#[derive(Serialize)]
struct AttemptPart<'a> {
    upstream: &'a str,
    result: &'static str,
    status: Option<u16>,
    elapsed_ms: u128,
}

impl<'a> From<&'a Alert> for Payload<'a> {
    fn from(alert: &'a Alert) -> Self {
        let bare = Self::bare(alert);
        match &alert.event {
            Event::Failure(failure) => bare.with_failure(failure),
            Event::Condition(condition) => Self { troubles: vec![TroublePart::from(*condition)], ..bare },
            Event::Recovered(recovered) => {
                Self { recovered: recovered.iter().map(RecoveredPart::from).collect(), ..bare }
            }
            Event::Summary(summary) => {
                let troubles = summary.listed.iter().map(TroublePart::from).collect();
                Self { troubles, more: summary.more, ..bare }
            }
            Event::Test => bare,
        }
    }
}

impl<'a> Payload<'a> {
    fn bare(alert: &'a Alert) -> Self {
        Self {
            // So it was called before there were kinds.
            r#type: "alert",
            kind: alert.kind().as_str(),
            id: &alert.id,
            hostname: &alert.hostname,
            text: alert.text(),
            troubles: Vec::new(),
            recovered: Vec::new(),
            outcome: None,
            request_id: None,
            model: None,
            attempts: Vec::new(),
            more: 0,
        }
    }

    fn with_failure(self, failure: &'a Failure) -> Self {
        Self {
            troubles: failure.troubles.iter().map(TroublePart::from).collect(),
            outcome: Some(Outcome::as_str(failure.outcome)),
            request_id: Some(&failure.request_id),
            model: failure.model.as_deref(),
            attempts: failure.attempts.iter().map(AttemptPart::from).collect(),
            more: failure.more,
            ..self
        }
    }
}

impl<'a> From<&'a Trouble> for TroublePart<'a> {
    fn from(trouble: &'a Trouble) -> Self {
        Self { upstream: trouble.upstream(), reason: trouble.to_string(), times: None }
    }
}

impl From<Condition> for TroublePart<'_> {
    fn from(condition: Condition) -> Self {
        Self { upstream: None, reason: condition.as_str().to_owned(), times: None }
    }
}

impl<'a> From<&'a Times> for TroublePart<'a> {
    fn from(counted: &'a Times) -> Self {
        Self { times: Some(counted.times), ..Self::from(&counted.trouble) }
    }
}

impl<'a> From<&'a Recovery> for RecoveredPart<'a> {
    fn from(recovery: &'a Recovery) -> Self {
        let (subject, upstream) = match &recovery.subject {
            Subject::Requests => ("requests", None),
            Subject::Upstream(upstream) => ("upstream", Some(&**upstream)),
            Subject::Condition(Condition::RecordsStuck) => ("records", None),
            Subject::Condition(Condition::ReloadFailed) => ("configuration", None),
        };
        Self { subject, upstream, faults: recovery.faults, lasted_ms: recovery.lasted.as_millis() }
    }
}

impl<'a> From<&'a Tried> for AttemptPart<'a> {
    fn from(tried: &'a Tried) -> Self {
        Self {
            upstream: &tried.upstream,
            result: tried.result.as_str(),
            status: tried.status,
            elapsed_ms: tried.elapsed.as_millis(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Summary;
    use crate::policy::Language;
    use crate::trouble::Reason;
    use serde_json::{Value, json};
    use std::time::Duration;

    fn primary() -> Trouble {
        Trouble::Upstream("primary".into(), Reason::Status(503))
    }

    fn json(event: Event) -> Value {
        let alert = Alert::now(event, "gateway-1".into(), Language::English);
        serde_json::to_value(alert).expect("JSON")
    }

    #[test]
    fn a_summary_says_how_often_each_trouble_was_met() {
        let listed = vec![Times { trouble: primary(), times: 7 }];
        let told = json(Event::Summary(Summary { more: 9, within: Duration::from_secs(60), listed, unlisted: 1 }));
        assert_eq!((&told["kind"], &told["more"]), (&json!("summary"), &json!(9)));
        assert_eq!(told["troubles"], json!([{ "upstream": "primary", "reason": "status 503", "times": 7 }]));
    }

    #[test]
    fn a_recovery_says_who_was_in_trouble_and_has_no_trouble_itself() {
        let of = |subject| Recovery { subject, faults: 2, lasted: Duration::from_millis(1500), quiet: Duration::ZERO };
        let subjects = [Trouble::AllFailed.subject(), primary().subject()];
        let conditions = Condition::ALL.map(Subject::Condition);
        let told = json(Event::Recovered(subjects.into_iter().chain(conditions).map(of).collect()));
        let part = |subject, upstream: Option<&str>| json!({ "subject": subject, "upstream": upstream, "faults": 2, "lasted_ms": 1500 });
        let [requests, records, reload] = ["requests", "records", "configuration"].map(|subject| part(subject, None));
        assert_eq!(told["recovered"], json!([requests, part("upstream", Some("primary")), records, reload]));
        assert_eq!((&told["kind"], &told["troubles"]), (&json!("recovered"), &json!([])));
    }

    #[test]
    fn every_kind_has_every_key() {
        let keys = |told: Value| Vec::from_iter(told.as_object().expect("an object").keys().cloned());
        let all = keys(serde_json::to_value(crate::testing::alert()).expect("JSON"));
        for event in [Event::Test, Event::Condition(Condition::RecordsStuck), Event::Recovered(Vec::new())] {
            assert_eq!(keys(json(event)), all);
        }
    }
}
