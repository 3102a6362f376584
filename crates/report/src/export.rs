//! Rows for other programs: names of fields are names of columns.

use oar_record::Row;
use std::io::{self, Write};

/// One JSON object a line.
pub struct JsonLines<W>(W);

impl<W: Write> JsonLines<W> {
    /// Writes to this.
    pub fn new(out: W) -> Self {
        Self(out)
    }

    /// Writes one row.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, row)?;
        self.0.write_all(b"\n")
    }

    /// Hands over what is still held back.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Comma-separated values with a line of names before the first row (RFC 4180).
pub struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// Writes to this.
    pub fn new(out: W) -> Self {
        Self(csv::Writer::from_writer(out))
    }

    /// Writes one row.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        self.0.serialize(row).map_err(|error| {
            let told = error.to_string();
            // What is wrong with the writer stays tellable: that its reader has left, say.
            if let csv::ErrorKind::Io(error) = error.into_kind() { error } else { io::Error::other(told) }
        })
    }

    /// Hands over what is still held back.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}
