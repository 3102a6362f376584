//! What the writer does between batches: reach a store, and tend it.

use crate::exchanges::exchange;
use async_trait::async_trait;
use oar_exchange::Observer;
use oar_record::{Counters, DropReason, QUEUE_CAP_ROWS, Recorder, Retention, Row, Store, StoreError, Tended};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What a store was asked, and when.
#[derive(Clone, Debug, PartialEq)]
enum Call {
    Write(usize),
    Tend(Retention),
}

/// A store whose steps take a second each.
#[derive(Clone, Default)]
struct Tending(Arc<Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    unreachable_for: usize,
    write_takes: Duration,
    writes: VecDeque<Result<(), StoreError>>,
    steps: VecDeque<Result<Tended, StoreError>>,
    calls: Vec<(Instant, Call)>,
    now: Vec<SystemTime>,
}

impl Tending {
    fn new(steps: impl IntoIterator<Item = Result<Tended, StoreError>>) -> Self {
        let store = Self::default();
        store.0.lock().unwrap().steps.extend(steps);
        store
    }

    /// Milliseconds since `start`, and what was asked then.
    fn calls(&self, start: Instant) -> Vec<(u128, Call)> {
        let asked = self.0.lock().unwrap();
        asked.calls.iter().map(|(at, call)| (at.duration_since(start).as_millis(), call.clone())).collect()
    }

    fn tended(&self, start: Instant) -> Vec<u128> {
        self.calls(start).into_iter().filter(|(_, call)| matches!(call, Call::Tend(_))).map(|(at, _)| at).collect()
    }

    fn written(&self, start: Instant) -> Vec<(u128, usize)> {
        let written = |(at, call)| if let Call::Write(rows) = call { Some((at, rows)) } else { None };
        self.calls(start).into_iter().filter_map(written).collect()
    }

    fn note(&self, call: Call) {
        self.0.lock().unwrap().calls.push((Instant::now(), call));
    }
}

#[async_trait]
impl Store for Tending {
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
        self.note(Call::Write(rows.len()));
        let takes = self.0.lock().unwrap().write_takes;
        sleep(takes).await;
        let mut asked = self.0.lock().unwrap();
        if let Some(outcome) = asked.writes.pop_front() {
            return outcome;
        }
        let reached = asked.unreachable_for == 0;
        asked.unreachable_for = asked.unreachable_for.saturating_sub(1);
        if reached { Ok(()) } else { Err(StoreError::unavailable("not there")) }
    }

    fn is_ready(&self) -> bool {
        self.0.lock().unwrap().unreachable_for == 0
    }

    async fn tend(&mut self, retention: &Retention, now: SystemTime) -> Result<Tended, StoreError> {
        self.note(Call::Tend(*retention));
        sleep(SECOND).await;
        let mut asked = self.0.lock().unwrap();
        asked.now.push(now);
        asked.steps.pop_front().unwrap_or(Ok(Tended::Done))
    }
}

fn start(store: &Tending) -> (Recorder, oar_record::Writer, Counters, Instant) {
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let counters = recorder.counters();
    (recorder, writer, counters, Instant::now())
}

fn record(recorder: &Recorder, count: usize) {
    for id in 0..count {
        recorder.finished(&Arc::new(exchange(&id.to_string())));
    }
}

fn more(steps: usize) -> impl Iterator<Item = Result<Tended, StoreError>> {
    (0..steps).map(|_| Ok(Tended::More))
}

#[tokio::test(start_paused = true)]
async fn a_store_at_rest_is_tended_until_it_is_in_order_and_then_every_minute() {
    let store = Tending::new(more(2));
    let (_recorder, writer, _, begin) = start(&store);
    let stop = async {
        sleep(2 * MINUTE).await;
        Duration::ZERO
    };
    writer.run(stop).await;
    assert_eq!(store.tended(begin), [0, 1_000, 2_000, 63_000]);
}

#[tokio::test(start_paused = true)]
async fn what_may_go_can_be_changed_at_any_time() {
    let store = Tending::default();
    let (recorder, writer, _, begin) = start(&store);
    let retention = Retention { age: Some(MINUTE), bytes: Some(7) };
    let stop = async {
        sleep(SECOND).await;
        recorder.clone().retain(retention);
        sleep(MINUTE + SECOND).await;
        Duration::ZERO
    };
    writer.run(stop).await;
    let calls: Vec<_> = store.calls(begin).into_iter().map(|(_, call)| call).collect();
    assert_eq!(calls, [Call::Tend(Retention::default()), Call::Tend(retention)]);
}

