use super::*;
use std::sync::mpsc::sync_channel;

/// What happens at which second.
type Happening = (u64, fn(&Alerts));

/// What is told while `steps` happen, each at its second, and for ten minutes after.
async fn check(steps: &[Happening], expected: &[(u64, Kind, &str)]) {
    check_of(&Ending::ALL, steps, expected).await;
}

/// The same where people are told of requests with these ends alone.
async fn check_of(endings: &[Ending], steps: &[Happening], expected: &[(u64, Kind, &str)]) {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start_telling(endings, &channel);
    let begin = Instant::now();
    let happen = async {
        for (second, step) in steps {
            tokio::time::sleep_until(begin + Duration::from_secs(*second)).await;
            step(&alerts);
        }
        close_after(600, &alerts).await;
    };
    tokio::join!(worker.run(), happen);
    let expected: Vec<_> = expected.iter().map(|(second, kind, line)| (*second, *kind, (*line).to_owned())).collect();
    assert_eq!(told(&channel, begin), expected);
}

fn fails(alerts: &Alerts) {
    alerts.finished(&failure("primary"));
}

fn works(alerts: &Alerts) {
    alerts.finished(&success("primary"));
}

const FAILS: (Kind, &str) = (Kind::Alert, "upstream primary fails: it answers with an error (status 500)");
const WORKS: (Kind, &str) = (Kind::Recovered, "upstream primary works again (recovered)");
const STUCK: (Kind, &str) = (Kind::Records, "records cannot be written (records_stuck)");
const WRITTEN: (Kind, &str) = (Kind::Recovered, "records are written again (recovered)");
const REJECTED: (Kind, &str) = (Kind::Reload, "the new configuration was rejected (reload_failed)");
const APPLIED: (Kind, &str) = (Kind::Recovered, "the new configuration is in force (recovered)");

