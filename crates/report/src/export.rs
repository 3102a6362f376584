//! Rows for other programs: names of fields are names of columns.

use oar_record::Row;
use std::io::{self, Write};

/// One JSON object a line.
///
/// ```
/// use oar_record::Row;
/// use oar_report::JsonLines;
///
/// let mut text = Vec::new();
/// let mut lines = JsonLines::new(&mut text);
/// lines.row(&Row { id: Some(7), ..Row::default() })?;
/// lines.end()?;
/// assert!(String::from_utf8_lossy(&text).starts_with(r#"{"id":7,"hostname":null,"#));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JsonLines<W>(W);

impl<W: Write> JsonLines<W> {
    /// Writes to this.
    ///
    /// ```
    /// # use oar_report::JsonLines;
    /// let out = JsonLines::new(std::io::stdout());
    /// ```
    pub fn new(out: W) -> Self {
        Self(out)
    }

    /// Writes one row.
    ///
    /// # Errors
    ///
    /// The writer's.
    ///
    /// ```
    /// # use oar_record::Row;
    /// # use oar_report::JsonLines;
    /// let mut text = Vec::new();
    /// JsonLines::new(&mut text).row(&Row::default())?;
    /// assert!(!text.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, row)?;
        self.0.write_all(b"\n")
    }

    /// Hands over what is still held back.
    ///
    /// # Errors
    ///
    /// The writer's.
    ///
    /// ```
    /// # use oar_report::JsonLines;
    /// let mut text = Vec::new();
    /// JsonLines::new(&mut text).end()?;
    /// assert!(text.is_empty(), "there was no row");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Comma-separated values with a line of names before the first row (RFC 4180).
///
/// ```
/// use oar_record::Row;
/// use oar_report::Csv;
///
/// let mut text = Vec::new();
/// let mut csv = Csv::new(&mut text);
/// csv.row(&Row { id: Some(7), model: Some("a, b".into()), ..Row::default() })?;
/// csv.end()?;
/// let text = String::from_utf8_lossy(&text);
/// assert!(text.starts_with("id,hostname,") && text.contains("\n7,,,,,,,\"a, b\","), "{text}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// Writes to this.
    ///
    /// ```
    /// # use oar_report::Csv;
    /// let out = Csv::new(std::io::stdout());
    /// ```
    pub fn new(out: W) -> Self {
        Self(csv::Writer::from_writer(out))
    }

    /// Writes one row.
    ///
    /// # Errors
    ///
    /// The writer's.
    ///
    /// ```
    /// # use oar_record::Row;
    /// # use oar_report::Csv;
    /// let mut text = Vec::new();
    /// Csv::new(&mut text).row(&Row::default())?;
    /// assert!(!text.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
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
    ///
    /// ```
    /// # use oar_report::Csv;
    /// let mut text = Vec::new();
    /// Csv::new(&mut text).end()?;
    /// assert!(text.is_empty(), "there was no row");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}
