//! What a package says of itself, where it is found: its README is the front page of its documentation, and the oldest compiler
//! that it promises is the one that everything here is built with.

use crate::{file, root};

#[test]
fn a_package_has_the_front_page_of_its_documentation() {
    for name in crates() {
        let expected =
            format!("# oar-{name}\n\n{}\n## Which crate\n", front_page(&file(&format!("crates/{name}/src/lib.rs"))));
        let page = file(&format!("crates/{name}/README.md"));
        assert!(page.starts_with(&expected), "crates/{name}/README.md should begin so:\n{expected}");
    }
}

/// The documentation of a crate as Markdown that knows no links into code, and no lines that are hidden.
fn front_page(code: &str) -> String {
    let (mut page, mut in_code) = (String::new(), false);
    for line in
        code.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line))
    {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        match (is_fence, in_code) {
            (true, true) => page.push_str("```rust"),
            (false, true) if line == "#" || line.starts_with("# ") => continue,
            (false, false) => page.push_str(&without_links(line)),
            (true, false) | (false, true) => page.push_str(line),
        }
        page.push('\n');
    }
    page
}

/// Names in code font that are no links any more, wherever they led.
fn without_links(line: &str) -> String {
    let mut pieces = line.split("`](");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.map(|piece| format!("`{}", piece.split_once(')').map_or("", |(_, rest)| rest)));
    rest.fold(first, |text, piece| text + &piece).replace("[`", "`").replace("`]", "`")
}

#[test]
fn the_compiler_that_is_promised_is_the_one_that_checks() {
    let promised = quoted_after(&file("Cargo.toml"), "rust-version = ");
    let pinned = quoted_after(&file("rust-toolchain.toml"), "channel = ");
    assert_eq!(pinned.rsplit_once('.').map(|(version, _)| version), Some(promised.as_str()));
    for name in crates() {
        let page = file(&format!("crates/{name}/README.md"));
        assert!(page.contains(&format!("It needs Rust {promised} or newer.")), "{name}");
    }
}

/// What stands in quotes after a key of a manifest.
fn quoted_after(text: &str, key: &str) -> String {
    let value = text.lines().find_map(|line| line.trim_start().strip_prefix(key)).expect(key);
    value.trim_matches('"').to_owned()
}

#[test]
fn every_package_holds_both_licences() {
    for (package, licence) in
        packages().flat_map(|package| ["LICENSE-MIT", "LICENSE-APACHE"].map(|l| (package.clone(), l)))
    {
        assert_eq!(file(&format!("{package}/{licence}")), file(licence), "{package}");
    }
}

fn packages() -> impl Iterator<Item = String> {
    crates().into_iter().map(|name| format!("crates/{name}")).chain(["bins/openai-api-route".to_owned()])
}

fn crates() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("crates")).expect("the folder is there");
    entries.map(|entry| entry.expect("a readable entry").file_name().to_string_lossy().into_owned()).collect()
}
