//! A message as text: which lines, and in which order. The sentences are those of a language.

mod chinese;
mod english;
mod tame;
mod words;

pub(crate) use tame::{tame, tame_to};

use crate::alert::Alert;
use crate::event::{Event, Failure, Recovery, Summary, Tried};
use crate::trouble::{Subject, Trouble};
use words::{Words, words};

/// How many attempts, or troubles that are over, are listed.
const LISTED_CAP: usize = 10;

/// The lines of `alert`, the most important first, cut at the cap.
pub(crate) fn compose(alert: &Alert) -> String {
    let words = words(alert.language);
    let lines = match &alert.event {
        Event::Failure(failure) => failure_lines(words, failure),
        Event::Condition(condition) => words.condition(*condition).map(str::to_owned).into(),
        Event::Recovered(recovered) => recovered_lines(words, recovered),
        Event::Summary(summary) => summary_lines(words, summary),
        Event::Test => words.test().map(str::to_owned).into(),
    };
    cut(format!("[{}] {}", tame(&alert.hostname), lines.join("\n")))
}

fn failure_lines(words: &dyn Words, failure: &Failure) -> Vec<String> {
    let mut lines: Vec<_> = failure.troubles.iter().map(|trouble| trouble_line(words, trouble)).collect();
    lines.extend((failure.more > 0).then(|| words.more(failure.more)));
    lines.extend(failure.model.as_deref().map(|model| words.model(model)));
    lines.push(words.request(&failure.request_id, failure.outcome));
    lines.push(words.attempts().to_owned());
    let attempts = failure.attempts.iter().enumerate().take(LISTED_CAP);
    lines.extend(attempts.map(|(index, tried)| attempt_line(words, index + 1, tried)));
    lines.extend(others(words, failure.attempts.len()));
    lines
}

fn trouble_line(words: &dyn Words, trouble: &Trouble) -> String {
    match trouble {
        Trouble::AllFailed => words.all_failed(),
        Trouble::Upstream(upstream, reason) => words.fails(&tame(upstream), *reason),
        Trouble::Condition(condition) => {
            let [line, _] = words.condition(*condition);
            line.to_owned()
        }
    }
}

fn attempt_line(words: &dyn Words, number: usize, tried: &Tried) -> String {
    let result = match tried.status {
        Some(status) => format!("{} {status}", tried.result),
        None => tried.result.to_string(),
    };
    words.attempt(number, &tame(&tried.upstream), &result, tried.elapsed)
}

fn recovered_lines(words: &dyn Words, recovered: &[Recovery]) -> Vec<String> {
    if let [recovery] = recovered {
        return vec![recovery_line(words, recovery), words.ordeal(recovery)];
    }
    let mut lines = vec![words.recovered(recovered.len())];
    let listed = recovered.iter().take(LISTED_CAP);
    lines.extend(listed.flat_map(|recovery| [recovery_line(words, recovery), words.ordeal(recovery)]));
    lines.extend(others(words, recovered.len()));
    lines
}

fn recovery_line(words: &dyn Words, recovery: &Recovery) -> String {
    match &recovery.subject {
        Subject::Requests => words.answered(),
        Subject::Upstream(upstream) => words.works(&tame(upstream)),
        Subject::Condition(condition) => words.ended(*condition),
    }
}

fn summary_lines(words: &dyn Words, summary: &Summary) -> Vec<String> {
    let mut lines = vec![words.held_back(summary.more, summary.within)];
    let listed = summary.listed.iter();
    lines.extend(listed.map(|counted| words.times(&trouble_line(words, &counted.trouble), counted.times)));
    lines.extend((summary.unlisted > 0).then(|| words.others(summary.unlisted)));
    lines
}

/// What is said of those beyond the cap.
fn others(words: &dyn Words, number: usize) -> Option<String> {
    let unlisted = number.saturating_sub(LISTED_CAP);
    (unlisted > 0).then(|| words.others(unlisted))
}

