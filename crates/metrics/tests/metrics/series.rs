//! How many series there are is fixed by the configuration; what others count joins the page.

use crate::support::{attempt, exchange, finish, samples, value};
use oar_exchange::{AttemptResult, Outcome};
use oar_metrics::Metrics;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// 8 outcomes, each with 500 statuses and `other`.
const REQUEST_SERIES: usize = 8 * 501;

fn series_but_requests(metrics: &Metrics) -> HashSet<String> {
    samples(metrics).into_iter().map(|(series, _)| series).filter(|s| !s.starts_with("oar_requests_total")).collect()
}

#[test]
fn no_path_model_name_or_status_makes_the_series_grow_beyond_the_closed_sets() {
    let metrics = Metrics::new(["primary", "spare"]);
    let before = series_but_requests(&metrics);
    for number in 0..5_000_u16 {
        let mut story = exchange(Outcome::ALL[usize::from(number) % Outcome::ALL.len()], number);
        story.request.path = format!("/v1/{number}");
        story.request.model = Some(format!("model-{number}"));
        story.caller = Some(format!("caller-{number}"));
        let result = AttemptResult::ALL[usize::from(number) % AttemptResult::ALL.len()];
        story.attempts = vec![attempt(&format!("stranger-{number}"), result), attempt("spare", result)];
        finish(&metrics, story);
    }
    assert_eq!(series_but_requests(&metrics), before);
    assert!(samples(&metrics).len() <= before.len() + REQUEST_SERIES);
}

#[test]
fn an_upstream_that_was_never_announced_is_counted_apart_from_all_that_were() {
    let metrics = Metrics::new(["primary", "other"]);
    let mut story = exchange(Outcome::StreamBroken, 200);
    story.attempts = vec![attempt("stranger", AttemptResult::Ok)];
    finish(&metrics, story);
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="not configured",result="ok"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="other",result="ok"}"#), "0");
    assert_eq!(value(&metrics, r#"oar_stream_broken_total{upstream="not configured"}"#), "1");
}

#[test]
fn an_announced_upstream_starts_at_zero_and_the_known_keep_their_counts() {
    let metrics = Metrics::new([String::from("primary")]);
    let mut story = exchange(Outcome::Ok, 200);
    story.attempts = vec![attempt("primary", AttemptResult::Ok)];
    finish(&metrics, story);
    metrics.announce([Arc::<str>::from("primary"), Arc::from("late")]);
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="primary",result="ok"}"#), "1");
    assert_eq!(value(&metrics, r#"oar_attempts_total{upstream="late",result="ok"}"#), "0");
}

#[test]
fn what_others_count_is_read_at_each_scrape() {
    let metrics = Metrics::new(["primary"]);
    let (full, queued) = (Arc::new(AtomicU64::new(2)), Arc::new(AtomicU64::new(9)));
    let (read_full, read_queued) = (Arc::clone(&full), Arc::clone(&queued));
    let help = "Rows that were not kept";
    metrics.counter_fn("oar_records_dropped_total", help, &[("reason", "full")], move || {
        read_full.load(Ordering::Relaxed)
    });
    metrics.counter_fn("oar_records_dropped", help, &[("reason", "failed")], || 0);
    metrics.gauge_fn("oar_record_queue_items", "Rows that wait", &[], move || read_queued.load(Ordering::Relaxed));
    assert_eq!(value(&metrics, r#"oar_records_dropped_total{reason="full"}"#), "2");
    assert_eq!(value(&metrics, r#"oar_records_dropped_total{reason="failed"}"#), "0");
    assert_eq!(value(&metrics, "oar_record_queue_items"), "9");
    full.store(5, Ordering::Relaxed);
    queued.store(0, Ordering::Relaxed);
    assert_eq!(value(&metrics, r#"oar_records_dropped_total{reason="full"}"#), "5");
    assert_eq!(value(&metrics, "oar_record_queue_items"), "0");
}

#[test]
fn names_from_the_configuration_cannot_break_the_page() {
    let metrics = Metrics::new(["a\"b\\c\nd"]);
    assert_eq!(value(&metrics, r#"oar_stream_broken_total{upstream="a\"b\\c\nd"}"#), "0");
}

#[test]
fn every_family_is_announced_once_before_its_samples() {
    let metrics = Metrics::new(["primary", "spare"]);
    metrics.counter_fn("oar_records_dropped_total", "Rows", &[("reason", "full")], || 1);
    metrics.counter_fn("oar_records_dropped_total", "Rows", &[("reason", "failed")], || 1);
    let (_, page) = metrics.render(None);
    let types: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let names: HashSet<_> = types.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names.len(), types.len(), "{types:?}");
    let mut current = "";
    for line in page.lines() {
        match line.strip_prefix("# TYPE ") {
            Some(announced) => current = announced.split(' ').next().expect("a name"),
            None => assert!(line.starts_with("# ") || line.starts_with(current), "{line} under {current}"),
        }
    }
    assert!(page.ends_with("# EOF\n"));
}
