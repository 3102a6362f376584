//! `docs/architecture.md`: its signatures are those of the code, its imports those of the manifests, and they point down; it
//! names every crate.

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

/// The table of imports, row by row: crates, and those of ours that each may import.
fn imports() -> Vec<(Words, Words)> {
    let page = Page::read(PAGE);
    let row = |row| {
        let [crates, imports] = <[String; 2]>::try_from(row).expect("two columns");
        (words(spans(&crates)), words(spans(&imports)))
    };
    rows(page.under("Who may import whom")).into_iter().map(row).collect()
}

#[test]
fn the_imports_are_those_of_the_manifests() {
    let told =
        imports().into_iter().flat_map(|(crates, imports)| crates.into_iter().map(move |name| (name, imports.clone())));
    assert_eq!(told.collect::<BTreeMap<_, _>>(), manifests());
}

#[test]
fn imports_point_down() {
    let mut below = Words::new();
    for (crates, imports) in imports().into_iter().rev() {
        assert!(imports.is_subset(&below), "{crates:?} stand below what they import: {imports:?}");
        below.extend(crates);
    }
}

#[test]
fn every_crate_is_named_and_no_other() {
    let existing = folders().filter(|folder| folder.starts_with("crates/"));
    assert_eq!(crate_paths_in(&file(PAGE)), words(existing));
}

/// Every `crates/NAME` that the page mentions.
fn crate_paths_in(page: &str) -> Words {
    let is_of_a_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let names = page.split("crates/").skip(1).map(|rest| rest.split(|c| !is_of_a_name(c)).next().unwrap_or_default());
    names.filter(|name| !name.is_empty()).map(|name| format!("crates/{name}")).collect()
}

/// Our crates, and those of ours that each is built with.
fn manifests() -> BTreeMap<String, Words> {
    folders().map(|folder| manifest(&file(&format!("{folder}/Cargo.toml")))).collect()
}

/// Those of the packages.
fn folders() -> impl Iterator<Item = String> {
    let folders = ["crates", "bins"].into_iter().flat_map(|parent| {
        let entries = std::fs::read_dir(root().join(parent)).expect("the folders of the workspace are there");
        entries.map(move |entry| format!("{parent}/{}", entry.expect("a readable entry").file_name().to_string_lossy()))
    });
    folders.chain(["bench".to_owned()])
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

#[test]
fn what_may_grow_is_told_and_what_may_not_exists() {
    let page = Page::read(PAGE);
    let mut told = BTreeMap::new();
    for row in rows(page.under("What may grow")) {
        let [name, growing, complete] = <[String; 3]>::try_from(row).expect("three columns");
        let name = name.trim_matches('`').replacen("oar-", "crates/", 1);
        let code = sources(&root().join(&name).join("src"));
        for complete in spans(&complete).filter(|span| !span.starts_with("oar-")) {
            let exists = ["enum", "struct"].iter().any(|kind| code.contains(&format!("pub {kind} {complete}")));
            assert!(exists && !growing_types(&code).contains(complete), "{name}: `{complete}`");
        }
        told.insert(name, words(spans(&growing)));
    }
    let existing = manifests().into_keys().filter_map(|name| Some(format!("crates/{}", name.strip_prefix("oar-")?)));
    for name in existing.filter(|name| name != "crates/bench") {
        let growing = growing_types(&sources(&root().join(&name).join("src")));
        assert_eq!(told.remove(&name).unwrap_or_default(), growing, "{name}");
    }
    assert!(told.is_empty(), "{told:?}");
}

/// The public types that are `#[non_exhaustive]`.
fn growing_types(code: &str) -> Words {
    let after = code.split("\n#[non_exhaustive]\n").skip(1);
    let declared = after.filter_map(|rest| rest.lines().find(|line| !line.starts_with('#')));
    let named = declared.filter_map(|line| line.strip_prefix("pub enum ").or_else(|| line.strip_prefix("pub struct ")));
    words(named.map(|name| name.chars().take_while(|letter| letter.is_alphanumeric()).collect::<String>()))
}
