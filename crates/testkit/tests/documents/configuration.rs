//! `docs/configuration.md`: its tables have exactly the keys that the code takes, and its examples load.
//!
//! The code has no list of its keys, but it tells them: who writes an unknown key is answered with the known ones.

use crate::markdown::{Page, rows, spans};
use crate::{Words, words};
use oar_app::{App, Config, Problem};

/// Far from every key, so that no likelier one is guessed.
const UNKNOWN: &str = "zzzzzzzzzzzzzzzzzzzz";

/// A row of the page's tables: a key, by its path, and an example of it.
struct Documented {
    path: String,
    example: String,
}

fn documented() -> Vec<Documented> {
    let page = Page::read("docs/configuration.md");
    let row = |row: Vec<String>| {
        let [key, _, _, _, example] = <[String; 5]>::try_from(row).ok()?;
        let code = |cell: &str| spans(cell).next().unwrap_or_default().to_owned();
        Some(Documented { path: code(&key), example: code(&example) })
    };
    rows(&page.prose).into_iter().filter_map(row).collect()
}

#[test]
fn every_key_is_documented_and_no_other() {
    let documented = documented();
    let paths = words(documented.iter().map(|key| key.path.as_str()));
    assert_eq!(paths.len(), documented.len(), "a key has two rows");
    assert_eq!(paths, known());
}

#[test]
fn every_example_loads() {
    for Documented { path, example } in documented() {
        let text = configuration_with(&path, &example);
        assert_eq!(problems(&text), [], "{path}:\n{text}");
        assert_eq!(example.split(':').next(), path.rsplit(['.']).next(), "the example is one of another key");
    }
}

/// A whole configuration that holds `example`, a line of the section that `path` names.
fn configuration_with(path: &str, example: &str) -> String {
    let section = path.rsplit_once('.').map_or("", |(section, _)| section);
    let is_of_replicate = path.ends_with("stream_hosts") || path.ends_with(".models");
    let usual: &[&str] = match section {
        "upstreams[]" if is_of_replicate => &["type: replicate", "sk: key"],
        "upstreams[]" => &["sk: key", "endpoint: https://api.example.com/v1"],
        "notify.feishu" => &["webhook: https://example.com/hook"],
        "notify.matrix" if !path.ends_with("url") => {
            &["homeserver: https://example.com", "room: \"!abc:example.com\"", "token: access-token"]
        }
        _ => &[],
    };
    let lines = std::iter::once(example).chain(usual.iter().copied().filter(|line| !same_key(line, example)));
    let upstreams = "upstreams: [{sk: key, endpoint: \"https://api.example.com/v1\"}]";
    match section {
        "upstreams[]" => {
            format!("authorization: token\nupstreams:\n  - {}\n", lines.collect::<Vec<_>>().join("\n    "))
        }
        "" if same_key(example, upstreams) => format!("authorization: token\n{example}\n"),
        "" if same_key(example, "authorization:") => format!("{example}\n{upstreams}\n"),
        _ => format!("authorization: token\n{upstreams}\n{}", nested(section, &lines.collect::<Vec<_>>())),
    }
}

fn same_key(line: &str, other: &str) -> bool {
    line.split(':').next() == other.split(':').next()
}

/// These lines, inside the sections of `path`.
fn nested(path: &str, lines: &[&str]) -> String {
    let sections = path.split('.').filter(|section| !section.is_empty());
    let (mut text, mut indent) = (String::new(), String::new());
    for section in sections {
        text.push_str(&format!("{indent}{section}:\n"));
        indent.push_str("  ");
    }
    text + &lines.iter().map(|line| format!("{indent}{line}\n")).collect::<String>()
}

/// The paths of all keys that are no sections.
pub(crate) fn known() -> Words {
    let mut known = Words::new();
    for key in keys_of("") {
        collect(&key, &mut known);
    }
    for backend in backends() {
        let text = format!("upstreams:\n  - type: {backend}\n    sk: key\n    {UNKNOWN}: 1\n");
        known.extend(
            told_keys(&text, &format!("upstreams[0].{UNKNOWN}")).iter().map(|key| format!("upstreams[].{key}")),
        );
    }
    known
}

/// Puts `path` among `known`, or, if it is a section, its keys.
fn collect(path: &str, known: &mut Words) {
    let inside = keys_of(path);
    if inside.is_empty() {
        known.insert(path.to_owned());
    }
    for key in inside {
        collect(&format!("{path}.{key}"), known);
    }
}

/// The keys of a section; none if it is no section.
fn keys_of(path: &str) -> Vec<String> {
    let text = nested(path, &[&format!("{UNKNOWN}: 1")]);
    told_keys(&text, format!("{path}.{UNKNOWN}").trim_start_matches('.'))
}

fn backends() -> Vec<String> {
    let problems = problems(&format!("upstreams:\n  - type: {UNKNOWN}\n    sk: key\n"));
    let told = problems.iter().find_map(|problem| problem.message.split_once("(known: "));
    list(told.expect("the known backends are told").1.trim_end_matches(')'))
}

/// What the problem at `path` says about the keys that are known there.
pub(crate) fn told_keys(text: &str, path: &str) -> Vec<String> {
    let problems = problems(text);
    let hint = problems.iter().find(|problem| problem.path == path).and_then(|problem| problem.hint.as_deref());
    hint.and_then(|hint| hint.strip_prefix("known keys: ")).map(list).unwrap_or_default()
}

fn list(names: &str) -> Vec<String> {
    names.split(", ").map(str::to_owned).collect()
}

pub(crate) fn problems(text: &str) -> Vec<Problem> {
    let app = Config::parse(text, "config.yaml", &|_| None).and_then(|config| App::builder(config).build());
    app.err().map(|problems| problems.iter().cloned().collect()).unwrap_or_default()
}