const fn at(second: u64, (kind, line): (Kind, &'static str)) -> (u64, Kind, &'static str) {
    (second, kind, line)
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_works_again_is_told_a_window_after_its_last_fault() {
    check(&[(0, fails), (10, fails), (12, works)], &[at(0, FAILS), at(70, WORKS)]).await;
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_flaps_stays_in_trouble() {
    let steps: Vec<_> = (0..20).flat_map(|n| [(n * 20, fails as fn(&Alerts)), (n * 20 + 10, works)]).collect();
    let told: Vec<_> = (0..7).map(|n| at(n * 60, FAILS)).chain([at(440, WORKS)]).collect();
    check(&steps, &told).await;
}

/// What is not told is a fault all the same: "none since" must be true.
#[tokio::test(start_paused = true)]
async fn an_upstream_whose_faults_others_make_good_does_not_work_again_because_nobody_hears_of_them() {
    let breaks = |alerts: &Alerts| alerts.finished(&exchange(Outcome::StreamBroken, &[status("primary", 500)]).into());
    let broken = (Kind::Alert, "upstream primary fails: its answer broke off (stream_broken)");
    let steps: &[Happening] = &[(0, breaks), (1, works), (30, fails), (31, works)];
    check_of(&[Ending::StreamBroken], steps, &[at(0, broken), at(90, WORKS)]).await;
    check_of(&[Ending::StreamBroken], &[(0, fails), (1, works)], &[]).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_request_that_worked_nothing_is_claimed() {
    check(&[(0, fails)], &[at(0, FAILS)]).await;
    check(&[(0, works), (1, fails)], &[at(1, FAILS)]).await;
    let other = |alerts: &Alerts| alerts.finished(&success("secondary"));
    check(&[(0, fails), (1, other)], &[at(0, FAILS)]).await;
    // It was under way before the fault, and ended well after it.
    let long = |alerts: &Alerts| {
        let story = success("primary");
        alerts.finished(&Exchange { elapsed: Duration::from_secs(20), ..Exchange::clone(&story) }.into());
    };
    check(&[(0, fails), (19, long)], &[at(0, FAILS)]).await;
    // The client may have left because nothing came.
    let left = |alerts: &Alerts| {
        let story = success("primary");
        alerts.finished(&Exchange { outcome: Outcome::ClientClosed, ..Exchange::clone(&story) }.into());
    };
    check(&[(0, fails), (19, left)], &[at(0, FAILS)]).await;
}

#[tokio::test(start_paused = true)]
async fn requests_and_upstreams_that_work_again_at_once_are_one_message() {
    let all_fail = |alerts: &Alerts| {
        alerts.finished(&exchange(Outcome::AllFailed, &[status("primary", 500), status("spare", 429)]).into());
    };
    let all_work = |alerts: &Alerts| ["primary", "spare"].iter().for_each(|name| alerts.finished(&success(name)));
    let failed = (Kind::Alert, "no upstream left: each one that was tried failed (all_failed)");
    let over = (Kind::Recovered, "3 troubles are over (recovered)");
    check(&[(0, all_fail), (5, all_work)], &[at(0, failed), at(60, over)]).await;
}

/// D02, D03: the end is told at once, but only to those who know of the beginning.
#[tokio::test(start_paused = true)]
async fn records_that_are_written_again_are_told_at_once() {
    let (stuck, written) = (Alerts::records_are_stuck, Alerts::records_are_written);
    check(&[(0, stuck), (5, written)], &[at(0, STUCK), at(5, WRITTEN)]).await;
    check(&[(0, written)], &[]).await;
    // Twice within the window is once, …
    let twice: [Happening; 4] = [(0, stuck), (5, written), (10, stuck), (15, written)];
    check(&twice, &[at(0, STUCK), at(5, WRITTEN)]).await;
    // … unless it goes on.
    let goes_on: [Happening; 4] = [(0, stuck), (5, written), (10, stuck), (100, written)];
    check(&goes_on, &[at(0, STUCK), at(5, WRITTEN), at(60, STUCK), at(100, WRITTEN)]).await;
}

/// L03
#[tokio::test(start_paused = true)]
async fn a_rejected_configuration_is_told_and_the_next_that_is_applied() {
    let (failed, worked) = (Alerts::reload_failed, Alerts::reload_worked);
    let steps: [Happening; 4] = [(0, worked), (1, failed), (2, failed), (300, failed)];
    check(&steps, &[at(1, REJECTED), at(300, REJECTED)]).await;
    let steps: [Happening; 4] = [(0, failed), (30, failed), (90, worked), (91, worked)];
    check(&steps, &[at(0, REJECTED), at(90, APPLIED)]).await;
}

/// N01: the limit delays what is over, and never swallows it.
#[tokio::test(start_paused = true)]
async fn a_recovery_waits_for_room() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let begin = Instant::now();
    let happen = async {
        alerts.records_are_stuck();
        (0..19).for_each(|n| alerts.finished(&failure(&format!("upstream-{n}"))));
        sleep(Duration::from_secs(1)).await;
        alerts.records_are_written();
        close_after(600, &alerts).await;
    };
    tokio::join!(worker.run(), happen);
    let told = told(&channel, begin);
    assert_eq!(told.len(), 21);
    assert_eq!((told[20].0, told[20].1, told[20].2.as_str()), at(60, WRITTEN));
}

#[tokio::test(start_paused = true)]
async fn it_says_how_often_and_how_long() {
    let channel = Scripted::new("one", &[], Step::Take);
    let (alerts, worker) = start(&[&channel]);
    let happen = async {
        for _ in 0..12 {
            fails(&alerts);
            sleep(Duration::from_secs(10)).await;
        }
        works(&alerts);
        close_after(600, &alerts).await;
    };
    tokio::join!(worker.run(), happen);
    let text = channel.seen().last().expect("messages").1.text();
    let expected = "upstream primary works again (recovered)\n12 failures in 1 min 50 s, and none for 1 min since.";
    assert_eq!(text, format!("[gateway-1] {expected}"));
}

/// The request path pays for what works only while something does not.
#[test]
fn a_request_that_worked_waits_for_no_lock_while_nobody_is_in_trouble() {
    let (alerts, _worker) = start(&[]);
    let (done, is_done) = sync_channel(1);
    let desk = Arc::clone(&alerts.desk);
    desk.while_locked(move || {
        std::thread::spawn(move || {
            alerts.finished(&success("primary"));
            done.send(()).expect("somebody waits");
        });
        is_done.recv_timeout(Duration::from_secs(10)).expect("it does not wait");
    });
}
