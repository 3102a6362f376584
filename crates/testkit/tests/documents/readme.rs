//! `README.md`: its tables name what the code has, no more and no less.

use crate::markdown::{Page, rows, spans};
use crate::{Words, file, files_in, root, sources, words};
use oar_exchange::{AttemptResult, Outcome};

/// What stands in code font in one column of the table below a heading.
fn column(heading: &str, index: usize) -> Words {
    let readme = Page::read("README.md");
    let rows = rows(readme.under(heading));
    assert!(!rows.is_empty(), "`{heading}` has no table");
    words(rows.iter().filter_map(|row| row.get(index)).flat_map(|cell| spans(cell)))
}

#[test]
fn every_end_of_an_attempt_is_told() {
    assert_eq!(column("What ends an attempt", 2), words(AttemptResult::ALL.map(AttemptResult::as_str)));
}

#[test]
fn every_outcome_is_told() {
    let readme = Page::read("README.md");
    let told = words(readme.under("Records").iter().flat_map(|line| spans(line)));
    for outcome in Outcome::ALL {
        assert!(told.contains(outcome.as_str()), "{outcome} is not told");
    }
}

#[test]
fn the_codes_of_terminal_answers_are_the_gateways() {
    let gateway = sources(&root().join("crates/gateway/src"));
    for code in column("What the client gets when all fail", 2) {
        assert!(gateway.contains(&format!("\"{code}\"")), "`{code}` is no code of the gateway");
    }
}

#[test]
fn every_column_of_the_records_is_told() {
    assert_eq!(column("Records", 0), columns_of_the_table());
}

/// The columns that the migrations make: `    name type` of the first, `ADD COLUMN name type` of the others.
fn columns_of_the_table() -> Words {
    let migrations = root().join("crates/record/migrations/sqlite");
    let folders = std::fs::read_dir(migrations).expect("the migrations are there");
    let folders = folders.map(|folder| folder.expect("a readable entry").file_name().to_string_lossy().into_owned());
    let scripts = folders.flat_map(|folder| files_in(&format!("crates/record/migrations/sqlite/{folder}"), "up.sql"));
    let text: Vec<String> = scripts.map(|script| file(&script)).collect();
    let column = |line: &str| match (line.strip_prefix("    "), line.split_once(" ADD COLUMN ")) {
        (Some(column), _) | (None, Some((_, column))) => column.split(' ').next().map(str::to_owned),
        (None, None) => None,
    };
    text.iter().flat_map(|script| script.lines()).filter_map(column).collect()
}

#[test]
fn every_metric_is_told() {
    let told: Words = column("Metrics", 0).iter().map(|name| family(name)).collect();
    let registered = file("crates/metrics/src/families.rs") + &file("crates/app/src/tally.rs");
    let literals = registered.split('"').skip(1).step_by(2).filter(|literal| literal.starts_with("oar_"));
    assert_eq!(told, literals.map(family).collect());
}

/// The name of a family without what the exposition appends to it.
fn family(name: &str) -> String {
    name.trim_end_matches("_total").trim_end_matches("_seconds").to_owned()
}

#[test]
fn every_flag_of_the_command_line_exists() {
    let cli = file("bins/openai-api-route/src/cli.rs");
    let built_in = ["help", "version"];
    for command in column("Command line", 0) {
        for flag in command.split(' ').filter_map(|word| word.strip_prefix("--")) {
            let field = format!(" {}: ", flag.replace('-', "_"));
            assert!(built_in.contains(&flag) || cli.contains(&field), "`--{flag}` does not exist");
        }
    }
}

#[test]
fn the_paths_beside_the_api_exist() {
    let front = file("crates/app/src/front.rs");
    for path in column("Health", 0) {
        assert!(front.contains(&format!("\"{path}\"")), "`{path}` is not served");
    }
}
