//! Rows, one line each.

use crate::look::{Look, Tone};
use crate::quantity::span_or_dash;
use crate::{attempts, moment, safe};
use oar_record::Summary;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// Rows as lines, in columns that fit the terminal: what does not is left out, the least important first.
///
/// ```
/// use oar_record::Summary;
/// use oar_report::{Look, Table};
///
/// let table = Table::new(Look { width: Some(60), ..Look::plain() });
/// let mut text = Vec::new();
/// table.head(&mut text)?;
/// table.line(&Summary { id: 7, status: Some(200), ..Summary::default() }, &mut text)?;
/// assert!(String::from_utf8_lossy(&text).lines().all(|line| line.len() <= 60));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Table {
    look: Look,
    columns: Vec<Column>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Moment,
    Clock,
    Outcome,
    Status,
    Model,
    Upstream,
    Tries,
    Elapsed,
    FirstByte,
    Tokens,
    Error,
}

use Column::{Clock, Elapsed, Error, FirstByte, Id, Model, Moment, Outcome, Status, Tokens, Tries, Upstream};

/// From the widest to the narrowest.
const LAYOUTS: [&[Column]; 6] = [
    &[Id, Moment, Outcome, Status, Model, Upstream, Tries, Elapsed, FirstByte, Tokens, Error],
    &[Id, Clock, Outcome, Status, Model, Upstream, Tries, Elapsed, FirstByte, Tokens, Error],
    &[Id, Clock, Outcome, Status, Model, Upstream, Tries, Elapsed, FirstByte, Error],
    &[Id, Clock, Outcome, Status, Model, Upstream, Elapsed, Error],
    &[Id, Clock, Outcome, Status, Model, Elapsed, Error],
    &[Id, Clock, Outcome, Status, Model, Error],
];

/// What the error has at least in a layout that is not the narrowest.
const ERROR_WIDTH: usize = 8;

impl Table {
    /// A table that fits the look's width.
    ///
    /// ```
    /// # use oar_report::{Look, Table};
    /// let table = Table::new(Look::plain());
    /// ```
    pub fn new(look: Look) -> Self {
        let fits = |layout: &&[Column]| look.width.is_none_or(|width| width_of(layout) + ERROR_WIDTH <= width);
        let narrowest: &[Column] = LAYOUTS.last().copied().unwrap_or_default();
        let columns = LAYOUTS.into_iter().find(fits).unwrap_or(narrowest).to_vec();
        Self { look, columns }
    }

    /// Writes what the columns are.
    ///
    /// # Errors
    ///
    /// The writer's.
    ///
    /// ```
    /// # use oar_report::{Look, Table};
    /// let mut text = Vec::new();
    /// Table::new(Look::plain()).head(&mut text)?;
    /// assert!(String::from_utf8_lossy(&text).trim_start().starts_with("id time"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn head(&self, out: &mut impl Write) -> io::Result<()> {
        self.write(|column| (column.title().to_owned(), Tone::Aside), out)
    }

    /// Writes one row.
    ///
    /// # Errors
    ///
    /// The writer's.
    ///
    /// ```
    /// # use oar_record::Summary;
    /// # use oar_report::{Look, Table};
    /// let mut text = Vec::new();
    /// Table::new(Look::plain()).line(&Summary { id: 7, ..Summary::default() }, &mut text)?;
    /// assert!(String::from_utf8_lossy(&text).starts_with("      7 -"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn line(&self, row: &Summary, out: &mut impl Write) -> io::Result<()> {
        let tone = Tone::of(row.outcome.as_deref(), row.status);
        self.write(|column| (column.cell(row, &self.look), if column.is_toned() { tone } else { Tone::Plain }), out)
    }

    fn write(&self, cell: impl Fn(Column) -> (String, Tone), out: &mut impl Write) -> io::Result<()> {
        let last = self.columns.len().saturating_sub(1);
        let mut room = self.look.width.unwrap_or(usize::MAX);
        let mut line = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let (text, tone) = cell(*column);
            let text = safe::fitted(&column.aligned(text), room).into_owned();
            let gap = usize::from(index < last);
            room = room.saturating_sub(text.width() + gap);
            let painted = self.look.paint(if text.is_empty() { Tone::Plain } else { tone }, text);
            line.push_str(&format!("{painted}{:gap$}", ""));
        }
        writeln!(out, "{}", line.trim_end())
    }
}

