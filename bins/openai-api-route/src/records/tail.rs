use super::args::{Format, TailArgs};
use super::failure::Failure;
use super::lines::Lines;
use super::terminal::{Terminal, nobody_listens};
use crate::signals::Signals;
use oar_record::{Archive, Filter, Query, RowId};
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

/// How often the database is asked for new rows.
const PERIOD: Duration = Duration::from_millis(500);

/// Numbers are given out before rows are there, so that of several gateways one may come later with a lower number: this
/// many below the highest are looked at again.
const OVERLAP: i64 = 1_000;

/// The most new rows of one look.
const LOOK: u32 = 10_000;

/// Prints the last rows that fit and then every new one, until a signal comes or nobody listens any more.
pub(crate) async fn tail(
    args: &TailArgs,
    mut archive: Archive,
    format: Format,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let (lines, mut out) = (Lines::new(format, terminal), Terminal::out());
    lines.head(&mut out)?;
    let filter = args.filter.filter();
    let mut seen = Seen::begin(&mut archive).await?;
    let latest: Vec<RowId> = archive.read(&Query::newest(filter.clone(), args.lines).before(seen.top + 1)).await?;
    let mut fresh: Vec<i64> = latest.iter().rev().map(|row| row.id).collect();
    loop {
        print(&fresh, &lines, &mut archive, &mut out).await?;
        tokio::select! {
            biased;
            _ = signals.next() => return Ok(()),
            () = tokio::time::sleep(PERIOD) => {}
        }
        if nobody_listens() {
            return Err(Failure::NobodyListens);
        }
        fresh = seen.fresh(&mut archive, &filter).await?;
    }
}

async fn print(ids: &[i64], lines: &Lines, archive: &mut Archive, out: &mut impl Write) -> Result<(), Failure> {
    for ids in ids.chunks(lines.page() as usize) {
        lines.print(archive, &Query::these(ids.to_vec()), out).await?;
    }
    Ok(out.flush()?)
}

/// Which rows were there already.
struct Seen {
    /// The highest number.
    top: i64,
    /// Those not far below it.
    near: BTreeSet<i64>,
}

impl Seen {
    async fn begin(archive: &mut Archive) -> Result<Self, Failure> {
        let top: Vec<RowId> = archive.read(&Query::newest(Filter::default(), 1)).await?;
        let top = top.first().map_or(0, |row| row.id);
        let near = Query::oldest(Filter::default(), LOOK).after(top.saturating_sub(OVERLAP)).before(top + 1);
        let near: Vec<RowId> = archive.read(&near).await?;
        Ok(Self { top, near: near.iter().map(|row| row.id).collect() })
    }

    /// The rows that fit and have come since the last look, in the order of their numbers.
    async fn fresh(&mut self, archive: &mut Archive, filter: &Filter) -> Result<Vec<i64>, Failure> {
        let look = Query::oldest(filter.clone(), LOOK).after(self.top.saturating_sub(OVERLAP));
        let found: Vec<RowId> = archive.read(&look).await?;
        let fresh: Vec<i64> = found.iter().map(|row| row.id).filter(|id| self.near.insert(*id)).collect();
        self.top = fresh.last().copied().unwrap_or(self.top).max(self.top);
        self.near = self.near.split_off(&self.top.saturating_sub(OVERLAP));
        Ok(fresh)
    }
}
