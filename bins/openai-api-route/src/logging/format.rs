//! How a line looks: as `tracing_subscriber` writes it, for a fifth of the work.
//!
//! ```text
//! 2026-01-02T03:04:05.000006Z  INFO exchange id=0198… method=POST path=/v1/models model="m" status=200
//! {"timestamp":"2026-01-02T03:04:05.000006Z","level":"INFO","message":"exchange","id":"0198…","status":200}
//! ```
//!
//! There is a line for each request. `tracing_subscriber`'s own formats pass each of its pieces, and each colour that it
//! does not have, through `core::fmt`; here pieces are appended to a string. Lines within spans are left to those formats:
//! no code of ours opens one, and what dependencies trace is for who looks for a fault.
//!
//! Three things differ. What a terminal would obey is spelled out in fields as in messages. Of a `dyn Error`, the causes are
//! left out, and a JSON number beyond 1e16 has no plus in its exponent; no event of ours has either.

mod escape;

use crate::cli::LogFormat;
use escape::{Escaped, Harmless, all, is_plain};
use std::cell::Cell;
use std::fmt::{self, Debug, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format::Writer};
use tracing_subscriber::registry::LookupSpan;

/// The field that says what happened. It has no name in a line of text.
const MESSAGE: &str = "message";

/// The largest room that is kept from one line to the next, in bytes: a path may be long.
const ROOM_CAP_BYTES: usize = 16 * 1024;

thread_local! {
    /// Room for a line.
    static ROOM: Cell<String> = const { Cell::new(String::new()) };
}

/// Formats events as lines. `T` tells the time; `S` is `tracing_subscriber`'s own format, for events within spans.
pub(super) struct Line<T, S> {
    format: LogFormat,
    clock: T,
    within_spans: S,
}

/// Puts lines of ours in the place of `tracing_subscriber`'s, which has to be set to the same format and clock.
pub(super) fn lines<T, S>(format: LogFormat, clock: T) -> impl FnOnce(S) -> Line<T, S> {
    move |within_spans| Line { format, clock, within_spans }
}

impl<R, F, T, S> FormatEvent<R, F> for Line<T, S>
where
    R: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
    S: FormatEvent<R, F>,
{
    fn format_event(&self, context: &FmtContext<'_, R, F>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if event.parent().is_some() || context.lookup_current().is_some() {
            return self.within_spans.format_event(context, out, event);
        }
        // A value that logs while it is displayed finds no room, and makes some.
        let mut line = ROOM.take();
        line.clear();
        match self.format {
            LogFormat::Text if out.has_ansi_escapes() => self.text(&mut line, Look::Coloured, event),
            LogFormat::Text => self.text(&mut line, Look::Plain, event),
            LogFormat::Json => self.json(&mut line, event),
        }?;
        out.write_str(&line)?;
        if line.capacity() <= ROOM_CAP_BYTES {
            ROOM.set(line);
        }
        Ok(())
    }
}

impl<T: FormatTime, S> Line<T, S> {
    fn text(&self, line: &mut String, look: Look, event: &Event<'_>) -> fmt::Result {
        match look {
            Look::Plain => self.clock.format_time(&mut Writer::new(line))?,
            Look::Coloured => {
                line.push_str("\x1b[2m");
                self.clock.format_time(&mut Writer::new(line))?;
                line.push_str("\x1b[0m");
            }
        }
        line.push_str(look.level(*event.metadata().level()));
        event.record(&mut Text { line, look });
        line.write_char('\n')
    }

    fn json(&self, line: &mut String, event: &Event<'_>) -> fmt::Result {
        line.push_str("{\"timestamp\":\"");
        self.clock.format_time(&mut Writer::new(line))?;
        line.push_str("\",\"level\":\"");
        line.push_str(event.metadata().level().as_str());
        line.push('"');
        event.record(&mut Json { line });
        line.write_str("}\n")
    }
}

/// Whether parts of a line of text are told apart by colours: sequences that a terminal obeys (ECMA-48, SGR).
#[derive(Clone, Copy)]
enum Look {
    Plain,
    Coloured,
}