fn width_of(layout: &[Column]) -> usize {
    layout.iter().map(|column| column.width() + 1).sum()
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Id => "id",
            Moment | Clock => "time",
            Outcome => "outcome",
            Status => "st.",
            Model => "model",
            Upstream => "upstream",
            Tries => "tries",
            Elapsed => "elapsed",
            FirstByte => "first",
            Tokens => "tokens",
            Error => "error",
        }
    }

    fn width(self) -> usize {
        match self {
            Id => 7,
            Clock | Elapsed | FirstByte => 8,
            Moment => 19,
            Outcome => 14,
            Status => 3,
            Model => 18,
            Upstream => 12,
            Tries => 5,
            Tokens => 11,
            Error => 0,
        }
    }

    const fn is_toned(self) -> bool {
        matches!(self, Outcome | Status | Error)
    }

    /// Numbers end where their column ends, and are not cut: one that is too long shifts the rest of its line.
    fn aligned(self, text: String) -> String {
        let width = self.width();
        match self {
            Id | Tries | Elapsed | FirstByte | Tokens => format!("{text:>width$}"),
            Moment | Clock | Outcome | Status | Model | Upstream => safe::padded(&text, width),
            Error => text,
        }
    }

    fn cell(self, row: &Summary, look: &Look) -> String {
        let dash = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
        let moment = |format| row.created_at.map(|moment| moment::written(moment.0, &look.zone, format));
        match self {
            Id => row.id.to_string(),
            Moment => dash(moment("%F %T").as_deref()),
            Clock => dash(moment("%T").as_deref()),
            Outcome => dash(row.outcome.as_deref()),
            Status => row.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
            Model => dash(row.model.as_deref()),
            Upstream => dash(row.upstream.as_deref().or(row.upstream_endpoint.as_deref())),
            Tries => row
                .attempts
                .as_deref()
                .map_or_else(|| "-".to_owned(), |text| attempts::read(Some(text)).len().to_string()),
            Elapsed => span_or_dash(row.elapsed_time),
            FirstByte => span_or_dash(row.first_byte_time),
            Tokens => tokens(row.prompt_tokens, row.completion_tokens),
            Error => row.error.clone().unwrap_or_default(),
        }
    }
}

/// `7+120`: of the prompt and of the completion.
fn tokens(prompt: Option<i64>, completion: Option<i64>) -> String {
    let number = |count: Option<i64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    match (prompt, completion) {
        (None, None) => "-".to_owned(),
        (prompt, completion) => format!("{}+{}", number(prompt), number(completion)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Colours;
    use oar_record::CreatedAt;
    use std::time::{Duration, UNIX_EPOCH};

    fn row() -> Summary {
        Summary {
            id: 12,
            created_at: Some(CreatedAt(UNIX_EPOCH + Duration::from_secs(1_772_600_767))),
            outcome: Some("all_failed".to_owned()),
            status: Some(502),
            model: Some("你好你好你好你好你好你好\u{1b}[31m".to_owned()),
            upstream: Some("second".to_owned()),
            attempts: Some(r#"[{"upstream":"a","ms":3},{"upstream":"second","ms":5}]"#.to_owned()),
            elapsed_time: Some(1_500_000_000),
            prompt_tokens: Some(7),
            error: Some("all upstreams failed\nthe second line".to_owned()),
            ..Summary::default()
        }
    }

    fn line(width: Option<usize>, colours: Colours) -> String {
        let mut text = Vec::new();
        let look = Look { width, colours, ..Look::plain() };
        Table::new(look).line(&row(), &mut text).expect("a vector takes everything");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn a_line_tells_the_row_and_no_line_end_of_anybody_else() {
        assert_eq!(
            line(None, Colours::None),
            "     12 2026-03-04 05:06:07 all_failed     502 你好你好你好你好…  second           2   1.50 s        \
             -         7+? all upstreams failed\\nthe second line\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 1..200 {
            let line = line(Some(width), Colours::None);
            assert!(line.trim_end().width() <= width, "{width}: {line}");
        }
    }

    #[test]
    fn colours_are_for_those_who_asked() {
        assert!(line(None, Colours::Ansi).contains("\u{1b}[31mall_failed    \u{1b}[0m "));
        assert!(!line(None, Colours::None).contains('\u{1b}'));
    }
}
