//! `docs/metrics.md`: every metric is told and no other, with its labels, and the lines and paths it names exist.

use crate::markdown::{Page, rows, spans};
use crate::{Words, file, root, sources, words};

const PAGE: &str = "docs/metrics.md";

/// The code that makes metrics.
fn registered() -> String {
    file("crates/metrics/src/families.rs") + &file("crates/app/src/tally.rs")
}

/// The name of a family without what the exposition appends to it.
fn family(name: &str) -> String {
    name.trim_end_matches("_total").trim_end_matches("_seconds").to_owned()
}

#[test]
fn every_metric_is_told() {
    let told: Words = Page::read(PAGE).column("Families", 0).iter().map(|name| family(name)).collect();
    let registered = registered();
    let literals = registered.split('"').skip(1).step_by(2).filter(|literal| literal.starts_with("oar_"));
    assert_eq!(told, literals.map(family).collect());
}

#[test]
fn a_name_tells_the_type() {
    let page = Page::read(PAGE);
    for row in rows(page.under("Families")) {
        let [name, kind, ..] = &row[..] else { panic!("{row:?}") };
        let expected = match name.trim_matches('`') {
            name if name.ends_with("_total") => "counter",
            name if name.ends_with("_seconds") => "histogram",
            _ => "gauge",
        };
        assert_eq!(kind, expected, "{name}");
    }
}

#[test]
fn every_label_exists_and_so_does_each_of_its_words() {
    let registered = registered();
    let page = Page::read(PAGE);
    for label in page.column("Families", 2) {
        let exists = [format!(" {label}: "), format!("r#{label}: "), format!("(\"{label}\", ")];
        assert!(exists.iter().any(|form| registered.contains(form)), "`{label}` is no label");
    }
    let code = sources(&root().join("crates"));
    for word in page.column("Families", 3) {
        assert!(code.contains(&format!("\"{word}\"")), "`{word}` does not exist");
    }
}

#[test]
fn what_is_asked_is_told_above() {
    let page = Page::read(PAGE);
    let told = page.column("Families", 0);
    let asked = page.under("What to ask them").join(" ");
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names: Vec<&str> = asked.split(|c| !is_of_a_name(c)).filter(|word| word.starts_with("oar_")).collect();
    assert!(names.len() > 6, "{names:?}");
    for name in names {
        assert!(told.contains(name.trim_end_matches("_bucket")), "`{name}` is no metric");
    }
}

#[test]
fn every_line_of_the_log_exists() {
    let code = ["crates", "bins"].map(|folder| sources(&root().join(folder))).concat();
    let page = Page::read(PAGE);
    let table = rows(page.under("Logs"));
    let lines: Vec<_> = table.iter().filter(|row| row.len() == 3).filter_map(|row| spans(row.get(1)?).next()).collect();
    assert!(lines.len() > 15, "{lines:?}");
    for line in lines {
        assert!(code.contains(&format!("\"{line}\"")), "nobody logs `{line}`");
    }
}

#[test]
fn every_field_of_a_request_s_line_is_told() {
    let code = file("crates/app/src/access_log.rs");
    let page = Page::read(PAGE);
    let table = rows(page.under("Logs"));
    let told = table.iter().filter(|row| row.len() == 2).filter_map(|row| row.first()).flat_map(|cell| spans(cell));
    let told = words(told);
    assert!(told.len() > 9, "{told:?}");
    for field in &told {
        let is_one = [format!(" {field} = "), format!(" {field},")].iter().any(|form| code.contains(form));
        assert!(is_one, "`{field}` is no field");
    }
    let example = page.blocks_in("json").next().expect("a line as JSON");
    let example: serde_json::Value = serde_json::from_str(&example.text).expect("JSON");
    let fields = example.as_object().expect("an object").keys().map(String::as_str);
    let fields = words(fields.filter(|field| !["timestamp", "level", "message"].contains(field)));
    assert!(fields.is_subset(&told), "{fields:?}");
}

#[test]
fn the_paths_beside_the_api_exist() {
    let front = file("crates/app/src/front.rs");
    for path in Page::read(PAGE).column("Health", 0) {
        assert!(front.contains(&format!("\"{path}\"")), "`{path}` is not served");
    }
}

#[test]
fn the_headers_of_an_answer_exist() {
    let head = file("crates/gateway/src/head.rs");
    for header in Page::read(PAGE).column("Headers of an answer", 0) {
        assert!(head.contains(&format!("\"{header}\"")), "`{header}` is no header of ours");
    }
}
