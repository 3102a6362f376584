use crate::alert::{Alert, Tried};
use crate::trouble::Reason;
use std::fmt::{self, Write};

/// How much of a name that somebody else chose is shown.
const NAME_CAP_CHARS: usize = 128;
/// What people read when the database is away.
const RECORDS_STUCK: &str = "records cannot be written and wait; the log says why, requests are served as before";
/// How many attempts are listed.
const ATTEMPTS_CAP: usize = 10;

/// Makes a name that somebody else chose fit for a chat: short, on one line, unable to ping or to mark up.
///
/// `@` and `<` become their full-width twins: no chat reads `＠room` or `＜at user_id="all">` as a mention, and people
/// still read what was meant.
pub(crate) fn tame(name: &str) -> String {
    let mut tamed: String = name.chars().take(NAME_CAP_CHARS).map(tame_char).collect();
    if name.chars().nth(NAME_CAP_CHARS).is_some() {
        tamed.push('…');
    }
    tamed
}

fn tame_char(c: char) -> char {
    match c {
        '@' => '＠',
        '<' => '＜',
        // Marks that are not seen and that turn the direction of what follows.
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// The lines of `alert`, the most important first, cut at the cap.
pub(crate) fn compose(alert: &Alert) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _infallible = write_lines(&mut text, alert);
    cut(text)
}

fn write_lines(text: &mut String, alert: &Alert) -> fmt::Result {
    write!(text, "openai-api-route on {}", tame(&alert.hostname))?;
    for trouble in &alert.troubles {
        match &trouble.upstream {
            _ if trouble.reason == Reason::RecordsStuck => write!(text, "\n{RECORDS_STUCK}")?,
            Some(upstream) => write!(text, "\nupstream {}: {}", tame(upstream), trouble.reason)?,
            None => write!(text, "\nno upstream left: {}", trouble.reason)?,
        }
    }
    if alert.more > 0 {
        write!(text, "\nand {} more since the last message", alert.more)?;
    }
    if let Some(model) = &alert.model {
        write!(text, "\nmodel: {model}")?;
    }
    let (Some(request), Some(outcome)) = (&alert.request_id, alert.outcome) else { return Ok(()) };
    write!(text, "\nrequest: {request}\noutcome: {outcome}\nattempts:")?;
    write_attempts(text, &alert.attempts)
}

fn write_attempts(text: &mut String, attempts: &[Tried]) -> fmt::Result {
    for (index, tried) in attempts.iter().take(ATTEMPTS_CAP).enumerate() {
        write!(text, "\n{}. {}: {}", index + 1, tame(&tried.upstream), tried.result)?;
        if let Some(status) = tried.status {
            write!(text, " {status}")?;
        }
        write!(text, ", {} ms", tried.elapsed.as_millis())?;
    }
    match attempts.len().saturating_sub(ATTEMPTS_CAP) {
        0 => Ok(()),
        unlisted => write!(text, "\n(and {unlisted} more)"),
    }
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
    use crate::testing::{attempt, exchange, status};
    use oar_exchange::{AttemptResult, Exchange, Outcome};

    fn alert(exchange: &Exchange) -> Alert {
        Alert::from_exchange(exchange, &"gateway-1".into()).expect("an alert")
    }

    #[test]
    fn records_that_cannot_be_written_are_no_requests_business() {
        let alert = Alert::of_stuck_records(&"gateway-1".into());
        assert_eq!(alert.text(), format!("openai-api-route on gateway-1\n{RECORDS_STUCK}"));
    }

    #[test]
    fn the_message_says_where_what_and_which_request() {
        let attempts = [attempt("primary", AttemptResult::HeadTimeout), status("spare", 503)];
        let mut alert = alert(&exchange(Outcome::AllFailed, &attempts));
        alert.more = 12;
        let expected = "openai-api-route on gateway-1\n\
                        no upstream left: all_failed\n\
                        upstream primary: head_timeout\n\
                        upstream spare: status 503\n\
                        and 12 more since the last message\n\
                        model: gpt-4o\n\
                        request: req-1\n\
                        outcome: all_failed\n\
                        attempts:\n\
                        1. primary: head_timeout, 1500 ms\n\
                        2. spare: status 503, 1500 ms";
        assert_eq!(alert.text(), expected);
    }

    #[test]
    fn nothing_a_client_wrote_can_ping_or_forge_a_line() {
        let mut story = exchange(Outcome::AllFailed, &[status("@room", 500)]);
        story.request.model = Some("@all <at user_id=\"all\">\noutcome: ok\u{202e}".into());
        story.request_id = "@room\r\nx".into();
        let alert = alert(&story);
        let text = alert.text();
        assert!(!text.contains(['@', '<', '\r', '\u{202e}']), "{text}");
        assert!(text.contains("\nmodel: ＠all ＜at user_id=\"all\"> outcome: ok \n"), "{text}");
        assert!(!alert.request_id.as_deref().unwrap_or("@").contains('@'), "the fields are as tame as the text");
    }

    #[test]
    fn prompts_keys_and_tokens_are_never_told() {
        let mut tried = attempt("primary", AttemptResult::ConnectFailed);
        tried.key = Some("canary-key-label".into());
        tried.detail = Some("could not connect".into());
        let mut story = exchange(Outcome::AllFailed, &[tried]);
        story.request.body = "canary-prompt".into();
        story.caller = Some("canary-token-label".into());
        story.error = Some("the error".into());
        let shown = format!("{:?} {}", alert(&story), alert(&story).text());
        for secret in
            ["canary-prompt", "canary-key-label", "canary-token-label", "/v1/chat", "could not connect", "the error"]
        {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }

    #[test]
    fn a_message_is_never_longer_than_two_kibibytes() {
        let attempts: Vec<_> = (0..40).map(|n| status(&format!("{n}-{}", "龙".repeat(500)), 500)).collect();
        let mut story = exchange(Outcome::AllFailed, &attempts);
        story.request.model = Some("m".repeat(1 << 20));
        let text = alert(&story).text();
        assert!(text.len() <= Alert::TEXT_CAP_BYTES, "{}", text.len());
        assert!(text.ends_with('…'));
    }

    #[test]
    fn attempts_beyond_the_tenth_are_only_counted() {
        let attempts: Vec<_> = (0..13).map(|_| status("a", 500)).collect();
        let text = alert(&exchange(Outcome::UpstreamError, &attempts)).text();
        assert!(text.ends_with("\n10. a: status 500, 1500 ms\n(and 3 more)"), "{text}");
    }
}
