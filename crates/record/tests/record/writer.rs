use crate::exchanges::{exchange, heavy};
use async_trait::async_trait;
use bytes::Bytes;
use oar_exchange::Observer;
use oar_record::{
    Counters, DropReason, PostgresStore, QUEUE_CAP_BYTES, QUEUE_CAP_ROWS, Recorder, Row, Store, StoreError,
};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a scripted store does with one call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Take,
    Fail,
    Full,
    Hang,
}

/// A store that follows a script, then takes everything but the rows it finds bad.
#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    steps: VecDeque<Step>,
    bad: Vec<String>,
    calls: Vec<(Instant, usize)>,
    kept: Vec<String>,
}

impl Scripted {
    fn new(steps: &[Step]) -> Self {
        let store = Self::default();
        store.0.lock().unwrap().steps.extend(steps);
        store
    }

    fn refusing(bad: &[&str]) -> Self {
        let store = Self::default();
        store.0.lock().unwrap().bad = bad.iter().map(ToString::to_string).collect();
        store
    }

    /// When each call came, in milliseconds since `start`, and with how many rows.
    fn calls(&self, start: Instant) -> Vec<(u128, usize)> {
        let script = self.0.lock().unwrap();
        script.calls.iter().map(|(at, rows)| (at.duration_since(start).as_millis(), *rows)).collect()
    }

    fn kept(&self) -> Vec<String> {
        self.0.lock().unwrap().kept.clone()
    }

    fn step(&self, rows: &[Arc<Row>]) -> Result<Step, StoreError> {
        let mut script = self.0.lock().unwrap();
        script.calls.push((Instant::now(), rows.len()));
        let step = script.steps.pop_front().unwrap_or(Step::Take);
        if step != Step::Take {
            return Ok(step);
        }
        let ids: Vec<_> = rows.iter().filter_map(|row| row.exchange_id.clone()).collect();
        if ids.iter().any(|id| script.bad.contains(id)) {
            return Err(StoreError::rejected("a bad row"));
        }
        script.kept.extend(ids);
        Ok(step)
    }
}

#[async_trait]
impl Store for Scripted {
    async fn write(&mut self, rows: &[Arc<Row>]) -> Result<(), StoreError> {
        match self.step(rows)? {
            Step::Take => Ok(()),
            Step::Fail => Err(StoreError::unavailable("down")),
            Step::Full => Err(StoreError::Full("full".into())),
            Step::Hang => pending().await,
        }
    }
}

fn record(recorder: &Recorder, ids: std::ops::Range<usize>) {
    for id in ids {
        recorder.finished(&Arc::new(exchange(&id.to_string())));
    }
}

fn ids(ids: std::ops::Range<usize>) -> Vec<String> {
    ids.map(|id| id.to_string()).collect()
}

/// `[written, queue_full, invalid, shutdown, queued]`.
fn tally(counters: &Counters) -> [u64; 5] {
    let [full, _, invalid, shutdown] = DropReason::ALL.map(|reason| counters.dropped(reason));
    [counters.written(), full, invalid, shutdown, counters.queued_rows() as u64]
}

