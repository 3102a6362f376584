//! From the tree as written to the tree as meant: merge keys, doubled keys, variables.

use crate::Env;
use crate::interpolate::interpolate;
use crate::node::{Entry, Kind, Node, Scalar};
use crate::problem::{Complaint, Place, Report};
use secrecy::{ExposeSecret, SecretString};

/// The key whose value, a section or a list of them, lends its keys to the section it stands in.
const MERGE: &str = "<<";

/// Top-level keys that begin so are nobody's: a place for anchors.
const EXTENSION: &str = "x-";

/// What the tree of a whole file means.
pub(crate) fn resolve(mut root: Node, env: Env<'_>, report: &Report) -> Node {
    if let Kind::Map(entries) = &mut root.kind {
        entries.retain(|entry| !entry.key.starts_with(EXTENSION));
    }
    Resolver { env, report }.node(root, &Place::default())
}

struct Resolver<'a> {
    env: Env<'a>,
    report: &'a Report,
}

impl Resolver<'_> {
    fn node(&self, node: Node, place: &Place) -> Node {
        let Node { line, kind } = node;
        let kind = match kind {
            Kind::Null => Kind::Null,
            Kind::Scalar(scalar) => self.scalar(scalar, place),
            Kind::List(items) => Kind::List(self.items(items, place)),
            Kind::Map(entries) => Kind::Map(self.entries(entries, place)),
        };
        Node { line, kind }
    }

    fn scalar(&self, scalar: Scalar, place: &Place) -> Kind {
        let text = scalar.text.expose_secret();
        if text.is_empty() {
            return Kind::Null;
        }
        if !text.contains("${") {
            return Kind::Scalar(scalar);
        }
        match interpolate(text, self.env) {
            Ok(text) => Kind::Scalar(Scalar { text: SecretString::from(text), bare: false }),
            Err(complaint) => {
                self.report.problem(place, complaint);
                Kind::Null
            }
        }
    }

    fn items(&self, items: Vec<Node>, place: &Place) -> Vec<Node> {
        let item = |(index, item): (usize, Node)| {
            let place = place.item(index, item.line);
            self.node(item, &place)
        };
        items.into_iter().enumerate().map(item).collect()
    }

    fn entries(&self, entries: Vec<Entry>, place: &Place) -> Vec<Entry> {
        self.values(self.merged(entries, place), place)
    }

    /// The section's own keys, then those it borrows and does not have itself. The first lender to have a key wins, as in
    /// Go. Variables are replaced later, so that those of a value which is not borrowed need not be set.
    fn merged(&self, entries: Vec<Entry>, place: &Place) -> Vec<Entry> {
        let entries = self.without_doubles(entries, place);
        let (merges, mut all): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == MERGE);
        for entry in merges.into_iter().flat_map(|merge| self.lent(merge.value, &place.key(MERGE, merge.line))) {
            if !all.iter().any(|own| own.key == entry.key) {
                all.push(entry);
            }
        }
        all
    }

    /// What stands behind a merge key. A lender may borrow as well.
    fn lent(&self, value: Node, place: &Place) -> Vec<Entry> {
        match value.kind {
            Kind::Map(entries) => self.merged(entries, place),
            Kind::List(items) => items.into_iter().flat_map(|item| self.lent(item, place)).collect(),
            Kind::Null | Kind::Scalar(_) => {
                self.report.problem(place, Complaint::new("a merge key needs a section, or a list of sections"));
                Vec::new()
            }
        }
    }

    fn values(&self, entries: Vec<Entry>, place: &Place) -> Vec<Entry> {
        let value = |entry: Entry| {
            let place = place.key(&entry.key, entry.line);
            Entry { value: self.node(entry.value, &place), ..entry }
        };
        entries.into_iter().map(value).collect()
    }

    fn without_doubles(&self, entries: Vec<Entry>, place: &Place) -> Vec<Entry> {
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            match kept.iter().find(|earlier| earlier.key == entry.key) {
                Some(first) => self.report.problem(&place.key(&entry.key, entry.line), doubled(first.line)),
                None => kept.push(entry),
            }
        }
        kept
    }
}

fn doubled(first: Option<usize>) -> Complaint {
    let earlier = first.map_or_else(String::new, |line| format!("; it already stands on line {line}"));
    Complaint::new(format!("given twice{earlier}"))
}
