//! `docs/operations.md`: what people see when something is wrong is what the code says, and what they are told to watch exists.

use crate::markdown::{Page, rows, spans};
use crate::{Words, file, root, sources, words};

const PAGE: &str = "docs/operations.md";

/// The tables of symptoms.
const SYMPTOMS: [&str; 6] = [
    "Clients get an error",
    "Streams break off, or come at once",
    "Records are missing",
    "Alerts do not come",
    "It does not start, stop or reload",
    "Memory, files and connections",
];

#[test]
fn every_symptom_is_in_the_words_of_the_code() {
    let code = ["crates", "bins"].map(|folder| sources(&root().join(folder)));
    let page = Page::read(PAGE);
    let told: Words = SYMPTOMS.iter().flat_map(|heading| page.column(heading, 0)).collect();
    assert!(told.len() > 40, "{told:?}");
    for words in told {
        assert!(code.iter().any(|code| code.contains(&words)), "the code never says `{words}`");
    }
}

#[test]
fn every_metric_to_watch_exists() {
    let registered = file("crates/metrics/src/families.rs") + &file("crates/app/src/tally.rs");
    let page = Page::read(PAGE);
    let named = page.prose.iter().flat_map(|line| spans(line)).filter(|span| span.starts_with("oar_"));
    let named: Words = words(named);
    assert!(named.is_superset(&page.column("What to watch", 0)) && named.len() > 8, "{named:?}");
    for metric in named {
        let bare = metric.trim_end_matches("_total").trim_end_matches("_seconds");
        assert!(registered.contains(&format!("\"{bare}")), "`{metric}` does not exist");
    }
}

/// The formula of connections, with the numbers of the code.
#[test]
fn connections_are_those_that_the_open_files_leave() {
    let code = file("crates/app/src/serve/files.rs");
    for constant in
        ["RESERVED_FILES: u64 = 64;", "FILES_PER_CONNECTION: u64 = 3;", "MOST_CONNECTIONS: u64 = 32 * 1024;"]
    {
        assert!(code.contains(constant), "the code has no `{constant}`");
    }
    let page = Page::read(PAGE);
    let numbers =
        |row: &Vec<String>| row.iter().map(|cell| cell.replace(',', "").parse().ok()).collect::<Option<Vec<u64>>>();
    let table: Vec<Vec<u64>> = rows(page.under("Open files")).iter().filter_map(numbers).collect();
    assert!(table.len() > 3, "{table:?}");
    for row in table {
        let [files, connections] = row[..] else { panic!("{row:?}") };
        assert_eq!((files - 64) / 3, connections);
    }
}
