use super::*;

/// The seconds at which `channel` was tried.
fn tries(channel: &Scripted, begin: Instant) -> Vec<u64> {
    channel.seen().iter().map(|(at, _)| at.duration_since(begin).as_secs()).collect()
}

/// N02
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
    assert!(seen[99].1.text().contains("upstream-99 "), "{}", seen[99].1.text());
    assert_eq!(counted(&alerts.counts()[0]), (100, 20, 0));
}

/// N02
#[tokio::test(start_paused = true)]
async fn a_channel_that_hangs_is_given_up_and_delays_no_other() {
    let (stuck, quick) = (Scripted::new("stuck", &[], Step::Hang), Scripted::new("quick", &[], Step::Take));
    let (alerts, worker) = start(&[&stuck, &quick]);
    let begin = Instant::now();
    alerts.finished(&failure("primary"));
    alerts.finished(&failure("secondary"));
    tokio::join!(worker.run(), close_after(22, &alerts));
    assert!(quick.seen().iter().all(|(at, _)| *at == begin), "{:?}", quick.seen());
    assert_eq!(
        tries(&stuck, begin),
        [0, 6, 15, 20],
        "three tries of 5 s with pauses of 1 s and 4 s, then the next message"
    );
    assert_eq!(counted(&alerts.counts()[0]), (0, 0, 2));
    assert_eq!(counted(&alerts.counts()[1]), (2, 0, 0));
}

/// N02
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

/// N06
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

/// N06
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

/// N06
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

/// N02, N03: as long as it says, if that is longer than the usual pause, but never longer than 10 s.
#[tokio::test(start_paused = true)]
async fn a_channel_that_wants_to_be_left_alone_is() {
    for (wait, expected) in [(0, [0, 1, 5]), (3, [0, 3, 7]), (3600, [0, 10, 20])] {
        let channel = Scripted::new("one", &[], Step::Later(Duration::from_secs(wait)));
        let (alerts, worker) = start(&[&channel]);
        let begin = Instant::now();
        alerts.finished(&failure("primary"));
        tokio::join!(worker.run(), close_after(30, &alerts));
        assert_eq!(tries(&channel, begin), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_keep_the_pace_of_their_channel() {
    let channel = Scripted::paced("one", Duration::from_secs(2), &[Step::Busy], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let begin = Instant::now();
    (0..3).for_each(|n| alerts.finished(&failure(&format!("upstream-{n}"))));
    tokio::join!(worker.run(), close_after(30, &alerts));
    assert_eq!(tries(&channel, begin), [0, 2, 4, 6]);
}
