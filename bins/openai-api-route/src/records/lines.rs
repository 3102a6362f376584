//! Rows, one line each, in either format.

use super::args::Format;
use super::failure::Failure;
use super::terminal::Terminal;
use oar_record::{Archive, Query, Row, Summary};
use oar_report::{JsonLines, Table};
use std::io::Write;

/// How a row becomes a line.
pub(crate) enum Lines {
    Table(Table),
    Json,
}

/// What of a page there was.
pub(crate) struct Printed {
    pub(crate) rows: u32,
    /// The number of the last row.
    pub(crate) last: Option<i64>,
}

impl Lines {
    pub(crate) fn new(format: Format, terminal: &Terminal) -> Self {
        match format {
            Format::Text => Self::Table(Table::new(terminal.look())),
            Format::Json => Self::Json,
        }
    }

    pub(crate) fn head(&self, out: &mut impl Write) -> Result<(), Failure> {
        match self {
            Self::Table(table) => Ok(table.head(out)?),
            Self::Json => Ok(()),
        }
    }

    /// How many rows are read at a time: whole ones may weigh megabytes.
    pub(crate) const fn page(&self) -> u32 {
        match self {
            Self::Table(_) => 1_000,
            Self::Json => 50,
        }
    }

    /// Reads a page and prints it.
    pub(crate) async fn print(
        &self,
        archive: &mut Archive,
        query: &Query,
        out: &mut impl Write,
    ) -> Result<Printed, Failure> {
        match self {
            Self::Table(table) => {
                let rows: Vec<Summary> = archive.read(query).await?;
                rows.iter().try_for_each(|row| table.line(row, out))?;
                Ok(Printed { rows: count(rows.len()), last: rows.last().map(|row| row.id) })
            }
            Self::Json => {
                let rows: Vec<Row> = archive.read(query).await?;
                let mut json = JsonLines::new(out);
                rows.iter().try_for_each(|row| json.row(row))?;
                Ok(Printed { rows: count(rows.len()), last: rows.last().and_then(|row| row.id) })
            }
        }
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
