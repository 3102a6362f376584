//! The keys of an upstream that belong to its backend.

use crate::fault::Fault;
use crate::guest::{Findings, Guest};
use crate::node::{Entry, Kind, Node};
use crate::problem::{Complaint, Place, Problem};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The keys of one upstream entry that the host did not take, for the backend to decode.
///
/// `Debug` shows keys and lines, never values.
#[derive(Clone, Debug)]
pub struct Settings {
    file: String,
    place: Place,
    node: Node,
    /// Each key of the entry, the host's included, and its line.
    lines: Vec<(String, Option<usize>)>,
    /// The host's keys, which may be meant by a misspelled one.
    host: Vec<&'static str>,
    pub(crate) connect_timeout: Duration,
}

impl Settings {
    pub(crate) fn new(
        file: String,
        place: Place,
        entries: Vec<Entry>,
        lines: Vec<(String, Option<usize>)>,
        host: Vec<&'static str>,
    ) -> Self {
        let node = Node { line: place.line, kind: Kind::Map(entries) };
        Self { file, place, node, lines, host, connect_timeout: Duration::from_secs(5) }
    }

    /// Decodes the backend's keys into its own struct.
    ///
    /// Every key that is not a field is a problem, with or without `deny_unknown_fields`. Texts hold what was written:
    /// `0123` stays `0123`. A key with nothing behind it is an empty text, an empty list, `false` or `None`.
    ///
    /// # Errors
    ///
    /// Every problem of these keys: all unknown keys, all values of a wrong type. No message quotes a value, even where
    /// the struct's own `Deserialize` does.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut skipped: Vec<String> = Vec::new();
        loop {
            let findings = Findings::new(&self.file, &self.host, &skipped);
            let result = T::deserialize(Guest::root(&self.node, &self.place, &findings));
            keep_new(&mut problems, findings.close());
            match result {
                Ok(value) if problems.is_empty() => return Ok(value),
                Ok(_) => return Err(problems),
                Err(fault) => {
                    let blamed = fault.key.clone().filter(|key| !skipped.contains(key));
                    if !fault.follows_from(&skipped) {
                        keep_new(&mut problems, vec![self.located(fault)]);
                    }
                    // Decode again without the bad key, to find what is wrong behind it.
                    match blamed {
                        Some(key) => skipped.push(key),
                        None => return Err(problems),
                    }
                }
            }
        }
    }

    fn located(&self, fault: Fault) -> Problem {
        let place = fault.place.unwrap_or_else(|| self.place.clone());
        place.problem(&self.file, Complaint::new(fault.message))
    }

    /// A problem that a backend found in one of the keys, the host's included. The message must not hold a secret.
    pub fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        let line = self.lines.iter().find(|(known, _)| known == key).and_then(|(_, line)| *line);
        self.place.key(key, line).problem(&self.file, Complaint::new(message))
    }

    /// How long a connection to this upstream may take, with name resolution and TLS: its own limit, or the file's.
    pub const fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Where the entry stands: `upstreams[1]`.
    pub fn path(&self) -> &str {
        &self.place.path
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

fn keep_new(kept: &mut Vec<Problem>, found: Vec<Problem>) {
    for problem in found {
        if !kept.contains(&problem) {
            kept.push(problem);
        }
    }
}
