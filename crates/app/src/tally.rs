//! What other rooms count, read by the metrics when they are scraped.

use crate::current::Current;
use crate::reload::Reloads;
use crate::serve::AcceptErrors;
use oar_metrics::Metrics;
use oar_notify::ChannelCounts;
use oar_record::{Counters, DropReason};
use std::sync::Arc;

pub(crate) fn gateway(metrics: &Metrics, current: &Current) {
    let current = current.clone();
    let help = "Memory that request bodies hold until they have been answered";
    metrics.gauge_fn("oar_buffered_request_bytes", help, &[], move || current.get().gateway.buffered_bytes() as u64);
}

pub(crate) fn reloads(metrics: &Metrics, reloads: &Arc<Reloads>) {
    type Count = fn(&Reloads) -> u64;
    for (result, count) in [("applied", Reloads::applied as Count), ("rejected", Reloads::rejected)] {
        let (reloads, labels) = (Arc::clone(reloads), [("result", result)]);
        let help = "Configurations that were loaded while the gateway ran";
        metrics.counter_fn("oar_config_reloads_total", help, &labels, move || count(&reloads));
    }
}

pub(crate) fn records(metrics: &Metrics, counters: &Counters) {
    let read = |value: fn(&Counters) -> u64| {
        let counters = counters.clone();
        move || value(&counters)
    };
    metrics.counter_fn("oar_records_written_total", "Records that reached the database", &[], read(Counters::written));
    let help = "Requests of which no record was to be kept";
    metrics.counter_fn("oar_records_skipped_total", help, &[], read(Counters::skipped));
    for reason in DropReason::ALL {
        let counters = counters.clone();
        let help = "Records that were lost";
        let labels = [("reason", reason.as_str())];
        metrics.counter_fn("oar_records_dropped_total", help, &labels, move || counters.dropped(reason));
    }
    let rows = read(|counters| counters.queued_rows() as u64);
    metrics.gauge_fn("oar_record_queue_items", "Records that wait to be written", &[], rows);
    let bytes = read(|counters| counters.queued_bytes() as u64);
    metrics.gauge_fn("oar_record_queue_bytes", "Memory that waiting records hold", &[], bytes);
    let up = read(|counters| u64::from(counters.store_is_up()));
    metrics.gauge_fn("oar_records_db_up", "Whether the last write reached the database", &[], up);
}

pub(crate) fn accept_errors(metrics: &Metrics, errors: &AcceptErrors) {
    for (reason, read) in errors.reasons() {
        let help = "Connections that could not be accepted";
        metrics.counter_fn("oar_accept_errors_total", help, &[("errno", reason)], read);
    }
}

pub(crate) fn alerts(metrics: &Metrics, channels: &[Arc<ChannelCounts>]) {
    type Count = fn(&ChannelCounts) -> u64;
    let kinds: [(&'static str, &'static str, Count); 3] = [
        ("oar_notify_sent_total", "Alerts that were delivered", ChannelCounts::sent),
        ("oar_notify_suppressed_total", "Alerts that were held back", ChannelCounts::suppressed),
        ("oar_notify_failed_total", "Alerts that could not be delivered", ChannelCounts::failed),
    ];
    for (name, help, count) in kinds {
        for channel in channels {
            let counted = Arc::clone(channel);
            metrics.counter_fn(name, help, &[("channel", channel.name())], move || count(&counted));
        }
    }
}
