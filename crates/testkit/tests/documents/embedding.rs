//! `docs/embedding.md`: what it quotes of an example is what the example has, and every example is one that tests run.

use crate::markdown::Page;
use crate::{file, files_in, root};

const PAGE: &str = "docs/embedding.md";

/// How a block begins that is quoted from a file.
const QUOTED: &str = "// crates/";

#[test]
fn what_is_quoted_of_an_example_is_what_it_has() {
    let mut quoted = 0;
    for block in Page::read(PAGE).blocks_in("rust").filter(|block| block.text.starts_with(QUOTED)) {
        let (name, text) = block.text.split_once('\n').expect("a block has lines");
        let name = name.trim_start_matches("// ");
        assert!(essence(&file(name)).contains(&essence(text)), "{name} has something else than {PAGE}:\n{text}");
        quoted += 1;
    }
    assert!(quoted >= 2, "{quoted}");
}

/// Code without what a reader does not see: how it is laid out, and that the tests call into it.
fn essence(code: &str) -> String {
    code.replace("pub(crate) ", "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The testkit's own are programs that other tests and the demonstration start.
#[test]
fn every_example_is_run_by_a_test_and_named_by_a_page() {
    let pages: String = Page::all().iter().map(|page| file(&page.name)).collect();
    for folder in ["app", "gateway", "notify", "routing"] {
        let tests = crate::sources(&root().join(format!("crates/{folder}/tests")));
        for example in files_in(&format!("crates/{folder}/examples"), ".rs") {
            let inside = example.trim_start_matches(&format!("crates/{folder}/")).to_owned();
            assert!(tests.contains(&format!("../{inside}\"]")), "no test runs {example}");
            assert!(pages.contains(&example), "no page names {example}");
        }
    }
}
