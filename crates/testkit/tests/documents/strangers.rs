//! `docs/getting-started.md`, `docs/embedding.md` and `docs/writing-a-backend.md`: what `scripts/strangers.sh` takes out of them
//! is there.

use crate::file;
use crate::markdown::Page;

fn blocks<'a>(page: &'a Page, language: &str) -> Vec<&'a str> {
    page.blocks_in(language).map(|block| block.text.as_str()).collect()
}

/// The script goes by the order of blocks.
#[test]
fn programs_begin_with_what_is_added_to_them() {
    let embedding = Page::read("docs/embedding.md");
    assert!(blocks(&embedding, "bash").first().is_some_and(|typed| typed.starts_with("cargo add")));
    assert!(blocks(&embedding, "rust").first().is_some_and(|program| program.contains("oar_routing::")));

    let backend = Page::read("docs/writing-a-backend.md");
    assert_eq!(blocks(&backend, "bash").len(), 2);
    assert!(blocks(&backend, "bash").first().is_some_and(|typed| typed.starts_with("cargo new parrot\n")));
    assert!(blocks(&backend, "rust").get(1).is_some_and(|test| test.contains("backend_contract::all(")));
}

#[test]
fn make_check_follows_them() {
    let makefile = file("Makefile");
    let check = makefile.lines().find(|line| line.starts_with("check:")).expect("a target `check`");
    for target in ["strangers", "book"] {
        assert!(check.split(' ').any(|word| word == target), "{check}");
    }
}
