//! `docs/life-of-a-request.md` and its translation: their stages are those of the code, in the same order.

use crate::markdown::{Page, spans};
use crate::{file, root, words};
use std::path::PathBuf;

/// The pages, and what each calls the way out of every stage.
const PAGES: [(&str, &str); 2] =
    [("docs/life-of-a-request.md", "The side exit"), ("docs/life-of-a-request.zh-CN.md", "旁门出口")];
const GATEWAY: &str = "crates/gateway/src/gateway.rs";

/// The stages that `Gateway::serve` calls, and how; before them is the connection, after them the body's end.
const CALLED: [(&str, &str); 6] = [
    ("open", "Ledger::open("),
    ("authenticate", "self.authenticate("),
    ("read", "read::read("),
    ("plan", "self.plan("),
    ("attempt", "attempt::attempt("),
    ("relay", "relay::relay("),
];

/// A section about a stage: its name, the function that does it, and the file that has it.
struct Stage {
    name: String,
    function: String,
    file: PathBuf,
}

fn stages(page: &str) -> Vec<Stage> {
    let page = Page::read(page);
    let names = page.headings().into_iter().filter(|heading| heading.level == 2).map(|heading| heading.text.to_owned());
    names.map(|name| stage(&page, &name)).collect()
}

/// A section begins with its function and a link to its file.
fn stage(page: &Page, name: &str) -> Stage {
    let text = page.under(name).join(" ");
    let function = spans(&text).next().unwrap_or_else(|| panic!("`{name}` names no function"));
    let (_, link) = text.split_once("](").unwrap_or_else(|| panic!("`{name}` names no file"));
    let file = link.split(')').next().unwrap_or_default().trim_start_matches("../");
    Stage { name: name.to_owned(), function: function.to_owned(), file: file.into() }
}

#[test]
fn the_stages_have_the_order_of_the_code() {
    let called = CALLED.map(|(name, _)| name);
    for (page, side_exit) in PAGES {
        let told: Vec<String> = stages(page).into_iter().map(|stage| stage.name).collect();
        let expected = [&["accept"], &called[..], &["close", "tell", side_exit]].concat();
        assert_eq!(told, expected, "{page}");
    }

    let way = way_of_a_request();
    let places = CALLED.map(|(_, call)| way.find(call).unwrap_or_else(|| panic!("`serve` never calls `{call}`")));
    assert!(places.is_sorted(), "`serve` calls {CALLED:?} at {places:?}");
}

#[test]
fn each_stage_names_its_function() {
    for Stage { name, function, file } in PAGES.into_iter().flat_map(|(page, _)| stages(page)) {
        let source = std::fs::read_to_string(root().join(&file)).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let bare = function.rsplit("::").next().unwrap_or_default();
        let has_it = [format!("fn {bare}("), format!("fn {bare}<")].iter().any(|start| source.contains(start));
        assert!(has_it, "`{name}`: {} has no `{bare}`", file.display());
    }
}

#[test]
fn the_picture_has_every_stage() {
    let [(page, side_exit), _] = PAGES;
    let stages = stages(page);
    let page = Page::read(page);
    let picture = page.blocks_in("text").next().expect("the page has a picture");
    let drawn =
        words(picture.text.lines().filter_map(|line| line.strip_prefix(' ')?.split(' ').next().map(str::to_owned)));
    for Stage { name, .. } in stages.iter().filter(|stage| stage.name != side_exit) {
        assert!(drawn.contains(name), "`{name}` is not drawn");
    }
}

/// The text of `serve`, with that of `answer` where it is called.
fn way_of_a_request() -> String {
    let gateway = file(GATEWAY);
    let (serve, answer) = (body_of("serve", &gateway), body_of("answer", &gateway));
    let (before, after) = serve.split_once("self.answer(").expect("`serve` calls `answer`");
    [before, &answer, after].concat()
}

/// From a function's name to the brace that ends it, which stands four spaces in.
fn body_of(function: &str, source: &str) -> String {
    let start = source.find(&format!("fn {function}<")).unwrap_or_else(|| panic!("{GATEWAY} has no `{function}`"));
    let text = source.get(start..).unwrap_or_default();
    text.split("\n    }\n").next().unwrap_or_default().to_owned()
}
