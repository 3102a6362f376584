use super::*;
use crate::NotifyError;
use crate::alert::Kind;
use crate::event::Event;
use crate::testing::scripted::{Scripted, Step};
use crate::testing::{attempt, exchange, status};
use oar_exchange::{AttemptResult, Outcome};
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};

mod delivery;
mod flood;
mod recovery;

type Delivered = Result<(), NotifyError>;

const WINDOW: Duration = Duration::from_secs(60);

fn start(channels: &[&Arc<Scripted>]) -> (Alerts, Worker) {
    let notifiers = channels.iter().map(|channel| Arc::clone(channel) as Arc<dyn Notifier>).collect();
    Alerts::start(notifiers, "gateway-1", Policy::default())
}

/// Alerts of requests with these ends.
fn start_telling(endings: &[Ending], channel: &Arc<Scripted>) -> (Alerts, Worker) {
    let policy = Policy { outcomes: endings.iter().copied().collect(), ..Policy::default() };
    Alerts::start(vec![Arc::clone(channel) as Arc<dyn Notifier>], "gateway-1", policy)
}

/// A request that was answered after `upstream` had failed.
fn failure(upstream: &str) -> Arc<Exchange> {
    exchange(Outcome::Ok, &[status(upstream, 500), attempt("spare", AttemptResult::Ok)]).into()
}

/// A request that `upstream` answered at once.
fn success(upstream: &str) -> Arc<Exchange> {
    Exchange { elapsed: Duration::ZERO, ..exchange(Outcome::Ok, &[attempt(upstream, AttemptResult::Ok)]) }.into()
}

/// Sent, suppressed and failed messages of one channel.
fn counted(counts: &ChannelCounts) -> (u64, u64, u64) {
    (counts.sent(), counts.suppressed(), counts.failed())
}

/// What `channel` was told: the second, the kind, and the first line without the hostname.
fn told(channel: &Scripted, begin: Instant) -> Vec<(u64, Kind, String)> {
    let line = |alert: &crate::Alert| alert.text().lines().next().unwrap_or_default().replace("[gateway-1] ", "");
    let seen = channel.seen();
    seen.iter().map(|(at, alert)| (at.duration_since(begin).as_secs(), alert.kind(), line(alert))).collect()
}

/// How many alerts a message says were held back.
fn more(alert: &crate::Alert) -> u64 {
    match &alert.event {
        Event::Failure(failure) => failure.more,
        Event::Summary(summary) => summary.more,
        Event::Condition(_) | Event::Recovered(_) | Event::Test => 0,
    }
}

/// Closes `alerts` and lets `worker` come to its end; says how long that took.
async fn finish(alerts: &Alerts, worker: Worker) -> Duration {
    let start = Instant::now();
    alerts.close();
    worker.run().await;
    start.elapsed()
}

/// Closes `alerts` when so many seconds of paused time have passed, timer by timer.
async fn close_after(seconds: u64, alerts: &Alerts) {
    sleep(Duration::from_secs(seconds)).await;
    alerts.close();
}

