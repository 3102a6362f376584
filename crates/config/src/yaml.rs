//! YAML text → [`Node`]; the only module that names the YAML library.
//!
//! The library reads values, not text: asked for anything, it turns `0123` into a number or not as it sees fit, and it
//! keeps no lines. So it is asked three times. First for nothing, which finds errors of syntax; their texts are fixed
//! sentences that quote nothing of the file, unlike those of the later passes. Then for the [`Shape`]. Then, along that
//! shape, for a string at each scalar, which yields what was written. Such a string is usually borrowed from the input,
//! so its address tells its line.

mod shape;
mod walk;
mod written;

use crate::node::{Kind, Node};
use crate::problem::{Complaint, Place, Report};
use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny};
use serde_yaml::{Deserializer as Yaml, Error};
use shape::Shape;
use walk::Walk;
use written::{Lines, Written};

/// Reads one document. `None` when that is impossible; then the report says why.
pub(crate) fn read(text: &str, report: &Report) -> Option<Node> {
    let at = |error: &Error| Place { path: String::new(), line: error.location().map(|location| location.line()) };
    let syntax = |error: Error| report.problem(&at(&error), syntax_complaint(&error));
    let shape = |error: Error| report.problem(&at(&error), shape_complaint());
    IgnoredAny::deserialize(Yaml::from_str(text)).map_err(syntax).ok()?;
    let outline = Shape::deserialize(Yaml::from_str(text)).map_err(shape).ok()?;
    let lines = Lines::of(text);
    let mut node = Written { shape: &outline, lines: &lines }.deserialize(Yaml::from_str(text)).map_err(shape).ok()?;
    find_missing_lines(&mut node, text, &mut Vec::new());
    Some(node)
}

fn syntax_complaint(error: &Error) -> Complaint {
    let text = error.to_string();
    let complaint = Complaint::new(format!("not valid YAML: {text}"));
    let hints = [
        ("tab character", "indent with spaces, not tabs"),
        ("expected node content", "quote a value that begins with `[`, `{` or `,`"),
        (
            "cannot start any token",
            "indent with spaces, not tabs, and quote a value that begins with `@`, `` ` `` or `%`",
        ),
        ("unknown anchor", "quote a value that begins with `*`"),
        ("mapping values are not allowed", "quote a value that holds `: `, and check the indentation"),
        ("did not find expected key", "check the indentation, and quote a value that begins with `[`, `{` or `\"`"),
        ("more than one document", "keep what stands before the second `---`"),
    ];
    match hints.iter().find(|(part, _)| text.contains(part)) {
        Some((_, hint)) => complaint.hint(*hint),
        None => complaint,
    }
}

/// The library's own words would quote the value.
fn shape_complaint() -> Complaint {
    Complaint::new("a YAML tag (`!…`), or aliases or nesting without end, cannot be read here")
        .hint("quote a value that begins with `!`")
}

/// Items that are empty, or whose text is not written in one piece, have no line yet; a key before them would have one.
fn find_missing_lines(node: &mut Node, text: &str, steps: &mut Vec<usize>) {
    let is_list = matches!(node.kind, Kind::List(_));
    for (index, child) in children(node).enumerate() {
        steps.push(index);
        find_missing_lines(child, text, steps);
        if is_list && child.line.is_none() {
            child.line = line_at(text, steps);
        }
        steps.pop();
    }
}

fn children(node: &mut Node) -> Box<dyn Iterator<Item = &mut Node> + '_> {
    match &mut node.kind {
        Kind::Null | Kind::Scalar(_) => Box::new(std::iter::empty()),
        Kind::List(items) => Box::new(items.iter_mut()),
        Kind::Map(entries) => Box::new(entries.iter_mut().map(|entry| &mut entry.value)),
    }
}

fn line_at(text: &str, steps: &[usize]) -> Option<usize> {
    let error = Walk { steps }.deserialize(Yaml::from_str(text)).err()?;
    error.location().map(|location| location.line())
}