#[tokio::test(start_paused = true)]
async fn rows_wait_for_one_step_and_no_more() {
    let store = Tending::new(more(20));
    let (recorder, writer, counters, begin) = start(&store);
    let traffic = async {
        sleep(Duration::from_millis(2_100)).await;
        record(&recorder, 3);
        sleep(Duration::from_millis(1_200)).await;
        assert_eq!(counters.written(), 3);
        Duration::ZERO
    };
    writer.run(traffic).await;
    // The step that began at two seconds, and the time that a batch waits for others.
    assert_eq!(store.written(begin), [(3_250, 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_never_at_rest_is_tended_too() {
    let store = Tending::new(more(100));
    // While one batch is written the next one begins to fill.
    store.0.lock().unwrap().write_takes = Duration::from_millis(50);
    let (recorder, writer, counters, begin) = start(&store);
    let traffic = async {
        for _ in 0..1_000 {
            record(&recorder, 1);
            sleep(Duration::from_millis(10)).await;
        }
        MINUTE
    };
    writer.run(traffic).await;
    assert_eq!(counters.written(), 1_000);
    assert!(store.tended(begin).len() >= 7, "{:?}", store.tended(begin));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_fills_up_comes_first() {
    let store = Tending::new(more(100));
    let (recorder, writer, counters, begin) = start(&store);
    let traffic = async {
        sleep(Duration::from_millis(100)).await;
        record(&recorder, QUEUE_CAP_ROWS);
        sleep(SECOND).await;
        assert!(counters.queued_rows() <= QUEUE_CAP_ROWS / 2, "{}", counters.queued_rows());
        Duration::ZERO
    };
    writer.run(traffic).await;
    let tended = store.tended(begin);
    assert_eq!(tended, [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_rows_and_not_for_order() {
    let store = Tending::new(more(100));
    let (recorder, writer, counters, begin) = start(&store);
    let traffic = async {
        sleep(Duration::from_millis(2_500)).await;
        record(&recorder, 1_200);
        Duration::from_secs(5)
    };
    writer.run(traffic).await;
    assert_eq!((counters.written(), begin.elapsed() < 4 * SECOND), (1_200, true));
    assert_eq!(store.tended(begin), [0, 1_000, 2_000]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_costs_no_row_and_is_tried_again_later() {
    let store = Tending::new([Err(StoreError::unavailable("busy")), Err(StoreError::unavailable("busy"))]);
    let (recorder, writer, counters, begin) = start(&store);
    let traffic = async {
        sleep(2 * SECOND).await;
        record(&recorder, 1);
        sleep(3 * MINUTE).await;
        assert!(counters.store_is_up());
        Duration::ZERO
    };
    writer.run(traffic).await;
    assert_eq!((store.tended(begin), store.written(begin)), (vec![0, 61_000, 122_000], vec![(2_250, 1)]));
}

/// D02: a store that was not there at the start is asked until it is, whether or not there are rows.
#[tokio::test(start_paused = true)]
async fn a_store_that_was_never_reached_is_asked_until_it_is_there() {
    let store = Tending::default();
    store.0.lock().unwrap().unreachable_for = 7;
    let (_recorder, writer, counters, begin) = start(&store);
    let stop = async {
        sleep(17 * SECOND).await;
        assert!(!counters.store_is_up());
        sleep(SECOND).await;
        assert!(counters.store_is_up());
        sleep(MINUTE).await;
        Duration::ZERO
    };
    writer.run(stop).await;
    let times: Vec<_> = store.written(begin);
    assert_eq!(times, [0, 250, 750, 1_750, 3_750, 7_750, 12_750, 17_750].map(|at| (at, 0)));
    assert_eq!(store.tended(begin), [17_750]);
}

/// D03, D10: whoever says no to a row is there.
#[tokio::test(start_paused = true)]
async fn a_store_that_rejects_a_row_after_an_outage_is_up() {
    let store = Tending::default();
    store
        .0
        .lock()
        .unwrap()
        .writes
        .extend([Err(StoreError::unavailable("down")), Err(StoreError::rejected("a bad row"))]);
    let (recorder, writer, counters, _) = start(&store);
    let traffic = async {
        // It has been tended, and is left alone for a minute.
        sleep(2 * SECOND).await;
        record(&recorder, 1);
        sleep(Duration::from_millis(300)).await;
        assert!(!counters.store_is_up());
        sleep(SECOND).await;
        assert_eq!((counters.store_is_up(), counters.dropped(DropReason::Invalid)), (true, 1));
        Duration::ZERO
    };
    writer.run(traffic).await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_store_that_was_never_reached() {
    let store = Tending::default();
    store.0.lock().unwrap().unreachable_for = usize::MAX;
    let (_recorder, writer, _, begin) = start(&store);
    writer
        .run(async {
            sleep(SECOND).await;
            MINUTE
        })
        .await;
    assert_eq!(begin.elapsed(), SECOND);
}

/// D12: ages are counted by the time that has passed.
#[tokio::test(start_paused = true)]
async fn the_time_that_ages_are_counted_from_keeps_its_own_pace() {
    let store = Tending::default();
    let (_recorder, writer, _, _) = start(&store);
    let week = 7 * 24 * 60 * MINUTE;
    let real = SystemTime::now();
    let run = tokio::time::timeout(week, writer.run(pending()));
    assert!(run.await.is_err());
    let now = store.0.lock().unwrap().now.clone();
    // A week has passed by this clock, none by the system's.
    assert!(now.last().unwrap().duration_since(real).unwrap() > week - 2 * MINUTE);
    assert!(now.windows(2).all(|pair| pair[1].duration_since(pair[0]).unwrap() == MINUTE + SECOND));
}
