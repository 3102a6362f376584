//! Blocks of code.

use crate::file;
use crate::markdown::{Page, spans};
use oar_app::{App, Config};

/// Pages whose Rust blocks are signatures, compared with the code by the test of that page.
const SIGNATURES: &str = "docs/architecture.md";

#[test]
fn every_configuration_loads() {
    let mut seen = 0;
    for page in Page::all() {
        for block in page.blocks_in("yaml") {
            load(&page.name, &block.text);
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen}");
}

fn load(page: &str, text: &str) {
    // The documents ask the environment for keys and tokens; other variables have a meaning of their own.
    let env = |name: &str| ["KEY", "TOKEN"].iter().any(|end| name.ends_with(end)).then(|| format!("value-of-{name}"));
    let app = Config::parse(text, page, &env).and_then(|config| App::builder(config).build());
    let app = app.unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let warnings: Vec<String> = app.warnings().iter().map(ToString::to_string).collect();
    assert!(warnings.is_empty(), "{page}: {warnings:?}");
}

#[test]
fn every_rust_block_is_compiled() {
    let compiled = file("crates/testkit/src/documents.rs");
    for page in Page::all() {
        // A translation has the blocks of its page: see `translations`.
        let name = page.name.replace(".zh-CN.md", ".md");
        if page.blocks_in("rust").next().is_some() && name != SIGNATURES {
            assert!(compiled.contains(&format!("../../../{name}\"")), "{name} is no doctest");
        }
    }
}

#[test]
fn blocks_say_what_they_are() {
    // `message`: what people read in a chat.
    let known = ["bash", "json", "message", "python", "rust", "text", "yaml"];
    for page in Page::all() {
        for block in &page.blocks {
            assert!(known.contains(&block.language.as_str()), "{}: a block of `{}`", page.name, block.language);
        }
    }
}

#[test]
fn every_json_is_one() {
    for page in Page::all() {
        for block in page.blocks_in("json") {
            let json: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
            assert!(json.is_ok(), "{}: {json:?} of {}", page.name, block.text);
        }
    }
}

#[test]
fn every_make_target_exists() {
    let makefile = file("Makefile");
    let rules = makefile.lines().filter(|line| line.contains(" ## ") && !line.starts_with('\t'));
    let targets: Vec<&str> = rules.filter_map(|rule| Some(rule.split_once(':')?.0)).collect();
    for page in Page::all() {
        let typed = page.blocks_in("bash").flat_map(|block| block.text.lines());
        for command in typed.chain(page.prose.iter().flat_map(|line| spans(line))) {
            let target = command.strip_prefix("make ").map(|rest| rest.split(' ').next().unwrap_or_default());
            let exists = target.is_none_or(|target| targets.contains(&target));
            assert!(exists, "{}: `{command}` is none of {targets:?}", page.name);
        }
    }
}
