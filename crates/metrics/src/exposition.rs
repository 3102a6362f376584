use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

/// <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Renders `registry` in the format that suits `accept`, and names that format.
pub(crate) fn render(registry: &Registry, accept: Option<&str>) -> (&'static str, String) {
    let mut page = String::new();
    // Writing to a string cannot fail, and no metric here refuses to be written as text.
    let _infallible = text::encode(&mut page, registry);
    match accept {
        Some(accept) if wants_plain(accept) => (PLAIN, plain(&page)),
        _ => (OPENMETRICS, page),
    }
}

fn wants_plain(accept: &str) -> bool {
    let accept = accept.to_ascii_lowercase();
    accept.contains("text/") && !accept.contains("application/openmetrics-text")
}

/// Rewrites OpenMetrics text as the older format, which announces counters under the name of their samples and knows
/// neither `# UNIT` nor `# EOF`.
fn plain(openmetrics: &str) -> String {
    let mut page = String::with_capacity(openmetrics.len());
    let mut held_help = None;
    for line in openmetrics.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            held_help = help.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = held_help.take() {
                page.push_str(&format!("# HELP {name}{suffix} {help}\n"));
            }
            page.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with("# ") {
            page.push_str(line);
            page.push('\n');
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::histogram::Histogram;
    use prometheus_client::registry::Unit;

    fn registry() -> Registry {
        let mut registry = Registry::default();
        registry.register("tea", "Cups drunk", Counter::<u64>::default());
        registry.register_with_unit("brew", "Time spent", Unit::Seconds, Histogram::new([1.0]));
        registry
    }

    #[test]
    fn openmetrics_is_what_prometheus_and_the_indifferent_get() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        for accept in [None, Some("*/*"), Some("application/json"), Some(prometheus)] {
            let (content_type, page) = render(&registry(), accept);
            assert_eq!(content_type, OPENMETRICS, "{accept:?}");
            assert!(page.starts_with("# HELP tea Cups drunk.\n# TYPE tea counter\ntea_total 0\n"), "{page}");
            assert!(page.ends_with("# EOF\n"), "{page}");
        }
    }

    #[test]
    fn the_older_format_is_what_browsers_and_old_scrapers_get() {
        let expected = "# HELP tea_total Cups drunk.\n# TYPE tea_total counter\ntea_total 0\n\
                        # HELP brew_seconds Time spent.\n# TYPE brew_seconds histogram\n\
                        brew_seconds_sum 0.0\nbrew_seconds_count 0\n\
                        brew_seconds_bucket{le=\"1.0\"} 0\nbrew_seconds_bucket{le=\"+Inf\"} 0\n";
        for accept in ["text/plain", "text/html,application/xhtml+xml,*/*;q=0.8", "Text/Plain;version=0.0.4"] {
            let (content_type, page) = render(&registry(), Some(accept));
            assert_eq!((content_type, page.as_str()), (PLAIN, expected), "{accept}");
        }
    }
}
