//! People hear when records cannot be written: no request fails of it, so none would tell.

use oar_notify::Alerts;
use oar_record::Counters;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::interval;

/// How often the state of the database is looked at: an atomic, so that it costs nothing.
const EVERY: Duration = Duration::from_secs(1);

/// Tells each time the database goes away, the start without it included. Goes on until it is dropped.
pub(crate) async fn watch(counters: Counters, alerts: Arc<Alerts>) {
    let mut ticks = interval(EVERY);
    let mut was_up = true;
    loop {
        ticks.tick().await;
        let is_up = counters.store_is_up();
        if was_up && !is_up {
            alerts.records_are_stuck();
        }
        was_up = is_up;
    }
}
