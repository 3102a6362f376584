//! `records stats`: what rows come to, group by group.

use super::args::{Format, StatsArgs};
use super::failure::{Failure, nothing_fits};
use super::progress::Progress;
use super::terminal::Terminal;
use oar_record::{Archive, Measure, Walk};
use oar_report::Statistics;
use std::io::Write;

/// Prints what the rows that fit come to.
pub(crate) async fn stats(
    args: &StatsArgs,
    mut archive: Archive,
    format: Format,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let look = terminal.look();
    let mut statistics = Statistics::new(args.by, look.zone.clone());
    let mut walk: Walk<Measure> = Walk::begin(&mut archive, args.filter.filter()).await?;
    let mut progress = Progress::new();
    while let Some(rows) = walk.next(&mut archive).await? {
        rows.iter().for_each(|row| statistics.add(row));
        progress.at(walk.progress(), || format!("{} rows", statistics.requests()));
    }
    progress.end();
    if statistics.requests() == 0 {
        return Err(nothing_fits());
    }
    let mut out = Terminal::out();
    match format {
        Format::Text => statistics.text(&look, &mut out)?,
        Format::Json => writeln!(out, "{}", statistics.json())?,
    }
    Ok(out.flush()?)
}
