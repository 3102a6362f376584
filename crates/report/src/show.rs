//! One row, whole.

use crate::conversation::{Conversation, Turn};
use crate::look::{Look, Tone};
use crate::parts::Part;
use crate::quantity::{bytes, span};
use crate::{attempts, moment, safe};
use oar_record::Row;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes everything that a row tells, for a person: what it was, the attempts over time, the conversation, the answer, the
/// headers.
///
/// # Errors
///
/// The writer's.
///
/// ```
/// use oar_record::Row;
/// use oar_report::{Look, show};
///
/// let body = r#"{"messages": [{"role": "user", "content": "Hello?"}]}"#;
/// let row = Row { id: Some(7), status: Some(200), body: Some(body.into()), ..Row::default() };
/// let mut text = Vec::new();
/// show(&row, &Look::plain(), &mut text)?;
/// let text = String::from_utf8_lossy(&text);
/// assert!(text.starts_with("row 7  (no outcome) 200") && text.ends_with("  user\n    Hello?\n"), "{text}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn show(row: &Row, look: &Look, out: &mut impl Write) -> io::Result<()> {
    Sheet { look, out }.row(row)
}

struct Sheet<'a, W> {
    look: &'a Look,
    out: &'a mut W,
}

/// Of facts.
const LABEL: usize = 12;

/// The longest arguments of a call that stand on its line.
const SHORT_ARGUMENTS: usize = 60;

