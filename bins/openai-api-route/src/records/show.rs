//! `records show`: one row, whole.

use super::args::{Format, ShowArgs};
use super::failure::Failure;
use super::terminal::Terminal;
use oar_record::{Archive, Row};
use oar_report::JsonLines;
use std::io::Write;

/// A client may use a request id as often as it likes.
const MOST: u32 = 20;

/// Prints the row with this id, the newest if there are several.
pub(crate) async fn show(
    args: &ShowArgs,
    mut archive: Archive,
    format: Format,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let rows = archive.find(&args.id, MOST).await?;
    let Some((newest, older)) = rows.split_first() else {
        let id = oar_report::safe::line(&args.id);
        return Err(Failure::Nothing(format!("no record has the number, exchange id or request id `{id}`")));
    };
    let mut out = Terminal::out();
    match format {
        Format::Json => {
            let mut json = JsonLines::new(&mut out);
            rows.iter().try_for_each(|row| json.row(row))?;
        }
        Format::Text => {
            oar_report::show(newest, &terminal.look(), &mut out)?;
            tell_of_others(older, &mut out)?;
        }
    }
    Ok(out.flush()?)
}

fn tell_of_others(older: &[Row], out: &mut impl Write) -> Result<(), Failure> {
    if older.is_empty() {
        return Ok(());
    }
    let numbers: Vec<String> = older.iter().filter_map(|row| row.id).map(|id| id.to_string()).collect();
    Ok(writeln!(out, "\nOlder rows have the same request id: {}", numbers.join(", "))?)
}
