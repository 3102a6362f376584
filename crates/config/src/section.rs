//! Takes a section apart key by key and reports what does not fit, without ever stopping.

use crate::node::{Entry, Kind, Node};
use crate::problem::{Complaint, Place, Problem, Report};
use crate::settings::Settings;
use crate::suggest::closest;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// A section of the file. Every key that was not taken when it is closed is one that nobody knows.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    place: Place,
    report: &'a Report,
    /// What was not taken yet.
    left: Vec<Entry>,
    /// Each key in the file and its line, taken or not.
    lines: Vec<(String, Option<usize>)>,
    /// Each key that was asked for, in the file or not: these are the known ones.
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The value of a key; a null when the file does not have it. Each key is taken once.
    pub(crate) fn take(&mut self, key: &'static str) -> Field<'a> {
        self.asked.push(key);
        let found = self.left.iter().position(|entry| entry.key == key).map(|index| self.left.remove(index));
        let (line, node) = found.map_or_else(|| (None, Node::null(None)), |entry| (entry.line, entry.value));
        Field { place: self.place.key(key, line), node, report: self.report }
    }

    /// Like [`take`](Self::take) for a key that the section cannot do without.
    pub(crate) fn require(&mut self, key: &'static str) -> Field<'a> {
        let field = self.take(key);
        if field.is_null() {
            field.complain(Complaint::new("is missing"));
        }
        field
    }

    pub(crate) fn complain(&self, place: &Place, complaint: Complaint) {
        self.report.problem(place, complaint);
    }

    pub(crate) fn warn(&self, place: &Place, complaint: Complaint) {
        self.report.warn(place, complaint);
    }

    /// Reports the keys that nobody took.
    pub(crate) fn close(self) {
        for entry in &self.left {
            let place = self.place.key(&entry.key, entry.line);
            self.report.add(unknown_key(&self.report.file, &place, &entry.key, &self.asked));
        }
    }

    /// Leaves the keys that nobody took to a backend.
    pub(crate) fn into_settings(self, connect_timeout: Duration) -> Settings {
        let Self { place, report, left, lines, asked } = self;
        let node = Node { line: place.line, kind: Kind::Map(left) };
        Settings { file: report.file.clone(), place, node, lines, host: asked, connect_timeout }
    }
}

/// The problem of a key that is none of the known ones.
pub(crate) fn unknown_key(file: &str, place: &Place, key: &str, known: &[&str]) -> Problem {
    let hint = match closest(key, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known keys: {}", known.join(", ")),
    };
    place.problem(file, Complaint::new("unknown key").hint(hint))
}

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub(crate) place: Place,
    node: Node,
    report: &'a Report,
}

impl<'a> Field<'a> {
    pub(crate) fn new(place: Place, node: Node, report: &'a Report) -> Self {
        Self { place, node, report }
    }

    /// Whether the key is absent, or there with nothing behind it.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.node.kind, Kind::Null)
    }

    /// Whether there is anything behind the key.
    pub(crate) fn is_set(&self) -> bool {
        !self.is_null()
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node.kind, Kind::List(_))
    }

    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.node.kind, Kind::List(items) if items.is_empty())
    }

    pub(crate) fn complain(&self, complaint: Complaint) {
        self.report.problem(&self.place, complaint);
    }

    /// The text of a single value. `None` when there is none, or when a variable made it empty.
    pub(crate) fn secret(self) -> Option<SecretString> {
        let Self { place, node, report } = self;
        let noun = node.noun();
        match node.kind {
            Kind::Null => None,
            Kind::Scalar(scalar) => Some(scalar.text).filter(|text| !text.expose_secret().is_empty()),
            Kind::List(_) | Kind::Map(_) => {
                let complaint = Complaint::new(format!("must be a single value, not {noun}"));
                report.problem(&place, complaint.hint("quote a value that begins with `[` or `{`"));
                None
            }
        }
    }

    /// The value as `decode` understands it; its complaint is reported.
    pub(crate) fn read<T>(self, decode: impl FnOnce(&str) -> Result<T, Complaint>) -> Option<T> {
        let (place, report) = (self.place.clone(), self.report);
        let text = self.secret()?;
        decode(text.expose_secret()).map_err(|complaint| report.problem(&place, complaint)).ok()
    }

    /// The items of a list; none when there is nothing.
    pub(crate) fn items(self) -> Vec<Field<'a>> {
        let Self { place, node, report } = self;
        let noun = node.noun();
        match node.kind {
            Kind::Null => Vec::new(),
            Kind::List(items) => {
                let item = |(index, node): (usize, Node)| Field { place: place.item(index, node.line), node, report };
                items.into_iter().enumerate().map(item).collect()
            }
            Kind::Scalar(_) | Kind::Map(_) => {
                let complaint = Complaint::new(format!("must be a list, not {noun}"));
                report.problem(&place, complaint.hint("begin each item with `- ` on a line of its own"));
                Vec::new()
            }
        }
    }

    /// The items of a list as `decode` understands them; none when there is nothing. An item that is empty may be a slip,
    /// so it is a problem, with this hint; one that is wrong is reported and left out.
    pub(crate) fn list<T>(self, hint: &str, decode: impl Fn(&str) -> Result<T, Complaint>) -> Vec<T> {
        let read = |item: Field<'_>| {
            if item.is_null() {
                item.complain(Complaint::new("is empty").hint(hint));
            }
            item.read(&decode)
        };
        self.items().into_iter().filter_map(read).collect()
    }

    /// The section; `None` when there is nothing.
    pub(crate) fn section(self) -> Option<Section<'a>> {
        let Self { place, node, report } = self;
        let noun = node.noun();
        match node.kind {
            Kind::Null => None,
            Kind::Map(left) => {
                let lines = left.iter().map(|entry| (entry.key.clone(), entry.line)).collect();
                Some(Section { place, report, left, lines, asked: Vec::new() })
            }
            Kind::Scalar(_) | Kind::List(_) => {
                report.problem(&place, Complaint::new(format!("must be a section of `key: value` lines, not {noun}")));
                None
            }
        }
    }
}