impl Look {
    const fn level(self, level: Level) -> &'static str {
        match (self, level) {
            (Self::Plain, Level::TRACE) => " TRACE",
            (Self::Plain, Level::DEBUG) => " DEBUG",
            (Self::Plain, Level::INFO) => "  INFO",
            (Self::Plain, Level::WARN) => "  WARN",
            (Self::Plain, Level::ERROR) => " ERROR",
            (Self::Coloured, Level::TRACE) => " \x1b[35mTRACE\x1b[0m",
            (Self::Coloured, Level::DEBUG) => " \x1b[34mDEBUG\x1b[0m",
            (Self::Coloured, Level::INFO) => " \x1b[32m INFO\x1b[0m",
            (Self::Coloured, Level::WARN) => " \x1b[33m WARN\x1b[0m",
            (Self::Coloured, Level::ERROR) => " \x1b[31mERROR\x1b[0m",
        }
    }
}

/// The message, then `name=value` for each field; a text has quotes, what is displayed has none.
struct Text<'a> {
    line: &'a mut String,
    look: Look,
}

impl Text<'_> {
    /// Writes what comes before a value, if the value is to be written.
    fn begin(&mut self, field: &Field) -> bool {
        match field.name() {
            MESSAGE => self.line.push(' '),
            // Where a line of the `log` crate comes from.
            name if name.starts_with("log.") => return false,
            name => self.name(name.strip_prefix("r#").unwrap_or(name)),
        }
        true
    }

    fn name(&mut self, name: &str) {
        match self.look {
            Look::Plain => {
                self.line.push(' ');
                self.line.push_str(name);
                self.line.push('=');
            }
            Look::Coloured => append(self.line, format_args!(" \x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m")),
        }
    }
}

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match self.begin(field) {
            true if field.name() == MESSAGE => append(&mut Harmless(self.line), format_args!("{value}")),
            true => push_quoted(self.line, value),
            false => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.begin(field) {
            push_number(self.line, value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if self.begin(field) {
            push_truth(self.line, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.begin(field) {
            append(&mut Harmless(self.line), format_args!("{value:?}"));
        }
    }
}

/// Each field as a member; what is neither text, number nor truth value as the text it displays.
struct Json<'a> {
    line: &'a mut String,
}

impl Json<'_> {
    fn name(&mut self, field: &Field) -> &mut String {
        // Names are written by programmers: none has a quote.
        self.line.push_str(",\"");
        self.line.push_str(field.name());
        self.line.push_str("\":");
        self.line
    }
}

impl Visit for Json<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            append(self.name(field), format_args!("{value:?}"));
        } else {
            self.name(field).push_str("null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        append(self.name(field), format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        push_number(self.name(field), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        push_truth(self.name(field), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let line = self.name(field);
        line.push('"');
        append_str(&mut Escaped(line), value);
        line.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let line = self.name(field);
        line.push('"');
        append(&mut Escaped(line), format_args!("{value:?}"));
        line.push('"');
    }
}

/// A String takes everything; a value that refuses to be displayed is cut.
fn append(line: &mut impl Write, value: fmt::Arguments<'_>) {
    let _ = line.write_fmt(value);
}

fn append_str(line: &mut impl Write, value: &str) {
    let _ = line.write_str(value);
}

fn push_quoted(line: &mut String, value: &str) {
    if !all(value, is_plain) {
        return append(line, format_args!("{value:?}"));
    }
    line.push('"');
    line.push_str(value);
    line.push('"');
}

/// In decimal: a line has so many numbers that `core::fmt` would be felt.
fn push_number(line: &mut String, number: u64) {
    if number > 9 {
        push_number(line, number / 10);
    }
    line.push(char::from(b'0' + (number % 10) as u8));
}

fn push_truth(line: &mut String, truth: bool) {
    line.push_str(if truth { "true" } else { "false" });
}

#[cfg(test)]
mod tests;