/// Stops after `running`, and then gives `grace` to flush.
async fn stop_after(running: Duration, grace: Duration) -> Duration {
    sleep(running).await;
    grace
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_batch_is_written_a_quarter_second_after_its_first_row() {
    let store = Scripted::default();
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let start = Instant::now();
    let traffic = async {
        record(&recorder, 0..2);
        sleep(Duration::from_millis(200)).await;
        record(&recorder, 2..3);
        sleep(Duration::from_millis(100)).await;
        record(&recorder, 3..4);
        sleep(MINUTE).await;
        Duration::ZERO
    };
    writer.run(traffic).await;
    assert_eq!(store.calls(start), [(250, 3), (550, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_wait() {
    let store = Scripted::default();
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let start = Instant::now();
    record(&recorder, 0..1_001);
    writer.run(stop_after(MINUTE, Duration::ZERO)).await;
    assert_eq!(store.calls(start), [(0, 500), (0, 500), (250, 1)]);
    assert_eq!(store.kept(), ids(0..1_001));
}

#[tokio::test(start_paused = true)]
async fn the_row_that_fills_a_batch_ends_its_waiting() {
    let store = Scripted::default();
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let start = Instant::now();
    record(&recorder, 0..499);
    let later = async {
        sleep(Duration::from_millis(100)).await;
        record(&recorder, 499..500);
    };
    tokio::join!(later, writer.run(stop_after(MINUTE, Duration::ZERO)));
    assert_eq!(store.calls(start), [(100, 500)]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_full_at_eight_mebibytes_too() {
    let store = Scripted::default();
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let start = Instant::now();
    let body = Bytes::from(vec![0; 4 * 1024 * 1024]);
    (0..5).for_each(|id| recorder.finished(&heavy(&id.to_string(), &body)));
    writer.run(stop_after(MINUTE, Duration::ZERO)).await;
    assert_eq!(store.calls(start), [(0, 2), (0, 2), (250, 1)]);
}

/// D03.
#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_asked_again_ever_more_slowly_and_loses_nothing() {
    let store = Scripted::new(&[Step::Fail; 7]);
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let counters = recorder.counters();
    let start = Instant::now();
    let traffic = async {
        record(&recorder, 0..3);
        sleep(Duration::from_secs(1)).await;
        assert!(!counters.store_is_up());
        record(&recorder, 3..5);
        stop_after(MINUTE, Duration::ZERO).await
    };
    writer.run(traffic).await;
    let times: Vec<_> = store.calls(start).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [250, 500, 1_000, 2_000, 4_000, 8_000, 13_000, 18_000, 18_250]);
    assert_eq!((store.kept(), tally(&counters)), (ids(0..5), [5, 0, 0, 0, 0]));
    assert!(counters.store_is_up());
}

/// D03.
#[tokio::test(start_paused = true)]
async fn while_the_store_is_down_the_queue_stays_within_its_rows() {
    let store = Scripted::new(&[Step::Fail; 5]);
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let counters = recorder.counters();
    let traffic = async {
        record(&recorder, 0..QUEUE_CAP_ROWS);
        sleep(Duration::from_secs(1)).await;
        record(&recorder, QUEUE_CAP_ROWS..QUEUE_CAP_ROWS + 7);
        assert_eq!(tally(&counters), [0, 7, 0, 0, QUEUE_CAP_ROWS as u64]);
        stop_after(MINUTE, Duration::ZERO).await
    };
    writer.run(traffic).await;
    assert_eq!(tally(&counters), [QUEUE_CAP_ROWS as u64, 7, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_hangs_the_queue_stays_within_its_bytes() {
    let store = Scripted::new(&[Step::Hang]);
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let counters = recorder.counters();
    let body = Bytes::from(vec![0; 4 * 1024 * 1024]);
    let traffic = async {
        (0..20).for_each(|id| recorder.finished(&heavy(&id.to_string(), &body)));
        sleep(MINUTE).await;
        assert_eq!((counters.queued_bytes(), tally(&counters)), (QUEUE_CAP_BYTES, [0, 4, 0, 0, 16]));
        MINUTE
    };
    writer.run(traffic).await;
    assert_eq!((counters.queued_bytes(), tally(&counters)), (0, [16, 4, 0, 0, 0]));
}

#[test]
fn a_store_that_was_never_reached_is_not_up() {
    let lazy = PostgresStore::lazy(&"postgres://me@db/records".to_owned().into()).unwrap();
    let (recorder, _writer) = Recorder::start(Box::new(lazy), "h");
    assert!(!recorder.counters().store_is_up());
    let (recorder, _writer) = Recorder::start(Box::new(Scripted::default()), "h");
    assert!(recorder.counters().store_is_up());
}

/// D10.
#[tokio::test(start_paused = true)]
async fn a_poisoned_batch_loses_the_poison_only() {
    let store = Scripted::refusing(&["0", "123", "124", "499"]);
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let start = Instant::now();
    record(&recorder, 0..500);
    writer.run(stop_after(MINUTE, Duration::ZERO)).await;
    assert_eq!(tally(&recorder.counters()), [496, 0, 4, 0, 0]);
    let good: Vec<_> =
        ids(0..500).into_iter().filter(|id| !["0", "123", "124", "499"].contains(&id.as_str())).collect();
    assert_eq!(store.kept(), good);
    assert!(store.calls(start).len() < 80, "{} calls", store.calls(start).len());
}

/// D09.
#[tokio::test(start_paused = true)]
async fn everything_queued_is_written_before_the_end() {
    let store = Scripted::default();
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    record(&recorder, 0..5_000);
    let start = Instant::now();
    writer.run(async { Duration::from_secs(5) }).await;
    assert_eq!(start.elapsed(), Duration::ZERO, "it ends when the queue is empty, not when its time is up");
    assert_eq!(store.kept(), ids(0..5_000));
    record(&recorder, 0..1);
    assert_eq!(tally(&recorder.counters()), [5_000, 0, 0, 1, 0]);
}

/// D09.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_in_time_is_counted() {
    for steps in [vec![Step::Take, Step::Hang], [vec![Step::Take], vec![Step::Fail; 99]].concat()] {
        let store = Scripted::new(&steps);
        let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
        record(&recorder, 0..1_700);
        let start = Instant::now();
        writer.run(async { Duration::from_secs(5) }).await;
        assert_eq!(start.elapsed(), Duration::from_secs(5), "{steps:?}");
        assert_eq!(tally(&recorder.counters()), [500, 0, 0, 1_200, 0], "{steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_under_way_at_the_stop_is_repeated() {
    let store = Scripted::new(&[Step::Hang]);
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    record(&recorder, 0..3);
    writer.run(stop_after(Duration::from_secs(1), Duration::from_secs(5))).await;
    assert_eq!((store.kept(), tally(&recorder.counters())), (ids(0..3), [3, 0, 0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_dropped_counts_what_it_held() {
    let (recorder, writer) = Recorder::start(Box::new(Scripted::new(&[Step::Hang])), "h");
    record(&recorder, 0..700);
    let aborted = tokio::time::timeout(MINUTE, writer.run(pending())).await;
    assert!(aborted.is_err());
    assert_eq!(tally(&recorder.counters()), [0, 0, 0, 700, 0]);
}

#[tokio::test(start_paused = true)]
async fn without_a_recorder_the_writer_ends_by_itself() {
    let store = Scripted::default();
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    record(&recorder, 0..3);
    drop(recorder);
    writer.run(pending()).await;
    assert_eq!(store.kept(), ids(0..3));
}

/// D05.
#[tokio::test(start_paused = true)]
async fn what_is_dropped_for_a_full_disk_is_counted_as_that() {
    let store = Scripted::new(&[Step::Full, Step::Full, Step::Fail, Step::Take]);
    let (recorder, writer) = Recorder::start(Box::new(store.clone()), "h");
    let counters = recorder.counters();
    let traffic = async {
        record(&recorder, 0..QUEUE_CAP_ROWS);
        sleep(Duration::from_millis(300)).await;
        assert!(!counters.store_is_up());
        record(&recorder, 0..7);
        assert_eq!((counters.dropped(DropReason::DiskFull), counters.dropped(DropReason::QueueFull)), (7, 0));
        // It fails in another way by now.
        sleep(Duration::from_secs(1)).await;
        record(&recorder, 0..5);
        assert_eq!((counters.dropped(DropReason::DiskFull), counters.dropped(DropReason::QueueFull)), (7, 5));
        stop_after(MINUTE, Duration::ZERO).await
    };
    writer.run(traffic).await;
    assert_eq!((store.kept().len(), counters.store_is_up()), (QUEUE_CAP_ROWS, true));
}

#[test]
fn the_writer_can_be_spawned() {
    fn check(_: impl Future<Output = ()> + Send + 'static) {}
    let (_recorder, writer) = Recorder::start(Box::new(Scripted::default()), "h");
    check(writer.run(pending()));
}

mod log {
    use super::*;
    use oar_testkit::canary;
    use std::cell::RefCell;
    use std::io::{self, Write};

    thread_local! {
        /// What this thread has logged: these tests run on one thread each.
        static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    struct ThisThread;

    impl Write for ThisThread {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            LOGGED.with_borrow_mut(|logged| logged.write(bytes))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged while this store is given more rows than the queue holds.
    async fn logged(store: Scripted) -> String {
        let lines = tracing_subscriber::fmt().with_ansi(false).without_time().with_writer(|| ThisThread).finish();
        let _heard_here = tracing::subscriber::set_default(lines);
        let (recorder, writer) = Recorder::start(Box::new(store), "h");
        record(&recorder, 0..10_100);
        writer.run(stop_after(MINUTE, MINUTE)).await;
        String::from_utf8(LOGGED.take()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_two_lines_however_long() {
        let log = logged(Scripted::new(&[Step::Fail; 10])).await;
        let expected = [
            "record queue is full, records are dropped",
            "records cannot be written, they wait in the queue error=the record store is unavailable: down",
            "records are written again seconds=32 failures=10",
            "record queue has room again dropped_since_start=100",
        ];
        assert_eq!(log.lines().count(), expected.len(), "{log}");
        assert!(expected.iter().all(|line| log.contains(line)), "{log}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_row_is_named_and_not_quoted() {
        let log = logged(Scripted::refusing(&["42"])).await;
        assert!(
            log.contains("record is dropped, the store does not take it exchange_id=\"42\" error=a bad row"),
            "{log}"
        );
        assert!(!log.contains("gpt-4o") && !log.contains("sha256"), "{log}");
        canary::assert_none("the log", log);
    }
}
