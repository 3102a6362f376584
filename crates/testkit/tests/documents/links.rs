//! Links.

use crate::markdown::{Heading, Page};
use crate::root;
use std::path::{Path, PathBuf};

#[test]
fn every_link_within_the_project_leads_somewhere() {
    let lost: Vec<String> = Page::all().iter().flat_map(lost_links).collect();
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn links_to_the_outside_are_encrypted() {
    for page in Page::all() {
        let plain: Vec<_> = page.links().filter(|link| link.starts_with("http:")).collect();
        assert!(plain.is_empty(), "{}: {plain:?}", page.name);
    }
}

fn lost_links(page: &Page) -> Vec<String> {
    let links = page.links().filter(|link| !link.contains("://"));
    links.filter(|link| !leads_somewhere(page, link)).map(|link| format!("{}: {link}", page.name)).collect()
}

fn leads_somewhere(page: &Page, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { PathBuf::from(&page.name) } else { beside(&page.name, path) };
    let exists = root().join(&target).exists();
    exists && anchor.is_none_or(|anchor| has_anchor(&target.to_string_lossy(), anchor))
}

fn beside(page: &str, path: &str) -> PathBuf {
    Path::new(page).parent().unwrap_or(Path::new("")).join(path)
}

fn has_anchor(page: &str, anchor: &str) -> bool {
    Page::read(page).headings().iter().map(Heading::anchor).any(|found| found == anchor)
}