#[tokio::test(start_paused = true)]
async fn a_failure_reaches_every_channel() {
    let (one, two) = (Scripted::new("one", &[], Step::Take), Scripted::new("two", &[], Step::Take));
    let (alerts, worker) = start(&[&one, &two]);
    alerts.finished(&failure("primary"));
    finish(&alerts, worker).await;
    for (channel, counts) in [&one, &two].into_iter().zip(alerts.counts()) {
        assert_eq!(channel.seen().len(), 1);
        assert_eq!(counted(counts), (1, 0, 0), "{}", counts.name());
    }
    let text = one.seen()[0].1.text();
    assert!(text.starts_with("[gateway-1] upstream primary fails: it answers with an error (status 500)\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_panics_silences_neither_itself_nor_another() {
    let (one, two) = (Scripted::new("one", &[Step::Panic], Step::Take), Scripted::new("two", &[], Step::Take));
    let (alerts, worker) = start(&[&one, &two]);
    alerts.finished(&failure("primary"));
    alerts.finished(&failure("spare"));
    finish(&alerts, worker).await;
    let counts: Vec<_> = alerts.counts().iter().map(|counts| counted(counts)).collect();
    assert_eq!(counts, [(1, 0, 1), (2, 0, 0)]);
}

/// Whoever implements the trait by hand may panic before there is a future.
#[tokio::test(start_paused = true)]
async fn a_channel_that_panics_before_it_waits_silences_no_other() {
    struct Rash;
    impl Notifier for Rash {
        fn name(&self) -> &str {
            "rash"
        }

        fn notify<'a, 'b, 'c>(&'a self, _: &'b crate::Alert) -> Pin<Box<dyn Future<Output = Delivered> + Send + 'c>>
        where
            'a: 'c,
            'b: 'c,
        {
            panic!("as it was told")
        }
    }
    let other = Scripted::new("other", &[], Step::Take);
    let notifiers: Vec<Arc<dyn Notifier>> = vec![Arc::new(Rash), Arc::clone(&other) as Arc<dyn Notifier>];
    let (alerts, worker) = Alerts::start(notifiers, "gateway-1", Policy::default());
    ["primary", "spare"].iter().for_each(|upstream| alerts.finished(&failure(upstream)));
    finish(&alerts, worker).await;
    let counts: Vec<_> = alerts.counts().iter().map(|counts| counted(counts)).collect();
    assert_eq!(counts, [(0, 0, 2), (2, 0, 0)]);
}

/// N05
#[tokio::test(start_paused = true)]
async fn what_is_nobodys_business_is_neither_told_nor_counted() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    for outcome in [Outcome::ClientClosed, Outcome::Rejected, Outcome::Shed, Outcome::Drained] {
        alerts.finished(&exchange(outcome, &[status("primary", 500)]).into());
    }
    alerts.finished(&exchange(Outcome::UpstreamError, &[status("primary", 400)]).into());
    alerts.finished(&exchange(Outcome::Ok, &[attempt("primary", AttemptResult::Ok)]).into());
    finish(&alerts, worker).await;
    assert!(channel.seen().is_empty());
    assert_eq!(counted(&alerts.counts()[0]), (0, 0, 0));
}

/// N01
#[tokio::test(start_paused = true)]
async fn repeats_are_held_back_and_the_next_message_says_how_many() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    for _ in 0..6 {
        alerts.finished(&failure("primary"));
    }
    advance(WINDOW).await;
    alerts.finished(&failure("primary"));
    finish(&alerts, worker).await;
    let told: Vec<_> = channel.seen().iter().map(|(_, alert)| more(alert)).collect();
    assert_eq!(told, [0, 5]);
    assert!(channel.seen()[1].1.text().contains("\n5 more since this was last told\n"));
    assert_eq!(counted(&alerts.counts()[0]), (2, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn a_message_names_only_the_troubles_that_are_news() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    alerts.finished(&failure("primary"));
    alerts.finished(&exchange(Outcome::AllFailed, &[status("primary", 500), status("spare", 429)]).into());
    finish(&alerts, worker).await;
    let json = serde_json::to_value(&channel.seen()[1].1).expect("JSON");
    let news: Vec<_> = json["troubles"].as_array().expect("troubles").iter().map(|one| &one["reason"]).collect();
    assert_eq!(news, ["all_failed", "status 429"]);
}

/// N05: whatever is configured, and whatever had happened before.
#[tokio::test(start_paused = true)]
async fn only_the_ends_that_are_configured_are_told() {
    for endings in Ending::ALL.map(|ending| vec![ending]).into_iter().chain([vec![]]) {
        let channel = Scripted::new("one", &[], Step::Take);
        let (alerts, worker) = start_telling(&endings, &channel);
        for outcome in Outcome::ALL {
            alerts.finished(&exchange(outcome, &[attempt("primary", AttemptResult::HeadTimeout)]).into());
        }
        finish(&alerts, worker).await;
        let outcome = |alert: &crate::Alert| match &alert.event {
            Event::Failure(failure) => Ending::of(failure.outcome),
            Event::Condition(_) | Event::Recovered(_) | Event::Summary(_) | Event::Test => None,
        };
        let told: Vec<_> = channel.seen().iter().filter_map(|(_, alert)| outcome(alert)).collect();
        assert_eq!((told, counted(&alerts.counts()[0])), (endings.clone(), (endings.len() as u64, 0, 0)));
    }
}
