//! `records export`: whole rows, for other programs.

use super::args::{ExportArgs, ExportFormat};
use super::failure::{Failure, nothing_fits};
use super::progress::Progress;
use super::terminal::Terminal;
use oar_record::{Archive, Row, Walk};
use oar_report::{Csv, JsonLines};
use std::fs::File;
use std::io::{BufWriter, Write};

/// Writes the rows that fit, a few at a time.
pub(crate) async fn export(args: &ExportArgs, mut archive: Archive) -> Result<(), Failure> {
    let out: Box<dyn Write> = match &args.output {
        None => Box::new(Terminal::out()),
        Some(path) => {
            let file = File::create(path).map_err(|source| Failure::File { path: path.clone(), source })?;
            Box::new(BufWriter::new(file))
        }
    };
    let mut form = match args.format {
        ExportFormat::Jsonl => Form::Jsonl(JsonLines::new(out)),
        ExportFormat::Csv => Form::Csv(Box::new(Csv::new(out))),
    };
    let mut walk: Walk<Row> = Walk::begin(&mut archive, args.filter.filter()).await?;
    let (mut progress, mut written) = (Progress::new(), 0_u64);
    while let Some(rows) = walk.next(&mut archive).await? {
        rows.iter().try_for_each(|row| form.row(row))?;
        written += rows.len() as u64;
        progress.at(walk.progress(), || format!("{written} rows"));
    }
    progress.end();
    form.end()?;
    if written == 0 { Err(nothing_fits()) } else { Ok(()) }
}

enum Form<W: Write> {
    Jsonl(JsonLines<W>),
    Csv(Box<Csv<W>>),
}

impl<W: Write> Form<W> {
    fn row(&mut self, row: &Row) -> std::io::Result<()> {
        match self {
            Self::Jsonl(form) => form.row(row),
            Self::Csv(form) => form.row(row),
        }
    }

    fn end(self) -> std::io::Result<()> {
        match self {
            Self::Jsonl(form) => form.end(),
            Self::Csv(form) => form.end(),
        }
    }
}
