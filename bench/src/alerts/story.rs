//! Messages as people read them.

use super::recovery::{Kind, WINDOW};
use super::{Found, Recovery};
use std::fmt;

/// So many messages of a flood are shown.
const SHOWN: usize = 3;

/// What people were told, for whoever reads the report.
pub(super) enum Story<'a> {
    /// The first messages about a flood.
    Begin(&'a Found),
    /// The first message about a flood that ended, and all that are no alerts.
    End(&'a Recovery),
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(found) => begin(f, found),
            Self::End(recovery) => end(f, recovery),
        }
    }
}

fn begin(f: &mut fmt::Formatter<'_>, found: &Found) -> fmt::Result {
    writeln!(f, "\nWhat people read, the first {SHOWN} of {} messages:\n", found.arrived)?;
    found.messages.iter().take(SHOWN).try_for_each(|message| writeln!(f, "{}", indented(&message.text)))
}

fn end(f: &mut fmt::Formatter<'_>, recovery: &Recovery) -> fmt::Result {
    let Recovery { failures, lasted, messages, .. } = recovery;
    let (lasted, window) = (lasted.as_secs_f64(), WINDOW.as_secs());
    writeln!(f, "A flood of {failures} failures that ended after {lasted:.1} s, with a window of {window} s:\n")?;
    let alerts: Vec<_> = recovery.told(Kind::Alert).collect();
    if let (Some((after, text)), Some((last, _))) = (alerts.first(), alerts.last()) {
        let (count, after, last) = (alerts.len(), after.as_secs_f64(), last.as_secs_f64());
        writeln!(f, "  {count} alerts, after {after:.1} to {last:.1} s; the first:\n{}", indented(text))?;
    }
    let rest = messages.iter().filter(|(_, text)| Kind::of(text) != Kind::Alert);
    rest.into_iter()
        .try_for_each(|(after, text)| writeln!(f, "  after {:.1} s:\n{}", after.as_secs_f64(), indented(text)))
}

/// A message as a paragraph of its own.
fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
