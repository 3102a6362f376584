//! The messages as people read them, in both languages. The files beside this test are what the documents quote.

use async_trait::async_trait;
use oar_exchange::{Attempt, AttemptResult, Exchange, Observer, Outcome, Request};
use oar_notify::{Alert, Alerts, Language, Notifier, NotifyError, Policy};
use std::fmt::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::sleep;

/// Keeps what it is told.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

#[async_trait]
impl Notifier for Kept {
    fn name(&self) -> &str {
        "kept"
    }

    async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
        self.0.lock().expect("no panic").push(alert.text());
        Ok(())
    }
}

type Scene = for<'a> fn(&'a Alerts) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// What a scene is called in English and in Chinese.
type Titles = (&'static str, &'static str);

/// What happens before each message.
const SCENES: &[(Titles, Scene)] = &[
    (("alert, and another upstream answered", "告警,由其他上游回答"), |alerts| Box::pin(saved(alerts))),
    (("alert, and no upstream was left", "告警,没有可用的上游"), |alerts| Box::pin(all_failed(alerts))),
    (("alert, and the answer broke off", "告警,回答中断"), |alerts| Box::pin(broken(alerts))),
    (("alert, again after a minute", "告警,一分钟后再次"), |alerts| Box::pin(again(alerts))),
    (("summary", "汇总"), |alerts| Box::pin(flood(alerts))),
    (("recovered", "恢复"), |alerts| Box::pin(recovered(alerts))),
    (("recovered, several at a time", "恢复,同时多项"), |alerts| Box::pin(all_recovered(alerts))),
    (("records", "记录"), |alerts| Box::pin(async { alerts.records_are_stuck() })),
    (("recovered: records", "恢复:记录"), |alerts| Box::pin(records(alerts))),
    (("reload", "重新加载"), |alerts| Box::pin(async { alerts.reload_failed() })),
    (("recovered: reload", "恢复:重新加载"), |alerts| Box::pin(reload(alerts))),
];

#[tokio::test(start_paused = true)]
async fn the_messages_are_those_of_the_transcript_in_english() {
    check("en.txt", Language::English, "test", |(english, _)| english).await;
}

#[tokio::test(start_paused = true)]
async fn the_messages_are_those_of_the_transcript_in_chinese() {
    check("zh.txt", Language::Chinese, "测试", |(_, chinese)| chinese).await;
}

/// Compares the last message of each scene with a file. What it should be is left where the failure says.
async fn check(name: &str, language: Language, test: &str, title: fn(&Titles) -> &'static str) {
    let mut transcript = String::new();
    for (titles, scene) in SCENES {
        let _infallible = write!(transcript, "# {}\n{}\n\n", title(titles), told(*scene, language).await);
    }
    let _infallible = write!(transcript, "# {test}\n{}\n", Alert::test("gateway-1", language).text());
    let committed = format!("{}/tests/transcripts/{name}", env!("CARGO_MANIFEST_DIR"));
    let told = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&told, &transcript).expect("a folder for temporary files");
    let is_same = std::fs::read_to_string(&committed).is_ok_and(|committed| committed == transcript);
    assert!(is_same, "{committed} is not what is told; that is in {told}");
}

async fn told(scene: Scene, language: Language) -> String {
    let kept = Arc::new(Kept::default());
    let policy = Policy { language, ..Policy::default() };
    let (alerts, worker) = Alerts::start(vec![Arc::clone(&kept) as Arc<dyn Notifier>], "gateway-1", policy);
    let happen = async {
        scene(&alerts).await;
        alerts.close();
    };
    tokio::join!(worker.run(), happen);
    kept.0.lock().expect("no panic").last().cloned().expect("a message")
}

async fn saved(alerts: &Alerts) {
    let slow = tried("primary", AttemptResult::HeadTimeout, None, 10_000);
    alerts.finished(&story(Outcome::Ok, &[slow, ok("spare")]).into());
}

async fn all_failed(alerts: &Alerts) {
    let gone = tried("primary", AttemptResult::ConnectRefused, None, 3);
    let spent = tried("spare", AttemptResult::Status, Some(429), 210);
    alerts.finished(&story(Outcome::AllFailed, &[gone, spent]).into());
}

async fn broken(alerts: &Alerts) {
    alerts.finished(&story(Outcome::StreamBroken, &[ok("primary")]).into());
}

async fn again(alerts: &Alerts) {
    for _ in 0..60 {
        saved(alerts).await;
        sleep(Duration::from_secs(1)).await;
    }
    saved(alerts).await;
}

async fn flood(alerts: &Alerts) {
    for n in 0..200 {
        let failed = tried(&format!("mirror-{:02}", n % 40), AttemptResult::Status, Some(503), 12);
        alerts.finished(&story(Outcome::Ok, &[failed, ok("spare")]).into());
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(60)).await;
}

async fn recovered(alerts: &Alerts) {
    for _ in 0..12 {
        saved(alerts).await;
        sleep(Duration::from_secs(18)).await;
    }
    answered(alerts, "primary");
    sleep(Duration::from_secs(60)).await;
}

async fn all_recovered(alerts: &Alerts) {
    all_failed(alerts).await;
    sleep(Duration::from_secs(20)).await;
    all_failed(alerts).await;
    ["primary", "spare"].iter().for_each(|upstream| answered(alerts, upstream));
    sleep(Duration::from_secs(90)).await;
}

async fn records(alerts: &Alerts) {
    alerts.records_are_stuck();
    sleep(Duration::from_secs(200)).await;
    alerts.records_are_written();
}

async fn reload(alerts: &Alerts) {
    for _ in 0..2 {
        alerts.reload_failed();
        sleep(Duration::from_secs(45)).await;
    }
    alerts.reload_worked();
}

fn answered(alerts: &Alerts, upstream: &str) {
    let told = story(Outcome::Ok, &[ok(upstream)]);
    alerts.finished(&Exchange { elapsed: Duration::ZERO, ..told }.into());
}

fn ok(upstream: &str) -> Attempt {
    tried(upstream, AttemptResult::Ok, Some(200), 840)
}

fn tried(upstream: &str, result: AttemptResult, status: Option<u16>, millis: u64) -> Attempt {
    let elapsed = Duration::from_millis(millis);
    Attempt { status, elapsed, ..Attempt::new(upstream, "https://upstream.example/v1", result) }
}

fn story(outcome: Outcome, attempts: &[Attempt]) -> Exchange {
    let path = "/v1/chat/completions";
    let request = Request { model: Some("gpt-4o".into()), ..Request::new(http::Method::POST, path, [127, 0, 0, 1]) };
    let begun = Exchange::new("0190f5fe-7c00-7a00-8000-000000000000", SystemTime::UNIX_EPOCH, request);
    Exchange { attempts: attempts.to_vec(), outcome, elapsed: Duration::from_secs(11), ..begun }
}
