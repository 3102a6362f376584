use super::*;
use crate::desk::WINDOW;
use crate::testing::scripted::{Scripted, Step};
use crate::testing::{attempt, exchange, status};
use oar_exchange::{AttemptResult, Outcome};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};

fn start(channels: &[&Arc<Scripted>]) -> (Alerts, Worker) {
    let notifiers = channels.iter().map(|channel| Arc::clone(channel) as Arc<dyn Notifier>).collect();
    Alerts::start(notifiers, "gateway-1")
}

/// A request that was answered after `upstream` had failed.
fn failure(upstream: &str) -> Arc<Exchange> {
    exchange(Outcome::Ok, &[status(upstream, 500), attempt("spare", AttemptResult::Ok)]).into()
}

/// Sent, suppressed and failed messages of one channel.
fn counted(counts: &ChannelCounts) -> (u64, u64, u64) {
    (counts.sent(), counts.suppressed(), counts.failed())
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
    assert!(text.starts_with("openai-api-route on gateway-1\nupstream primary: status 500\n"), "{text}");
}

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
    let more: Vec<_> = channel.seen().iter().map(|(_, alert)| alert.more).collect();
    assert_eq!(more, [0, 5]);
    assert!(channel.seen()[1].1.text().contains("\nand 5 more since the last message\n"));
    assert_eq!(counted(&alerts.counts()[0]), (2, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_held_back_is_told_once_when_nothing_else_is() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let begin = Instant::now();
    let fail = async {
        for upstream in ["primary", "spare"] {
            (0..3).for_each(|_| alerts.finished(&failure(upstream)));
            sleep(Duration::from_secs(30)).await;
        }
        close_after(600, &alerts).await;
    };
    tokio::join!(worker.run(), fail);
    let seen: Vec<_> = channel
        .seen()
        .iter()
        .map(|(at, alert)| (at.duration_since(begin).as_secs(), alert.troubles[0].upstream.clone(), alert.more))
        .collect();
    let told = |second, upstream: &str, more| (second, Some(upstream.into()), more);
    assert_eq!(seen, [told(0, "primary", 0), told(30, "spare", 2), told(120, "spare", 1)]);
    assert_eq!(counted(&alerts.counts()[0]), (3, 4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_trouble_that_goes_on_is_told_once_a_minute_by_one_message_or_the_other() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let fail = async {
        for _ in 0..200 {
            alerts.finished(&failure("primary"));
            sleep(Duration::from_secs(1)).await;
        }
        close_after(600, &alerts).await;
    };
    tokio::join!(worker.run(), fail);
    let more: u64 = channel.seen().iter().map(|(_, alert)| alert.more).sum();
    assert_eq!((channel.seen().len(), more), (5, 195), "at 0, 60, 120, 180 s, and once after the end");
}

#[tokio::test(start_paused = true)]
async fn a_message_names_only_the_troubles_that_are_news() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    alerts.finished(&failure("primary"));
    alerts.finished(&exchange(Outcome::AllFailed, &[status("primary", 500), status("spare", 429)]).into());
    finish(&alerts, worker).await;
    let news: Vec<_> = channel.seen()[1].1.troubles.iter().map(|trouble| trouble.reason.to_string()).collect();
    assert_eq!(news, ["all_failed", "status 429"]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_twenty_messages_and_the_rest_is_counted() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    for n in 0..10_000 {
        alerts.finished(&failure(&format!("upstream-{}", n % 50)));
    }
    finish(&alerts, worker).await;
    assert_eq!(counted(&alerts.counts()[0]), (20, 9_980, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_the_newest_and_keeps_the_oldest() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    for n in 0..120 {
        alerts.finished(&failure(&format!("upstream-{n}")));
        advance(WINDOW).await;
    }
    finish(&alerts, worker).await;
    let seen = channel.seen();
    assert_eq!(seen.len(), Alerts::QUEUE_CAP);
    assert_eq!(seen[99].1.troubles[0].upstream.as_deref(), Some("upstream-99"));
    assert_eq!(counted(&alerts.counts()[0]), (100, 20, 0));
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_hangs_is_given_up_and_delays_no_other() {
    let (stuck, quick) = (Scripted::new("stuck", &[], Step::Hang), Scripted::new("quick", &[], Step::Take));
    let (alerts, worker) = start(&[&stuck, &quick]);
    let begin = Instant::now();
    alerts.finished(&failure("primary"));
    alerts.finished(&failure("secondary"));
    tokio::join!(worker.run(), close_after(22, &alerts));
    assert!(quick.seen().iter().all(|(at, _)| *at == begin), "{:?}", quick.seen());
    let tries: Vec<_> = stuck.seen().iter().map(|(at, _)| at.duration_since(begin).as_secs()).collect();
    assert_eq!(tries, [0, 6, 15, 20], "three tries of 5 s with pauses of 1 s and 4 s, then the next message");
    assert_eq!(counted(&alerts.counts()[0]), (0, 0, 2));
    assert_eq!(counted(&alerts.counts()[1]), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_busy_channel_is_tried_three_times_and_a_refusal_stands() {
    for (steps, tries, expected) in [
        (&[Step::Busy, Step::Busy][..], 3, (1, 0, 0)),
        (&[Step::Busy, Step::Busy, Step::Busy], 3, (0, 0, 1)),
        (&[Step::Refuse], 1, (0, 0, 1)),
        (&[Step::Busy, Step::Refuse], 2, (0, 0, 1)),
    ] {
        let channel = Scripted::new("one", steps, Step::Take);
        let (alerts, worker) = start(&[&channel]);
        alerts.finished(&failure("primary"));
        tokio::join!(worker.run(), close_after(10, &alerts));
        assert_eq!(channel.seen().len(), tries);
        assert_eq!(counted(&alerts.counts()[0]), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn closing_delivers_what_waits() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    for n in 0..10 {
        alerts.finished(&failure(&format!("upstream-{n}")));
    }
    assert_eq!(finish(&alerts, worker).await, Duration::ZERO);
    assert_eq!(counted(&alerts.counts()[0]), (10, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn closing_waits_no_longer_than_two_seconds_and_counts_what_was_left() {
    let channel = Scripted::new("one", &[Step::Take], Step::Hang);
    let (alerts, worker) = start(&[&channel]);
    for n in 0..10 {
        alerts.finished(&failure(&format!("upstream-{n}")));
    }
    assert_eq!(finish(&alerts, worker).await.as_secs(), 2);
    assert_eq!(counted(&alerts.counts()[0]), (1, 0, 9));
    alerts.finished(&failure("late"));
    assert_eq!(counted(&alerts.counts()[0]), (1, 1, 9), "what comes after the end is dropped and counted");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_listener_ends_the_worker() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    alerts.finished(&failure("primary"));
    drop(alerts);
    worker.run().await;
    assert_eq!(channel.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn channels_of_one_name_are_counted_together() {
    let (one, two) = (Scripted::new("chat", &[], Step::Take), Scripted::new("chat", &[], Step::Refuse));
    let (alerts, worker) = start(&[&one, &two]);
    alerts.finished(&failure("primary"));
    finish(&alerts, worker).await;
    assert_eq!(alerts.counts().len(), 1);
    assert_eq!(counted(&alerts.counts()[0]), (1, 0, 1));
}
