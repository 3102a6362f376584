use super::*;

/// Fails 1,000 times in a second, on 100 upstreams in turn, for so many seconds; then nothing happens for ten minutes.
async fn flood(seconds: u64, alerts: &Alerts) {
    // Not at the second at which it is looked whether something is due.
    sleep(Duration::from_millis(500)).await;
    for n in 0..seconds * 1000 {
        alerts.finished(&failure(&format!("upstream-{:02}", n % 100)));
        sleep(Duration::from_millis(1)).await;
    }
    close_after(600, alerts).await;
}

/// N01
#[tokio::test(start_paused = true)]
async fn a_flood_is_told_in_twenty_messages_and_one_summary() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let begin = Instant::now();
    tokio::join!(worker.run(), flood(10, &alerts));
    let told = told(&channel, begin);
    let (summary, alerts_told) = told.split_last().expect("messages");
    assert!(alerts_told.iter().all(|(second, kind, _)| (*second, *kind) == (0, Kind::Alert)), "{told:?}");
    assert_eq!(alerts_told.len(), 20);
    assert_eq!(*summary, (61, Kind::Summary, "9980 more failures in 1 min (summary)".to_owned()));
    assert_eq!(counted(&alerts.counts()[0]), (21, 9_980, 0));
    let text = channel.seen()[20].1.text();
    assert!(text.contains("\n100 × upstream upstream-20 fails: it answers with an error (status 500)\n"), "{text}");
    assert!(text.ends_with("\nand 90 others"), "{text}");
}

/// N01: a flood that goes on is told again each minute, the summary first.
#[tokio::test(start_paused = true)]
async fn no_minute_of_a_flood_has_more_than_twenty_messages_and_nothing_is_lost_count_of() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let begin = Instant::now();
    tokio::join!(worker.run(), flood(150, &alerts));
    let told = told(&channel, begin);
    for minute in 0..3 {
        let of_minute: Vec<_> = told.iter().filter(|(second, ..)| second / 60 == minute).collect();
        assert_eq!(of_minute.len(), 20, "{of_minute:?}");
        let summaries = of_minute.iter().filter(|(_, kind, _)| *kind == Kind::Summary).count();
        assert_eq!((summaries, of_minute[0].1 == Kind::Summary), (usize::from(minute > 0), minute > 0));
    }
    let in_all: u64 = channel.seen().iter().map(|(_, alert)| more(alert)).sum();
    let alerts_told = told.iter().filter(|(_, kind, _)| *kind == Kind::Alert).count() as u64;
    assert_eq!(in_all + alerts_told, 150_000);
}

/// N01
#[tokio::test(start_paused = true)]
async fn repeats_that_nothing_else_tells_are_told_by_a_summary_after_two_windows() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let begin = Instant::now();
    let fail = async {
        for upstream in ["primary", "secondary"] {
            (0..3).for_each(|_| alerts.finished(&failure(upstream)));
            sleep(Duration::from_secs(30)).await;
        }
        close_after(600, &alerts).await;
    };
    tokio::join!(worker.run(), fail);
    let told: Vec<_> = told(&channel, begin).into_iter().map(|(second, kind, _)| (second, kind)).collect();
    assert_eq!(told, [(0, Kind::Alert), (30, Kind::Alert), (120, Kind::Summary)]);
    assert_eq!(more(&channel.seen()[2].1), 4);
    assert_eq!(counted(&alerts.counts()[0]), (3, 4, 0));
}

/// N01
#[tokio::test(start_paused = true)]
async fn a_trouble_that_goes_on_is_told_once_a_minute_and_its_end_once() {
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
    let held_back: u64 = channel.seen().iter().map(|(_, alert)| more(alert)).sum();
    assert_eq!((channel.seen().len(), held_back), (5, 196), "at 0, 60, 120, 180 s, and a summary after the end");
}
