//! The attempts of one request: read from their column, and shown over its time.

use crate::look::{Look, Tone};
use crate::quantity::span;
use crate::safe;
use serde::Deserialize;
use std::borrow::Cow;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// One attempt, as the column `attempts` tells it.
#[derive(Deserialize)]
pub(crate) struct Attempt<'a> {
    #[serde(borrow, default)]
    upstream: Cow<'a, str>,
    #[serde(borrow, default)]
    result: Cow<'a, str>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    ms: u64,
    #[serde(borrow, default)]
    request_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    detail: Option<Cow<'a, str>>,
}

/// The attempts; none of a text that is no list of them.
pub(crate) fn read(column: Option<&str>) -> Vec<Attempt<'_>> {
    column.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// How many columns the whole time has.
const BAR: usize = 40;

/// A part of the time, in milliseconds.
struct Stretch {
    from: u64,
    length: u64,
}

/// One line for each attempt, with a bar where it stands in the request's time, and one for the answer after them.
pub(crate) fn write(
    attempts: &[Attempt<'_>],
    elapsed_ms: Option<u64>,
    look: &Look,
    out: &mut impl Write,
) -> io::Result<()> {
    let tried = attempts.iter().map(|one| one.ms).fold(0, u64::saturating_add);
    let whole = elapsed_ms.unwrap_or_default().max(tried);
    let name = attempts.iter().map(|one| safe::line(&one.upstream).width()).max().unwrap_or_default().clamp(6, 24);
    let mut from = 0;
    for one in attempts {
        let stretch = Stretch { from, length: one.ms };
        from = one.ms.saturating_add(from);
        let status = one.status.map(|status| status.to_string()).unwrap_or_default();
        let tone = if one.result == "ok" { Tone::Good } else { Tone::Bad };
        let (upstream, result) = (safe::padded(&one.upstream, name), safe::padded(&one.result, 19));
        let bar = look.paint(tone, bar(&stretch, whole));
        let line = format!("  {upstream}  {result} {status:>3}  {bar} {}{}", milliseconds(one.ms), remarks(one));
        writeln!(out, "{line}")?;
    }
    if let Some(answer) = elapsed_ms.and_then(|elapsed| elapsed.checked_sub(tried)).filter(|length| *length > 0) {
        let stretch = Stretch { from: tried, length: answer };
        let title = if attempts.last().is_some_and(|last| last.result == "ok") { "answer" } else { "(rest)" };
        let (title, rest) = (safe::padded(title, name), " ".repeat(24));
        writeln!(out, "  {title}  {rest} {} {}", look.paint(Tone::Aside, bar(&stretch, whole)), milliseconds(answer))?;
    }
    Ok(())
}

fn milliseconds(ms: u64) -> String {
    span(i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000_000))
}

fn remarks(one: &Attempt<'_>) -> String {
    let detail = one.detail.as_deref().map(|detail| format!("  {}", safe::line(detail)));
    let id = one.request_id.as_deref().map(|id| format!("  (its id {})", safe::line(id)));
    format!("{}{}", detail.unwrap_or_default(), id.unwrap_or_default())
}

/// Eighths of a column, from none to all.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// A stretch as a bar: it begins at a whole column, and ends at an eighth of one; it is never nothing.
fn bar(stretch: &Stretch, whole: u64) -> String {
    let eighths =
        |ms: u64| usize::try_from(u128::from(ms) * (BAR as u128) * 8 / u128::from(whole.max(1))).unwrap_or(BAR * 8);
    let before = (eighths(stretch.from) / 8).min(BAR - 1);
    let room = (BAR - before) * 8;
    let length = eighths(stretch.length).clamp(1, room);
    let mut bar: String = " ".repeat(before);
    bar.extend(std::iter::repeat_n('█', length / 8));
    if !length.is_multiple_of(8) {
        bar.extend(EIGHTHS.get(length % 8));
    }
    let used = before + length.div_ceil(8);
    bar.extend(std::iter::repeat_n(' ', BAR.saturating_sub(used)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_where_its_time_is_and_as_wide_as_all_bars() {
        let bar = |from, length| bar(&Stretch { from, length }, 1000);
        assert_eq!(bar(0, 1000), "█".repeat(40));
        assert_eq!(bar(0, 0), format!("▏{}", " ".repeat(39)));
        assert_eq!(bar(500, 500), format!("{}{}", " ".repeat(20), "█".repeat(20)));
        assert_eq!(bar(1000, 0), format!("{}▏", " ".repeat(39)));
        for from in 0..1000 {
            assert_eq!(bar(from, 1000 - from).chars().count(), 40, "{from}");
        }
    }

    fn lines(column: &str, elapsed_ms: u64) -> Vec<String> {
        let mut text = Vec::new();
        write(&read(Some(column)), Some(elapsed_ms), &Look::plain(), &mut text).expect("a vector takes everything");
        String::from_utf8(text).expect("text").lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_name_of_an_upstream_has_the_columns_that_it_takes() {
        let lines =
            lines(r#"[{"upstream":"通义千问","result":"ok","ms":5},{"upstream":"b","result":"ok","ms":5}]"#, 10);
        assert!(lines[0].starts_with("  通义千问  ok ") && lines[1].starts_with("  b         ok "), "{lines:?}");
    }

    #[test]
    fn times_that_nobody_has_are_shown_too() {
        let column = format!(r#"[{{"ms":{0}}},{{"ms":{0}}}]"#, u64::MAX);
        assert_eq!(lines(&column, 1).len(), 2);
        assert!(lines("[{\"ms\":-1}]", 1).len() == 1 && read(Some("no list")).is_empty());
    }
}
