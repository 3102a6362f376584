//! What a model plays, by its name.

use super::play::{Play, Step};
use super::problem;
use http::StatusCode;
use serde_json::Value;
use std::iter;
use std::time::Duration;

/// What an ordinary model says.
pub const PIECES: [&str; 8] = [" Bon", "jour", " 你好", " 🌍", "!\n\n", "- one\n- two", " fin.", ""];

/// Why a model that fails does so.
pub const FAILURE: &str = "CUDA out of memory. Tried to allocate 20.00 MiB";

/// Between two pieces, and before the first: long enough to see whether each is passed on when it comes.
const PAUSE: Duration = Duration::from_millis(5);
const SLOW_PIECES: usize = 200;
const SLOW_PAUSE: Duration = Duration::from_millis(100);
/// How many pieces come before something goes wrong.
const PIECES_BEFORE: usize = 2;
/// How long the stream of a model named `idle` stays open in silence, and how long that model is silent.
const IDLE: Duration = Duration::from_millis(300);
const SILENCE: Duration = Duration::from_millis(700);
/// How long a broken stream is behind, and how long a whole output waits for its status.
const BEHIND: Duration = Duration::from_millis(300);
/// How models call the limit of their answers.
const LIMITS: [&str; 4] = ["max_tokens", "max_new_tokens", "max_completion_tokens", "max_length"];

/// The play of a model with this name for this input.
pub(super) fn play(name: &str, input: &Value) -> Play {
    if let Some(status) = refused(name) {
        return Play::refusing(status, problem::of_status(status));
    }
    let is = |word: &str| name.split(['-', '.', '_']).any(|part| part == word);
    match () {
        () if is("never") => Play::default(),
        () if is("slow") => Play::new(ending(said(words(SLOW_PIECES), input, SLOW_PAUSE))),
        () if is("fails") && is("midway") => interrupted(input, [Step::Fail(FAILURE.to_owned())]),
        () if is("fails") => Play::new([Step::Pause(PAUSE), Step::Fail(FAILURE.to_owned())]),
        () if is("aborted") => Play::new([Step::Pause(PAUSE), Step::Abort]),
        () if is("idle") => interrupted(input, [Step::Pause(SILENCE)]).idling_after(IDLE),
        () if is("cut") => interrupted(input, [Step::Cut, Step::Pause(BEHIND)]),
        () if is("processing") => {
            let whole = said(ordinary(), input, PAUSE).chain([Step::Answer, Step::Pause(BEHIND)]);
            Play::new(ending(whole))
        }
        () if name.contains("echo") => Play::new(ending(said(echoed(input), input, PAUSE))),
        () => {
            let play = Play::new(ending(said(ordinary(), input, PAUSE)));
            if is("whole") { play.in_one_string() } else { play }
        }
    }
}

/// `error-429` and its like.
fn refused(name: &str) -> Option<StatusCode> {
    let (_, code) = name.split_once("error-")?;
    code.get(..3)?.parse().ok()
}

fn ordinary() -> Vec<String> {
    PIECES.map(str::to_owned).to_vec()
}

fn words(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!(" {number}")).collect()
}

/// What was asked: the prompt, or the messages as JSON, in pieces as a model would make them.
fn echoed(input: &Value) -> Vec<String> {
    let asked = input["prompt"].as_str().map_or_else(|| input["messages"].to_string(), str::to_owned);
    asked.split_inclusive(' ').map(str::to_owned).collect()
}

/// As many pieces as the input allows, with a pause before each.
fn said(pieces: Vec<String>, input: &Value, pause: Duration) -> impl Iterator<Item = Step> {
    let limit = LIMITS.iter().find_map(|name| input[*name].as_u64());
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    pieces.into_iter().take(limit).flat_map(move |piece| [Step::Pause(pause), Step::Say(piece)])
}

fn ending(steps: impl Iterator<Item = Step>) -> impl Iterator<Item = Step> {
    steps.chain(iter::once(Step::Succeed))
}

/// The ordinary play with something after its first pieces. What follows an end is not played.
fn interrupted(input: &Value, by: impl IntoIterator<Item = Step>) -> Play {
    let mut steps: Vec<Step> = ending(said(ordinary(), input, PAUSE)).collect();
    // Each piece is two steps, and the last step is the end.
    let at = (2 * PIECES_BEFORE).min(steps.len() - 1);
    steps.splice(at..at, by);
    Play::new(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(name: &str, input: &Value) -> String {
        let said = |step| if let Step::Say(piece) = step { Some(piece) } else { None };
        play(name, input).steps.into_iter().filter_map(said).collect()
    }

    #[test]
    fn a_limit_is_a_number_of_pieces_whatever_its_name() {
        assert_eq!(text("m", &json!({})), " Bonjour 你好 🌍!\n\n- one\n- two fin.");
        for limit in LIMITS {
            assert_eq!(text("m", &json!({limit: 2})), " Bonjour", "{limit}");
        }
        assert_eq!(text("mixtral-idle", &json!({"max_tokens": 1})), " Bon");
    }

    #[test]
    fn an_echo_is_the_prompt_to_the_letter() {
        let prompt = "<s>[INST] You are  kind.\n\nHi 你好 [/INST]";
        assert_eq!(text("my-echo", &json!({"prompt": prompt})), prompt);
        let messages = json!([{"role": "user", "content": "Hi"}]);
        assert_eq!(text("echo", &json!({"messages": messages})), messages.to_string());
    }

    #[test]
    fn a_name_plays_by_its_parts_alone() {
        assert!(matches!(play("mistral-fails-midway", &json!({})).steps[4], Step::Fail(_)));
        assert!(matches!(play("mistral-fails", &json!({})).steps[1], Step::Fail(_)));
        assert!(matches!(play("m-cut-v0.1", &json!({})).steps[4], Step::Cut));
        assert_eq!(text("execution", &json!({})), PIECES.concat());
        assert_eq!(play("x-error-402", &json!({})).refusal.map(|(status, _)| status.as_u16()), Some(402));
    }
}
