//! `docs/getting-started.md` and `docs/upstreams.md`: what is run needs nothing from outside, what is told has an example.

use crate::markdown::{Page, rows, spans};

/// A script runs these blocks in their order; what is not to be run is `text`, `yaml` or `python`.
#[test]
fn what_is_run_needs_no_key_and_no_network() {
    let page = Page::read("docs/getting-started.md");
    let run: String = page.blocks_in("bash").map(|block| block.text.as_str()).collect();
    assert!(run.contains("check --config first.yaml") && run.contains("wait $gateway"), "{run}");
    for url in run.split("://").skip(1) {
        assert!(url.starts_with("127.0.0.1:"), "{url}");
    }
    assert!(!run.contains("${"), "a variable that nobody has set");
}

#[test]
fn every_endpoint_has_an_example() {
    let page = Page::read("docs/upstreams.md");
    let examples: String = page.blocks_in("yaml").map(|block| block.text.as_str()).collect();
    let table = rows(page.under("Upstreams"));
    assert!(table.len() > 10, "{table:?}");
    let is_shown = |endpoint: &str| examples.contains(&format!("endpoint: {endpoint}\n"));
    for row in &table {
        let mut told = row.get(1).into_iter().flat_map(|cell| spans(cell)).peekable();
        assert!(told.peek().is_none() || told.any(is_shown), "{row:?} is not shown");
    }
}
