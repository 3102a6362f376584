//! `docs/SUMMARY.md` and `docs/book.toml`: the pages as a book, the English ones first.

use crate::markdown::Page;
use crate::{Words, file, files_in, words};
use std::path::Path;

const SUMMARY: &str = "docs/SUMMARY.md";

/// Both parts, each with its links: title and file.
fn parts() -> [Vec<(String, String)>; 2] {
    let summary = file(SUMMARY);
    let (english, chinese) = summary.split_once("\n# 中文\n").expect("a Chinese part");
    [english, chinese].map(|part| part.lines().filter_map(entry).collect())
}

fn entry(line: &str) -> Option<(String, String)> {
    let (title, file) = line.strip_prefix("- [")?.strip_suffix(')')?.split_once("](")?;
    Some((title.to_owned(), file.to_owned()))
}

#[test]
fn every_page_is_in_the_book_once() {
    let listed: Vec<String> = parts().concat().into_iter().map(|(_, file)| format!("docs/{file}")).collect();
    let pages: Words = words(files_in("docs", ".md").into_iter().filter(|name| name != SUMMARY));
    assert_eq!(words(listed.iter().cloned()), pages);
    assert_eq!(listed.len(), pages.len(), "a page is in it twice");
}

#[test]
fn the_chinese_part_has_the_order_of_the_english_one() {
    let [english, chinese] = parts();
    let translated = english.iter().map(|(_, file)| file.replace(".md", ".zh-CN.md"));
    let translated: Vec<String> = translated.filter(|file| has_page(file)).collect();
    assert_eq!(chinese.into_iter().map(|(_, file)| file).collect::<Vec<_>>(), translated);
}

fn has_page(name: &str) -> bool {
    crate::root().join("docs").join(Path::new(name)).exists()
}

#[test]
fn chapters_are_called_as_their_pages() {
    for (title, file) in parts().concat() {
        let page = Page::read(&format!("docs/{file}"));
        assert_eq!(page.headings().first().map(|heading| heading.text), Some(title.as_str()), "{file}");
    }
}

#[test]
fn links_to_the_outside_lead_to_this_repository() {
    let setting = |file: &str, key: &str| {
        let line = file.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.and_then(|line| Some(line.split_once(" = ")?.1.to_owned()))
    };
    let repository = setting(&file("Cargo.toml"), "repository");
    assert!(repository.is_some());
    assert_eq!(setting(&file("docs/book.toml"), "git-repository-url"), repository);
}
