//! `docs/alerts.md` and its translation: the messages are those of the transcripts, the example of a webhook is what the
//! code sends, and what is named exists.

use crate::file;
use crate::markdown::{Page, rows, spans};
use crate::{Words, words};
use async_trait::async_trait;
use oar_app::exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
use oar_app::notify::{Alert, Alerts, Notifier, NotifyError, Policy};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PAGE: &str = "docs/alerts.md";
/// A page, the transcript that it quotes, and its picture.
const QUOTING: [(&str, &str, &str); 2] =
    [(PAGE, "en.txt", "alerts.svg"), ("docs/alerts.zh-CN.md", "zh.txt", "alerts.zh-CN.svg")];

/// A message as people read it, and what came before it.
struct Scene {
    title: String,
    message: String,
}

fn scenes(transcript: &str) -> Vec<Scene> {
    let text = file(&format!("crates/notify/tests/transcripts/{transcript}"));
    let scene = |part: &str| {
        let (title, message) = part.strip_prefix("# ")?.split_once('\n')?;
        Some(Scene { title: title.to_owned(), message: message.trim_end().to_owned() })
    };
    text.split("\n\n").map(|part| scene(part).expect("a title and a message")).collect()
}

/// Which scenes of a transcript a page quotes.
fn quoted(page: &Page, scenes: &[Scene]) -> Vec<usize> {
    let place = |message: &str| scenes.iter().position(|scene| scene.message == message.trim_end());
    let messages = page.blocks_in("message").map(|block| block.text.as_str());
    messages.map(|text| place(text).unwrap_or_else(|| panic!("{}: no transcript has\n{text}", page.name))).collect()
}

#[test]
fn the_messages_are_those_of_the_transcripts() {
    let quoted = QUOTING.map(|(page, transcript, _)| quoted(&Page::read(page), &scenes(transcript)));
    let [english, chinese] = &quoted;
    assert_eq!(english, chinese, "both pages quote the same messages");
}

#[test]
fn there_is_a_message_of_each_kind() {
    let scenes = scenes("en.txt");
    let kind = |scene: &Scene| scene.title.split([',', ':']).next().unwrap_or_default().to_owned();
    let seen = quoted(&Page::read(PAGE), &scenes).into_iter().filter_map(|index| scenes.get(index));
    assert_eq!(words(seen.map(kind)), words(scenes.iter().map(kind)));
}

#[test]
fn the_pictures_show_lines_of_the_transcripts() {
    for (_, transcript, picture) in QUOTING {
        let lines = scenes(transcript).into_iter().map(|scene| scene.message).collect::<Vec<_>>().join("\n");
        let picture = file(&format!("docs/pictures/{picture}"));
        let drawn =
            picture.lines().filter(|line| [" class=\"head\" ", " class=\"line\" "].iter().any(|c| line.contains(c)));
        let drawn: Vec<&str> = drawn.filter_map(|line| line.split(['>', '<']).nth(2)).collect();
        assert!(drawn.len() > 8, "{drawn:?}");
        for text in drawn {
            assert!(lines.lines().any(|line| line == text), "{transcript} has no `{text}`");
        }
    }
}

#[test]
fn every_key_of_notify_is_told_and_no_other() {
    let page = Page::read(PAGE);
    let known = crate::configuration::known();
    let known: Words = known.into_iter().filter(|key| key.starts_with("notify.")).collect();
    let examples: String = page.blocks_in("yaml").map(|block| block.text.as_str()).collect();
    let told = words(page.prose.iter().flat_map(|line| spans(line)).filter_map(|span| span.split(": ").next()));
    for key in told.iter().filter(|word| word.starts_with("notify.")) {
        assert!(known.contains(key), "`{key}` does not exist");
    }
    for key in &known {
        let last = key.rsplit('.').next().unwrap_or_default();
        assert!(told.contains(key) || examples.contains(&format!(" {last}: ")), "`{key}` is not told");
    }
}

#[test]
fn every_command_and_metric_exists() {
    let (program, tally) = (file("bins/openai-api-route/src/notify.rs"), file("crates/app/src/tally.rs"));
    let page = Page::read(PAGE);
    let typed = page.blocks_in("bash").flat_map(|block| block.text.lines());
    let told: Vec<&str> = typed.chain(page.prose.iter().flat_map(|line| spans(line))).collect();
    let verbs: Vec<&str> = told.iter().filter_map(|told| told.strip_prefix("openai-api-route notify ")).collect();
    assert!(verbs == ["test"] && program.contains("    Test,"), "{verbs:?}");
    let metrics: Vec<&&str> = told.iter().filter(|told| told.starts_with("oar_")).collect();
    assert_eq!(metrics.len(), 3);
    for metric in metrics {
        assert!(tally.contains(&format!("\"{metric}\"")), "`{metric}` does not exist");
    }
}

/// What `notify test` prints for each channel, and the advice.
#[test]
fn the_hints_are_those_of_the_code() {
    let advice = file("crates/notify/src/channels/advice.rs");
    let page = Page::read(PAGE);
    let hints =
        page.blocks_in("text").flat_map(|block| block.text.lines()).filter_map(|line| line.strip_prefix("  hint: "));
    let hints: Vec<&str> = hints.collect();
    assert_eq!(hints.len(), 3);
    for hint in hints {
        assert!(advice.contains(&format!("\"{hint}\"")), "no advice is `{hint}`");
    }
}

#[tokio::test]
async fn the_example_of_a_webhook_is_what_the_code_sends() {
    let page = Page::read(PAGE);
    let example = page.blocks_in("json").next().expect("an example");
    let example: Value = serde_json::from_str(&example.text).expect("JSON");
    assert_eq!(example, sent().await);
    let keys =
        rows(page.under("A webhook")).iter().filter_map(|row| spans(row.first()?).next().map(str::to_owned)).collect();
    assert_eq!(example.as_object().expect("an object").keys().cloned().collect::<Words>(), keys);
}

/// The alert of the transcripts' first scene.
async fn sent() -> Value {
    let kept = Arc::new(Kept::default());
    let (alerts, worker) = Alerts::start(vec![Arc::clone(&kept) as Arc<dyn Notifier>], "gateway-1", Policy::default());
    alerts.finished(&Arc::new(exchange()));
    alerts.close();
    worker.run().await;
    kept.0.lock().expect("no panic").take().expect("an alert")
}

#[derive(Default)]
struct Kept(Mutex<Option<Value>>);

#[async_trait]
impl Notifier for Kept {
    fn name(&self) -> &str {
        "kept"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        *self.0.lock().expect("no panic") = serde_json::to_value(alert).ok();
        Ok(())
    }
}

fn exchange() -> Exchange {
    let told = oar_testkit::exchange("0190f5fe-7c00-7a00-8000-000000000000", Outcome::Ok);
    Exchange {
        request: Request { model: Some("gpt-4o".into()), stream: true, ..told.request },
        attempts: vec![
            attempt("primary", AttemptResult::HeadTimeout, None, 10_000),
            attempt("spare", AttemptResult::Ok, Some(200), 840),
        ],
        elapsed: Duration::from_secs(11),
        ..told
    }
}

fn attempt(upstream: &str, result: AttemptResult, status: Option<u16>, millis: u64) -> Attempt {
    Attempt {
        upstream: upstream.into(),
        endpoint: "https://upstream.example/v1".into(),
        key: None,
        passed_client_token: false,
        result,
        status,
        elapsed: Duration::from_millis(millis),
        upstream_request_id: None,
        detail: None,
    }
}
