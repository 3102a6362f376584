//! One row, whole.

use crate::conversation::{Conversation, Turn};
use crate::look::{Look, Tone};
use crate::parts::Part;
use crate::quantity::{bytes, span};
use crate::told::tries;
use crate::{moment, safe, timeline};
use oar_record::Row;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes everything that a row tells, for a person: what it was, the tries over time, the conversation, the answer, the
/// headers.
///
/// # Errors
///
/// The writer's.
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
        let upstream = joined([row.upstream.as_deref(), row.upstream_endpoint.as_deref(), key.as_deref()]);
        self.fact("upstream", upstream.as_deref())?;
        self.fact("token", row.authorization.as_deref())?;
        self.fact("client", joined([row.ip.as_deref(), row.user_agent.as_deref()]).as_deref())?;
        self.fact(
            "tokens",
            counted(row.prompt_tokens, "of the prompt", row.completion_tokens, "of the completion").as_deref(),
        )?;
        self.fact("bytes", sized(row.bytes_in, row.bytes_out).as_deref())?;
        self.fact("request id", row.request_id.as_deref())?;
        self.fact("exchange id", row.exchange_id.as_deref())?;
        self.fact("gateway", row.hostname.as_deref())?;
        let cut = row
            .truncated
            .filter(|cut| *cut)
            .map(|_| "a body, the headers or another text was longer than what is kept");
        self.fact("cut", cut)
    }

    fn fact(&mut self, label: &str, text: Option<&str>) -> io::Result<()> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(()) };
        let tone = if matches!(label, "error" | "cut") { Tone::Odd } else { Tone::Plain };
        let label = self.look.paint(Tone::Aside, format!("{label:LABEL$}"));
        writeln!(self.out, "  {label}{}", self.look.paint(tone, safe::line(text)))
    }

    fn attempts(&mut self, row: &Row) -> io::Result<()> {
        let tries = tries(row.attempts.as_deref());
        if tries.is_empty() {
            return Ok(());
        }
        self.heading("attempts", None)?;
        let elapsed = row.elapsed_time.and_then(|nanoseconds| u64::try_from(nanoseconds / 1_000_000).ok());
        timeline::write(&tries, elapsed, self.look, self.out)
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
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn joined<const N: usize>(texts: [Option<&str>; N]) -> Option<String> {
    let texts: Vec<&str> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("  "))
}

fn counted(one: Option<i64>, of_one: &str, other: Option<i64>, of_other: &str) -> Option<String> {
    let part = |count: Option<i64>, of: &str| count.map(|count| format!("{count} {of}"));
    let parts: Vec<String> = [part(one, of_one), part(other, of_other)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn sized(asked: Option<i64>, answered: Option<i64>) -> Option<String> {
    let size = |count: Option<i64>, way: &str| {
        count.and_then(|count| u64::try_from(count).ok()).map(|count| format!("{} {way}", bytes(count)))
    };
    let parts: Vec<String> = [size(asked, "in"), size(answered, "out")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
