//! `docs/architecture.md`: its signatures are those of the code, its imports those of the manifests. That it names every
//! crate, and that imports point down, is the business of `tests/architecture.rs`.

use crate::markdown::{Page, rows, spans};
use crate::{Words, file, root, sources, words};
use std::collections::BTreeMap;

const PAGE: &str = "docs/architecture.md";

#[test]
fn the_seams_are_quoted_from_the_code() {
    let code = one_line(&sources(&root().join("crates")));
    let page = Page::read(PAGE);
    let quoted: Vec<&str> = page.blocks_in("rust").flat_map(|block| block.text.lines()).collect();
    assert!(quoted.len() > 10, "{quoted:?}");
    for signature in quoted.into_iter().filter(|line| !line.is_empty()) {
        assert!(code.contains(signature), "the code has no `{signature}`");
    }
}

/// The code as if no line had been too long.
fn one_line(code: &str) -> String {
    let words: Vec<&str> = code.split_whitespace().collect();
    words.join(" ").replace("( ", "(").replace(", )", ")").replace(",)", ")")
}

#[test]
fn the_imports_are_those_of_the_manifests() {
    let page = Page::read(PAGE);
    let mut told = BTreeMap::new();
    for row in rows(page.under("Who may import whom")) {
        let [crates, imports] = <[String; 2]>::try_from(row).expect("two columns");
        told.extend(spans(&crates).map(|name| (name.to_owned(), words(spans(&imports)))));
    }
    assert_eq!(told, manifests());
}

/// Our crates, and those of ours that each is built with.
fn manifests() -> BTreeMap<String, Words> {
    let folders = ["crates", "bins"].into_iter().flat_map(|parent| {
        let entries = std::fs::read_dir(root().join(parent)).expect("the folders of the workspace are there");
        entries.map(move |entry| format!("{parent}/{}", entry.expect("a readable entry").file_name().to_string_lossy()))
    });
    folders.chain(["bench".to_owned()]).map(|folder| manifest(&file(&format!("{folder}/Cargo.toml")))).collect()
}

fn manifest(text: &str) -> (String, Words) {
    let name = text.lines().find_map(|line| line.strip_prefix("name = ")).expect("a package has a name");
    let dependencies = text.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let dependencies = dependencies.take_while(|line| !line.starts_with('['));
    let ours = dependencies.filter(|line| line.starts_with("oar-")).filter_map(|line| line.split(' ').next());
    (name.trim_matches('"').to_owned(), words(ours))
}

#[test]
fn every_cap_has_the_name_that_is_told() {
    let code = sources(&root().join("crates"));
    let page = Page::read(PAGE);
    let caps = rows(page.under("What never happens"));
    assert!(caps.len() > 5, "{caps:?}");
    for cap in caps.iter().filter_map(|row| row.get(2)).flat_map(|cell| spans(cell)) {
        let bare = cap.rsplit("::").next().unwrap_or_default();
        let exists = [format!("const {bare}: "), format!("pub {bare}: ")].iter().any(|start| code.contains(start));
        assert!(exists, "the code has no `{cap}`");
    }
}
