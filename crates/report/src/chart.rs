//! A table of numbers, with a bar for each line.

use crate::look::{Look, Tone};
use crate::safe;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// The widest name of a line, and the widest bar.
const NAME: usize = 36;
const BAR: usize = 30;

/// One line: a name, a text for each column, and the number that its bar stands for.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) cells: Vec<String>,
    pub(crate) size: u64,
    pub(crate) tone: Tone,
}

/// Writes the lines below their titles; the bars fill what is left of the width.
pub(crate) fn write(titles: &[&str], lines: &[Line], look: &Look, out: &mut impl Write) -> io::Result<()> {
    let (first, titles) = titles.split_first().map_or(("", titles), |(first, rest)| (*first, rest));
    let name = lines.iter().map(|line| safe::line(&line.name).width()).chain([first.width()]).max().unwrap_or_default();
    let name = name.min(NAME);
    let widths: Vec<usize> = titles.iter().enumerate().map(|(index, title)| width(index, title, lines)).collect();
    let taken = name + widths.iter().map(|width| width + 2).sum::<usize>() + 2;
    let bar = look.width.map_or(BAR, |width| width.saturating_sub(taken).min(BAR));
    let largest = lines.iter().map(|line| line.size).max().unwrap_or_default();

    let head = row(first, titles.iter().copied(), name, &widths);
    writeln!(out, "{}", look.paint(Tone::Aside, head.trim_end()))?;
    for line in lines {
        let text = row(&line.name, line.cells.iter().map(String::as_str), name, &widths);
        let bar = look.paint(line.tone, "█".repeat(length(line.size, largest, bar)));
        writeln!(out, "{}", format!("{text}  {bar}").trim_end())?;
    }
    Ok(())
}

fn width(index: usize, title: &str, lines: &[Line]) -> usize {
    let cells = lines.iter().filter_map(|line| line.cells.get(index)).map(|cell| cell.width());
    cells.chain([title.width()]).max().unwrap_or_default()
}

fn row<'a>(name: &str, cells: impl Iterator<Item = &'a str>, width: usize, widths: &[usize]) -> String {
    let mut text = safe::padded(name, width);
    for (cell, width) in cells.zip(widths) {
        text.push_str(&format!("  {cell:>width$}"));
    }
    text
}

/// Of a bar: what is there is at least one column.
fn length(size: u64, largest: u64, bar: usize) -> usize {
    if size == 0 || largest == 0 || bar == 0 {
        return 0;
    }
    let columns = u128::from(size) * bar as u128 / u128::from(largest);
    usize::try_from(columns).unwrap_or(bar).clamp(1, bar)
}