impl<W: Write> Sheet<'_, W> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.summary(row)?;
        self.facts(row)?;
        self.attempts(row)?;
        self.section("request", row.body.as_deref(), Conversation::of_request)?;
        self.section("answer", row.response.as_deref(), Conversation::of_answer)?;
        self.headers(row.headers.as_deref())
    }

    fn summary(&mut self, row: &Row) -> io::Result<()> {
        let tone = Tone::of(row.outcome.as_deref(), row.status);
        let status = row.status.map(|status| status.to_string()).unwrap_or_default();
        let outcome = format!("{} {status}", safe::line(row.outcome.as_deref().unwrap_or("(no outcome)")));
        let asked = [&row.method, &row.path, &row.model].into_iter().flatten().map(|text| safe::line(text));
        let asked = asked.collect::<Vec<_>>().join(" ");
        let heading = self.look.paint(Tone::Heading, format!("row {}", row.id.unwrap_or_default()));
        writeln!(self.out, "{heading}  {}  {asked}", self.look.paint(tone, outcome.trim_end()))
    }

    fn facts(&mut self, row: &Row) -> io::Result<()> {
        let arrived = row.created_at.map(|at| moment::written(at.0, &self.look.zone, "%F %T%.3f %:z"));
        self.fact("time", arrived.as_deref())?;
        self.fact("took", took(row).as_deref())?;
        self.fact("error", row.error.as_deref())?;
        let key = row.upstream_sk.as_deref().filter(|key| !key.is_empty()).map(|key| format!("(key {key})"));
        let upstream = [row.upstream.clone(), row.upstream_endpoint.clone(), key];
        self.fact("upstream", joined(upstream, "  ").as_deref())?;
        self.fact("token", row.authorization.as_deref())?;
        self.fact("client", joined([row.ip.clone(), row.user_agent.clone()], "  ").as_deref())?;
        self.fact("tokens", tokens(row).as_deref())?;
        self.fact("bytes", sizes(row).as_deref())?;
        self.fact("request id", row.request_id.as_deref())?;
        self.fact("exchange id", row.exchange_id.as_deref())?;
        self.fact("gateway", row.hostname.as_deref())?;
        let is_cut = row.truncated.unwrap_or_default();
        self.fact("cut", is_cut.then_some("a body, the headers or another text was longer than what is kept"))
    }

    fn fact(&mut self, label: &str, text: Option<&str>) -> io::Result<()> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(()) };
        let tone = if matches!(label, "error" | "cut") { Tone::Odd } else { Tone::Plain };
        let label = self.look.paint(Tone::Aside, format!("{label:LABEL$}"));
        writeln!(self.out, "  {label}{}", self.look.paint(tone, safe::line(text)))
    }

    fn attempts(&mut self, row: &Row) -> io::Result<()> {
        let attempts = attempts::read(row.attempts.as_deref());
        if attempts.is_empty() {
            return Ok(());
        }
        self.heading("attempts", None)?;
        let elapsed = row.elapsed_time.and_then(|nanoseconds| u64::try_from(nanoseconds / 1_000_000).ok());
        attempts::write(&attempts, elapsed, self.look, self.out)
    }

    fn heading(&mut self, title: &str, aside: Option<&str>) -> io::Result<()> {
        let aside = aside.map(|aside| format!("  {aside}")).unwrap_or_default();
        writeln!(self.out, "\n{}{}", self.look.paint(Tone::Heading, title), self.look.paint(Tone::Aside, aside))
    }

    /// A body: a conversation, other JSON with an indent, or the text as it is.
    fn section(&mut self, title: &str, body: Option<&str>, read: fn(&Value) -> Option<Conversation>) -> io::Result<()> {
        let Some(body) = body.filter(|body| !body.is_empty()) else { return Ok(()) };
        let size = bytes(body.len() as u64);
        self.heading(title, Some(&size))?;
        let json: Option<Value> = serde_json::from_str(body).ok();
        match (json.as_ref().and_then(read), json) {
            (Some(conversation), _) => self.conversation(&conversation),
            (None, Some(json)) => self.text(&serde_json::to_string_pretty(&json).unwrap_or_default(), 2, Tone::Plain),
            (None, None) => self.text(body, 2, Tone::Plain),
        }
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        let parameters = conversation.parameters.iter().map(|(key, value)| format!("{key} {value}"));
        self.aside(&parameters.collect::<Vec<_>>().join(", "))?;
        if !conversation.tools.is_empty() {
            self.aside(&format!("tools: {}", conversation.tools.join(", ")))?;
        }
        conversation.turns.iter().try_for_each(|turn| self.turn(turn))
    }

    fn aside(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "  {}", self.look.paint(Tone::Aside, safe::line(text)))
    }

    fn turn(&mut self, turn: &Turn) -> io::Result<()> {
        writeln!(self.out, "  {}", self.look.paint(Tone::Heading, safe::line(&turn.who)))?;
        turn.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => self.text(text, 4, Tone::Plain),
            Part::Reasoning(text) => self.text(&format!("[reasoning] {text}"), 4, Tone::Aside),
            Part::Note(note) => self.text(note, 4, Tone::Aside),
            Part::Call { name, id, arguments } => self.call(name, id.as_deref(), arguments),
        })
    }

    fn call(&mut self, name: &str, id: Option<&str>, arguments: &str) -> io::Result<()> {
        let id = id.map(|id| format!("  {}", safe::line(id))).unwrap_or_default();
        let id = self.look.paint(Tone::Aside, id);
        let name = safe::line(name);
        if arguments.len() <= SHORT_ARGUMENTS {
            return writeln!(self.out, "    → {name}({}){id}", safe::line(arguments));
        }
        writeln!(self.out, "    → {name}{id}")?;
        let json: Option<Value> = serde_json::from_str(arguments).ok();
        let pretty = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
        self.text(pretty.as_deref().unwrap_or(arguments), 6, Tone::Plain)
    }

    fn text(&mut self, text: &str, indent: usize, tone: Tone) -> io::Result<()> {
        let mut lines = safe::lines(text);
        lines.try_for_each(|line| writeln!(self.out, "{:indent$}{}", "", self.look.paint(tone, line)))
    }

    fn headers(&mut self, headers: Option<&str>) -> io::Result<()> {
        let lists: Option<BTreeMap<String, Vec<String>>> = headers.and_then(|text| serde_json::from_str(text).ok());
        let Some(lists) = lists.filter(|lists| !lists.is_empty()) else { return Ok(()) };
        self.heading("headers", None)?;
        for (name, values) in &lists {
            for value in values {
                let name = self.look.paint(Tone::Aside, safe::line(name));
                writeln!(self.out, "  {name}: {}", safe::line(value))?;
            }
        }
        Ok(())
    }
}

fn took(row: &Row) -> Option<String> {
    let part = |nanoseconds: Option<i64>, what: &str| nanoseconds.map(|time| format!("{} to {what}", span(time)));
    let parts = [
        part(row.elapsed_time, "the end"),
        part(row.response_time, "the head"),
        part(row.first_byte_time, "the first byte"),
    ];
    joined(parts, ", ")
}

fn tokens(row: &Row) -> Option<String> {
    let part = |count: Option<i64>, of: &str| count.map(|count| format!("{count} of the {of}"));
    joined([part(row.prompt_tokens, "prompt"), part(row.completion_tokens, "completion")], ", ")
}

fn sizes(row: &Row) -> Option<String> {
    let part = |count: Option<i64>, way: &str| {
        count.and_then(|count| u64::try_from(count).ok()).map(|count| format!("{} {way}", bytes(count)))
    };
    joined([part(row.bytes_in, "in"), part(row.bytes_out, "out")], ", ")
}

/// What there is of these texts.
fn joined<const N: usize>(texts: [Option<String>; N], separator: &str) -> Option<String> {
    let texts: Vec<String> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join(separator))
}