fn cut(mut text: String) -> String {
    const MARK: &str = "…";
    if text.len() > Alert::TEXT_CAP_BYTES {
        text.truncate(text.floor_char_boundary(Alert::TEXT_CAP_BYTES - MARK.len()));
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Language;
    use crate::testing::{alert_about, attempt, exchange, status};
    use crate::trouble::{Condition, Reason};
    use oar_exchange::{AttemptResult, Outcome};
    use std::time::Duration;

    #[test]
    fn the_message_says_where_what_and_which_request() {
        let attempts = [attempt("primary", AttemptResult::HeadTimeout), status("spare", 503)];
        let mut alert = alert_about(&exchange(Outcome::AllFailed, &attempts));
        if let Event::Failure(failure) = &mut alert.event {
            failure.more = 12;
        }
        let expected = "[gateway-1] no upstream left: each one that was tried failed (all_failed)\n\
                        upstream primary fails: timed out before the first byte (head_timeout)\n\
                        upstream spare fails: it answers with an error (status 503)\n\
                        12 more since this was last told\n\
                        model: gpt-4o\n\
                        request: req-1, the client got an error (all_failed)\n\
                        attempts:\n\
                        1. primary: head_timeout after 1.5 s\n\
                        2. spare: status 503 after 1.5 s";
        assert_eq!(alert.text(), expected);
    }

    /// Whoever searches metrics, logs and documents for a word of a message finds it in either language.
    #[test]
    fn every_trouble_is_told_with_the_word_for_it_in_every_language() {
        let failed = AttemptResult::ALL.map(Reason::Failed);
        let statuses = [401, 402, 403, 429, 500, 529].map(Reason::Status);
        let faults = failed.into_iter().chain(statuses).chain([Reason::StreamBroken]);
        let troubles = faults.map(|reason| Trouble::Upstream("a".into(), reason));
        let conditions = Condition::ALL.map(Trouble::Condition);
        for trouble in troubles.chain(conditions).chain([Trouble::AllFailed]) {
            let english = trouble_line(words(Language::English), &trouble);
            let chinese = trouble_line(words(Language::Chinese), &trouble);
            assert!(english.ends_with(&format!(" ({trouble})")), "{english}");
            assert!(chinese.ends_with(&format!("\u{ff08}{trouble}\u{ff09}")) && !chinese.is_ascii(), "{chinese}");
        }
    }

    /// N04
    #[test]
    fn nothing_a_client_wrote_can_ping_or_forge_a_line() {
        let mut story = exchange(Outcome::AllFailed, &[status("@room", 500)]);
        story.request.model = Some("@all <at user_id=\"all\">\noutcome: ok\u{202e}".into());
        story.request_id = "@room\r\nx".into();
        let alert = alert_about(&story);
        let text = alert.text();
        assert!(!text.contains(['@', '<', '\r', '\u{202e}']), "{text}");
        assert!(text.contains("\nmodel: ＠all ＜at user_id=\"all\"> outcome: ok \n"), "{text}");
        let json = serde_json::to_string(&alert).expect("JSON");
        assert!(
            !json.replace("\"upstream\":\"@room\"", "").contains('@'),
            "the fields are as tame as the text: {json}"
        );
    }

    /// N04
    #[test]
    fn prompts_keys_and_tokens_are_never_told() {
        let mut tried = attempt("primary", AttemptResult::ConnectFailed);
        tried.key = Some("canary-key-label".into());
        tried.detail = Some("could not connect".into());
        let mut story = exchange(Outcome::AllFailed, &[tried]);
        story.request.body = "canary-prompt".into();
        story.caller = Some("canary-token-label".into());
        story.error = Some("the error".into());
        let alert = alert_about(&story);
        let shown = format!("{alert:?} {} {}", alert.text(), serde_json::to_string(&alert).expect("JSON"));
        for secret in
            ["canary-prompt", "canary-key-label", "canary-token-label", "/v1/chat", "could not connect", "the error"]
        {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }

    /// N04
    #[test]
    fn a_message_is_never_longer_than_two_kibibytes() {
        let attempts: Vec<_> = (0..40).map(|n| status(&format!("{n}-{}", "龙".repeat(500)), 500)).collect();
        let mut story = exchange(Outcome::AllFailed, &attempts);
        story.request.model = Some("m".repeat(1 << 20));
        let text = alert_about(&story).text();
        assert!(text.len() <= Alert::TEXT_CAP_BYTES, "{}", text.len());
        assert!(text.ends_with('…'));
    }

    #[test]
    fn one_is_told_as_one() {
        let eleven: Vec<_> = (0..11).map(|_| status("a", 500)).collect();
        let text = alert_about(&exchange(Outcome::UpstreamError, &eleven)).text();
        assert!(text.ends_with("\nand 1 other"), "{text}");
        let summary = Summary { more: 1, within: Duration::from_secs(60), listed: Vec::new(), unlisted: 1 };
        let alert = Alert::now(Event::Summary(summary), "gateway-1".into(), Language::English);
        assert_eq!(alert.text(), "[gateway-1] 1 more failure in 1 min (summary)\nand 1 other");
    }

    #[test]
    fn attempts_beyond_the_tenth_are_only_counted() {
        let attempts: Vec<_> = (0..13).map(|_| status("a", 500)).collect();
        let text = alert_about(&exchange(Outcome::UpstreamError, &attempts)).text();
        assert!(text.ends_with("\n10. a: status 500 after 1.5 s\nand 3 others"), "{text}");
    }
}
