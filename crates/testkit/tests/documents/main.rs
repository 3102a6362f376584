//! What the documents say is so: links lead somewhere, samples load, tables name what the code has, translations agree.
//! The Rust blocks are doctests of this crate, see `src/documents.rs`.

#![expect(clippy::panic, reason = "a test that cannot read what it is to check fails, and says what that was")]

mod markdown;

mod links;
mod samples;
mod translations;

mod alerts;
mod architecture;
mod book;
mod configuration;
mod embedding;
mod failover;
mod life_of_a_request;
mod metrics;
mod moving_over;
mod operations;
mod operator;
mod packages;
mod readme;
mod records;
mod reliability;
mod replicate;
mod strangers;
mod workflows;

use std::collections::BTreeSet;
use std::path::Path;

/// Words without an order.
type Words = BTreeSet<String>;

fn words<W: Into<String>>(all: impl IntoIterator<Item = W>) -> Words {
    all.into_iter().map(Into::into).collect()
}

/// A file of the repository.
fn file(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the files directly in a folder of the repository that end in `ending`, with the folder.
fn files_in(folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.map(|entry| entry.expect("a readable entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> =
        names.filter(|name| name.ends_with(ending)).map(|name| format!("{folder}/{name}")).collect();
    names.sort();
    names
}

/// Every Rust file in a folder of the repository and below it, as one text.
fn sources(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut text = String::new();
    for path in entries.map(|entry| entry.expect("a readable entry").path()) {
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("a readable source"));
        }
    }
    text
}

fn root() -> &'static Path {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("this crate lies in crates/testkit")
}
