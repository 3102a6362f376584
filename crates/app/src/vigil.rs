//! People hear when records cannot be written, and when they can again: no request fails of it, so none would tell.

use oar_notify::Alerts;
use oar_record::Counters;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::interval;

/// How often the state of the database is looked at: an atomic, so that it costs nothing.
const EVERY: Duration = Duration::from_secs(1);

/// Tells each time the database goes away, the start without it included, and each time it comes back. Goes on until it is
/// dropped.
pub(crate) async fn watch(counters: Counters, alerts: Arc<Alerts>) {
    let mut ticks = interval(EVERY);
    let mut was_up = true;
    loop {
        ticks.tick().await;
        let is_up = counters.store_is_up();
        match (was_up, is_up) {
            (true, false) => alerts.records_are_stuck(),
            (false, true) => alerts.records_are_written(),
            (true, true) | (false, false) => {}
        }
        was_up = is_up;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use oar_notify::{Alert, Notifier, NotifyError, Policy};
    use oar_record::{Recorder, Row, Store, StoreError};
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::sync::mpsc;
    use tokio::task::JoinSet;
    use tokio::time::{sleep, timeout};

    /// A store that is there while `up` says so.
    struct Shaky {
        up: Arc<AtomicBool>,
    }

    #[async_trait]
    impl Store for Shaky {
        async fn write(&mut self, _rows: &[Arc<Row>]) -> Result<(), StoreError> {
            if self.is_ready() { Ok(()) } else { Err(StoreError::Unavailable("gone".into())) }
        }

        fn is_ready(&self) -> bool {
            self.up.load(Ordering::Relaxed)
        }
    }

    struct Told(mpsc::Sender<String>);

    #[async_trait]
    impl Notifier for Told {
        fn name(&self) -> &str {
            "told"
        }

        async fn notify(&self, alert: &Alert) -> Result<(), NotifyError> {
            self.0.send(alert.text()).await.map_err(|_| NotifyError::Answer)
        }
    }

    async fn next(heard: &mut mpsc::Receiver<String>) -> String {
        timeout(Duration::from_secs(60), heard.recv()).await.expect("a message within a minute").expect("it goes on")
    }

    /// D02, D03: once each, however long it lasts.
    #[tokio::test(start_paused = true)]
    async fn people_hear_when_records_are_stuck_and_when_they_are_written_again() {
        let up = Arc::new(AtomicBool::new(false));
        let (recorder, writer) = Recorder::start(Box::new(Shaky { up: Arc::clone(&up) }), "gateway-1");
        let (told, mut heard) = mpsc::channel(10);
        let (alerts, worker) = Alerts::start(vec![Arc::new(Told(told))], "gateway-1", Policy::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(writer.run(std::future::pending()));
        tasks.spawn(worker.run());
        tasks.spawn(watch(recorder.counters(), Arc::new(alerts)));

        let stuck = next(&mut heard).await;
        assert!(stuck.contains("records cannot be written"), "{stuck}");
        sleep(Duration::from_secs(600)).await;
        assert!(heard.is_empty(), "it goes on, and nobody is told again");
        up.store(true, Ordering::Relaxed);
        let written = next(&mut heard).await;
        assert!(written.contains("records are written again"), "{written}");
        sleep(Duration::from_secs(600)).await;
        assert!(heard.is_empty(), "what works is no news");
    }
}
