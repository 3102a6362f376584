//! `docs/records.md`: what it says of the command line is so.

use crate::file;
use crate::markdown::{Page, spans};

#[test]
fn every_flag_and_verb_of_reading_exists() {
    let page = Page::read("docs/records.md");
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
