//! `docs/reliability.md`: every promise names tests, and each of them exists.

use crate::markdown::Page;
use crate::{file, words};
use std::path::Path;

const PAGE: &str = "docs/reliability.md";

/// The one section that proves nothing.
const NOT_YET: &str = "Not promised yet";

/// A line of a promise's list: a test, and the file that has it.
struct Proof {
    test: String,
    file: String,
}

impl Proof {
    /// Reads ``- [`name`](../file)``.
    fn of(line: &str) -> Option<Self> {
        let (test, link) = line.strip_prefix("- [`")?.split_once("`](")?;
        let file = link.strip_suffix(')')?.strip_prefix("../")?;
        Some(Self { test: test.to_owned(), file: file.to_owned() })
    }

    fn exists(&self) -> bool {
        let source = file(&self.file);
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let declared = ["fn", "async fn", "def"].map(|keyword| format!("{keyword} {}(", self.test));
        let declares = |line: &&str| declared.iter().any(|start| line.starts_with(start));
        let Some(at) = lines.iter().position(declares) else { return false };
        let mut attributes = lines.iter().take(at).rev().take_while(|line| line.starts_with("#["));
        let is_of_pytest =
            self.test.starts_with("test_") && Path::new(&self.file).extension().is_some_and(|e| e == "py");
        is_of_pytest || attributes.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    }
}

/// The promises, each with its proofs.
fn promises(page: &Page) -> Vec<(&str, Vec<Proof>)> {
    let sections = page.headings().into_iter().filter(|heading| heading.level == 2 && heading.text != NOT_YET);
    let proofs = |heading: &str| page.under(heading).iter().filter_map(|line| Proof::of(line)).collect();
    sections.map(|heading| (heading.text, proofs(heading.text))).collect()
}

#[test]
fn every_promise_is_proved_by_tests_that_exist() {
    let page = Page::read(PAGE);
    let promises = promises(&page);
    assert!(promises.len() >= 15, "{} promises", promises.len());
    for (promise, proofs) in promises {
        assert!(!proofs.is_empty(), "`{promise}` has no test");
        for proof in proofs {
            assert!(proof.exists(), "`{promise}`: {} has no test `{}`", proof.file, proof.test);
        }
    }
}

/// A line that is no proof to the test above would be none to a reader either.
#[test]
fn every_item_of_a_promise_is_a_proof() {
    let page = Page::read(PAGE);
    for (promise, proofs) in promises(&page) {
        let items = page.under(promise).iter().filter(|line| line.starts_with("- "));
        assert_eq!(items.count(), proofs.len(), "`{promise}`");
        assert_eq!(words(proofs.iter().map(|proof| proof.test.as_str())).len(), proofs.len(), "`{promise}`");
    }
}

#[test]
fn what_is_not_promised_is_told() {
    let page = Page::read(PAGE);
    let told = page.under(NOT_YET).iter().filter(|line| line.starts_with("- **"));
    assert!(told.count() > 3);
}
