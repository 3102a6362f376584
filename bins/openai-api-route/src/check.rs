//! `check` and `--list`: what the configuration means.

use crate::output::print;
use oar_app::{App, UpstreamSummary};
use std::path::Path;
use std::process::ExitCode;

/// Prints that the configuration is good, what it means, and what may not be meant.
pub(crate) fn check(app: &App, file: &Path) -> ExitCode {
    let mut text = format!("{}: ok\n{}", file.display(), listing(app.upstreams()));
    for warning in app.warnings() {
        text.push_str(&format!("warning: {warning}\n"));
        if let Some(hint) = &warning.hint {
            text.push_str(&format!("  hint: {hint}\n"));
        }
    }
    print(&text)
}

/// Prints the upstreams.
pub(crate) fn list(app: &App) -> ExitCode {
    print(&listing(app.upstreams()))
}

fn listing(upstreams: &[UpstreamSummary]) -> String {
    let width = |column: fn(&UpstreamSummary) -> &str| upstreams.iter().map(|upstream| column(upstream).len()).max();
    let name = width(|upstream| &upstream.name).unwrap_or_default();
    let backend = width(|upstream| &upstream.backend).unwrap_or_default();
    let endpoint = width(|upstream| &upstream.endpoint).unwrap_or_default();
    let lines = upstreams.iter().enumerate().map(|(index, upstream)| {
        let UpstreamSummary { name: n, backend: b, endpoint: e, access, .. } = upstream;
        let number = index + 1;
        format!("{number:3}  {n:name$}  {b:backend$}  {e:endpoint$}  {access}{}\n", models(upstream))
    });
    lines.collect()
}

fn models(upstream: &UpstreamSummary) -> String {
    let part = |word: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("  {word}: {}", names.join(", ")),
    };
    let defect = upstream.defect.as_ref().map(|defect| format!("  ({defect})")).unwrap_or_default();
    format!("{}{}{defect}", part("allow", &upstream.allow), part("deny", &upstream.deny))
}
