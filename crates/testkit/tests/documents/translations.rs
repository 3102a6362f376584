//! The English and the Chinese pages say the same, as far as a machine can tell.

use crate::markdown::{Block, Page, rows, spans};

/// Pages in English alone.
const UNTRANSLATED: [&str; 5] =
    ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/SUMMARY.md", "docs/releasing.md"];

/// The mark of a Chinese page.
const CHINESE: &str = ".zh-CN.md";

/// Both pages of each pair.
fn pairs() -> Vec<(Page, Page)> {
    let chinese = Page::all().into_iter().filter(|page| page.name.ends_with(CHINESE));
    chinese.map(|page| (Page::read(&page.name.replace(CHINESE, ".md")), page)).collect()
}

#[test]
fn every_page_has_a_translation() {
    let pairs = pairs();
    for page in Page::all().iter().filter(|page| !page.name.ends_with(CHINESE)) {
        let has_one = pairs.iter().any(|(english, _)| english.name == page.name);
        assert!(has_one || UNTRANSLATED.contains(&page.name.as_str()), "{} is in English alone", page.name);
    }
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
fn both_lead_to_the_same_places() {
    for (english, chinese) in pairs() {
        assert_eq!(places(&english), places(&chinese), "{}", chinese.name);
    }
}

/// The targets of a page's links, sorted, without the language and the heading.
fn places(page: &Page) -> Vec<String> {
    let place = |link: &str| link.split('#').next().unwrap_or_default().replace(".zh-CN.", ".").replace("/zh.", "/en.");
    let mut places: Vec<String> = page.links().map(place).collect();
    places.sort();
    places
}

/// As those of tests: there is nothing to translate in them.
#[test]
fn items_that_are_links_are_the_same() {
    for (english, chinese) in pairs() {
        assert_eq!(links_alone(&english), links_alone(&chinese), "{}", chinese.name);
    }
}

fn links_alone(page: &Page) -> Vec<&String> {
    page.prose.iter().filter(|line| line.starts_with("- [`")).collect()
}

#[test]
fn each_page_leads_to_its_translation() {
    for (english, chinese) in pairs() {
        let file = |page: &Page| page.name.rsplit('/').next().unwrap_or_default().to_owned();
        assert!(english.links().any(|link| link == file(&chinese)), "{}", english.name);
        assert!(chinese.links().any(|link| link == file(&english)), "{}", chinese.name);
    }
}
