//! The English and the Chinese pages say the same, as far as a machine can tell.

use crate::markdown::{Block, Page, rows, spans};

const PAIRS: [(&str, &str); 5] = [
    ("README.md", "README.zh-CN.md"),
    ("docs/configuration.md", "docs/configuration.zh-CN.md"),
    ("docs/records.md", "docs/records.zh-CN.md"),
    ("docs/replicate.md", "docs/replicate.zh-CN.md"),
    ("docs/alerts.md", "docs/alerts.zh-CN.md"),
];

/// Both pages of each pair.
fn pairs() -> impl Iterator<Item = (Page, Page)> {
    PAIRS.into_iter().map(|(english, chinese)| (Page::read(english), Page::read(chinese)))
}

#[test]
fn both_have_the_same_headings_in_the_same_order() {
    for (english, chinese) in pairs() {
        let levels = |page: &Page| page.headings().iter().map(|heading| heading.level).collect::<Vec<_>>();
        assert_eq!(levels(&english), levels(&chinese), "{}", chinese.name);
    }
}

#[test]
fn both_have_the_same_blocks() {
    for (english, chinese) in pairs() {
        assert_eq!(blocks(&english), blocks(&chinese), "{}", chinese.name);
    }
}

/// The blocks of a page. Messages to people are in the language of the page; which ones they are is for `alerts` to check.
fn blocks(page: &Page) -> Vec<Block> {
    let told = |block: &Block| match block.language.as_str() {
        "message" => Block { text: String::new(), ..block.clone() },
        _ => block.clone(),
    };
    page.blocks.iter().map(told).collect()
}

#[test]
fn the_rows_of_both_name_the_same_things() {
    for (english, chinese) in pairs() {
        assert_eq!(named_in_rows(&english), named_in_rows(&chinese), "{}", chinese.name);
    }
}

/// For each row of each table, what stands in code font, sorted: languages differ in the order of words.
fn named_in_rows(page: &Page) -> Vec<Vec<String>> {
    let named = |row: Vec<String>| {
        let mut named: Vec<String> = row.iter().flat_map(|cell| spans(cell)).map(ascii_only).collect();
        named.sort();
        named
    };
    rows(&page.prose).into_iter().map(named).collect()
}

/// A placeholder in code font may be translated.
fn ascii_only(span: &str) -> String {
    span.chars().filter(char::is_ascii).collect()
}

#[test]
fn each_page_leads_to_its_translation() {
    for (english, chinese) in pairs() {
        let file = |page: &Page| page.name.rsplit('/').next().unwrap_or_default().to_owned();
        assert!(english.links().any(|link| link == file(&chinese)), "{}", english.name);
        assert!(chinese.links().any(|link| link == file(&english)), "{}", chinese.name);
    }
}
