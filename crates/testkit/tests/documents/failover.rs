//! `docs/failover.md`: its tables have the words of the code, and its pictures every limit.

use crate::markdown::{Page, rows, spans};
use crate::{Words, configuration, file, root, sources, words};
use oar_exchange::AttemptResult;

const PAGE: &str = "docs/failover.md";
const PICTURES: [&str; 2] = ["timeline.svg", "timeline.zh-CN.svg"];

#[test]
fn every_end_of_an_attempt_is_told() {
    let told = Page::read(PAGE).column("What ends an attempt", 2);
    assert_eq!(told, words(AttemptResult::ALL.map(AttemptResult::as_str)));
}

#[test]
fn the_codes_of_terminal_answers_are_the_gateways() {
    let gateway = sources(&root().join("crates/gateway/src"));
    for code in Page::read(PAGE).column("What the client gets when all fail", 2) {
        assert!(gateway.contains(&format!("\"{code}\"")), "`{code}` is no code of the gateway");
    }
}

/// The limits of the table that have a key, each of which a file may have at its top.
fn limits() -> Words {
    let page = Page::read(PAGE);
    let table = rows(page.under("Timeouts"));
    let limits = table.iter().filter(|row| row.len() == 4).filter_map(|row| spans(row.first()?).next());
    words(limits)
}

#[test]
fn every_limit_is_a_key_and_no_other_is() {
    let known = configuration::known();
    let told = limits();
    assert!(told.is_subset(&known), "{told:?}");
    // How long a stop may take is no part of a connection's life.
    let timeouts = known.into_iter().filter(|key| key.ends_with("timeout") && !key.contains('.'));
    let timeouts: Words = timeouts.filter(|key| key != "drain_timeout").collect();
    assert!(told.is_superset(&timeouts), "{timeouts:?}");
}

#[test]
fn the_pictures_draw_every_limit() {
    for picture in PICTURES {
        let drawn = file(&format!("docs/pictures/{picture}"));
        let lines = drawn.lines().filter(|line| line.contains(" class=\"limit\" "));
        let texts: Vec<&str> = lines.filter_map(|line| line.split(['>', '<']).nth(2)).collect();
        let names = texts.iter().flat_map(|text| text.split(", ")).filter(|name| !name.ends_with(" s"));
        assert_eq!(words(names), limits(), "{picture}");
    }
}

#[test]
fn each_page_shows_its_picture() {
    for (page, picture) in ["docs/failover.md", "docs/failover.zh-CN.md"].into_iter().zip(PICTURES) {
        let page = Page::read(page);
        assert!(page.links().any(|link| link == format!("pictures/{picture}")), "{}", page.name);
    }
}
