//! `docs/records.md`: what it says of the command line is so, and its columns are those of the table.

use crate::markdown::{Page, spans};
use crate::{Words, file, files_in, root, words};
use oar_exchange::Outcome;

const PAGE: &str = "docs/records.md";

#[test]
fn every_flag_and_verb_of_reading_exists() {
    let page = Page::read(PAGE);
    let sources = file("bins/openai-api-route/src/records/args.rs") + &file("bins/openai-api-route/src/cli.rs");
    let typed = page.blocks_in("bash").flat_map(|block| block.text.lines());
    let told: Vec<&str> = typed.chain(page.under("Reading them").iter().flat_map(|line| spans(line))).collect();
    let words = || told.iter().flat_map(|command| command.split(' '));
    let flags: Vec<&str> = words().filter_map(|word| word.strip_prefix("--")).collect();
    assert!(flags.len() > 12, "{flags:?}");
    for flag in flags {
        assert!(sources.contains(&format!(" {}: ", flag.replace('-', "_"))), "`--{flag}` does not exist");
    }
    for command in told.iter().filter_map(|command| command.strip_prefix("openai-api-route records ")) {
        let verb = command.split(' ').next().unwrap_or_default();
        let variant: String = verb.chars().take(1).flat_map(char::to_uppercase).chain(verb.chars().skip(1)).collect();
        assert!(sources.contains(&format!("    {variant}({variant}Args),")), "`{verb}` does not exist");
    }
}

#[test]
fn every_outcome_is_told() {
    let page = Page::read(PAGE);
    let told = words(page.under("Columns").iter().flat_map(|line| spans(line)));
    for outcome in Outcome::ALL {
        assert!(told.contains(outcome.as_str()), "{outcome} is not told");
    }
}

#[test]
fn every_column_of_the_records_is_told() {
    assert_eq!(Page::read(PAGE).column("Columns", 0), columns_of_the_table());
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
