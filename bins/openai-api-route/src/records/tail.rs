//! `records tail`: the last rows, and each new one as it comes.

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
    let (mut seen, mut fresh) = Seen::begin(&mut archive, &filter, args.lines).await?;
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
    /// Every row up to this number has been looked at, whether it fits or not.
    top: i64,
    /// Those not far below it.
    near: BTreeSet<i64>,
}

impl Seen {
    /// What is there, and the last `lines` rows of it that fit, in the order of their numbers.
    async fn begin(archive: &mut Archive, filter: &Filter, lines: u32) -> Result<(Self, Vec<i64>), Failure> {
        let top = newest(archive).await?;
        let near = Query::oldest(Filter::default(), LOOK).after(top.saturating_sub(OVERLAP)).before(top + 1);
        let near: Vec<RowId> = archive.read(&near).await?;
        let latest: Vec<RowId> = archive.read(&Query::newest(filter.clone(), lines).before(top + 1)).await?;
        let latest: Vec<i64> = latest.iter().rev().map(|row| row.id).collect();
        // One of the latest may have come since the others were looked at.
        let near = near.iter().map(|row| row.id).chain(latest.iter().copied()).collect();
        Ok((Self { top, near }, latest))
    }

    /// The rows that fit and have come since the last look, in the order of their numbers.
    async fn fresh(&mut self, archive: &mut Archive, filter: &Filter) -> Result<Vec<i64>, Failure> {
        let newest = newest(archive).await?;
        let look = Query::oldest(filter.clone(), LOOK).after(self.top.saturating_sub(OVERLAP));
        let found: Vec<RowId> = archive.read(&look).await?;
        // A look that is full ends before the newest row.
        let end = found.get(LOOK as usize - 1).map_or(newest, |row| row.id);
        let fresh = found.iter().map(|row| row.id).filter(|id| self.near.insert(*id)).collect();
        self.top = self.top.max(end);
        self.near = self.near.split_off(&self.top.saturating_sub(OVERLAP));
        Ok(fresh)
    }
}

/// The highest number of any row.
async fn newest(archive: &mut Archive) -> Result<i64, Failure> {
    let newest: Vec<RowId> = archive.read(&Query::newest(Filter::default(), 1)).await?;
    Ok(newest.first().map_or(0, |row| row.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oar_record::{Row, SqliteStore, Store};
    use std::sync::Arc;

    /// Rows of these models.
    fn rows<const COUNT: usize>(models: [&str; COUNT]) -> [Arc<Row>; COUNT] {
        models.map(|model| Arc::new(Row { model: Some(model.to_owned()), ..Row::default() }))
    }

    /// Each look would read them all again, of thousands a second.
    #[tokio::test]
    async fn rows_that_do_not_fit_are_looked_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("db.sqlite");
        let mut store = SqliteStore::open(&path).await.expect("a store");
        store.write(&rows(["wanted", "other"])).await.expect("written");
        let mut archive = Archive::sqlite(&path).await.expect("an archive");
        let filter = Filter { model: Some("wanted".to_owned()), ..Filter::default() };
        let (mut seen, latest) = Seen::begin(&mut archive, &filter, 10).await.expect("rows");
        assert_eq!((latest, seen.top), (vec![1], 2));
        for (models, fresh, top) in
            [(["other", "other"], vec![], 4), (["other", "wanted"], vec![6], 6), (["wanted", "other"], vec![7], 8)]
        {
            store.write(&rows(models)).await.expect("written");
            assert_eq!(seen.fresh(&mut archive, &filter).await.expect("rows"), fresh);
            assert_eq!(seen.top, top);
        }
    }
}
