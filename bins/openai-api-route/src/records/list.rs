//! `records list`: rows, the newest first.

use super::args::{Format, ListArgs};
use super::failure::{Failure, nothing_fits};
use super::lines::Lines;
use super::terminal::Terminal;
use oar_record::{Archive, Query};
use std::io::Write;

/// Prints the newest rows that fit.
pub(crate) async fn list(
    args: &ListArgs,
    mut archive: Archive,
    format: Format,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let (lines, mut out) = (Lines::new(format, terminal), Terminal::out());
    let mut left = args.limit;
    let mut page = Query::newest(args.filter.filter(), left.min(lines.page()));
    let mut body = Vec::new();
    loop {
        let printed = lines.print(&mut archive, &page, &mut body).await?;
        if left == args.limit && printed.rows == 0 {
            return Err(nothing_fits());
        }
        if left == args.limit {
            lines.head(&mut out)?;
        }
        out.write_all(&body)?;
        body.clear();
        left = left.saturating_sub(printed.rows);
        let full = printed.rows == page.limit();
        match printed.last.filter(|_| full && left > 0) {
            Some(last) => page = Query::newest(args.filter.filter(), left.min(lines.page())).before(last),
            None => return Ok(out.flush()?),
        }
    }
}
