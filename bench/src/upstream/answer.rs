//! What good upstreams say, as a function of the ticket and of the body they were sent.

use super::{Kind, Ticket};
use crate::dice::Dice;
use bytes::Bytes;
use std::hash::{DefaultHasher, Hasher};

const LARGE_BYTES: usize = 1024 * 1024;
const LONG_EVENTS: u64 = 1024;
const BLOCK_BYTES: usize = 16 * 1024;

/// A number that two different bodies do not share, in one build of this program.
pub fn digest(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    hasher.finish()
}

/// The body of a plain answer to a request whose body had this digest.
pub fn plain(ticket: Ticket, seen: u64) -> Bytes {
    let mut dice = dice(ticket);
    let length = match ticket.kind {
        Kind::Large => LARGE_BYTES,
        // Mostly short, now and then longer.
        Kind::Plain | Kind::Stream | Kind::Long if dice.below(10) == 0 => 4000 + dice.below(4000) as usize,
        Kind::Plain | Kind::Stream | Kind::Long => 100 + dice.below(900) as usize,
    };
    let text = filler(ticket, length);
    format!(
        "{{\"id\":\"{ticket}\",\"seen\":\"{seen:016x}\",\"object\":\"chat.completion\",\"choices\":[{{\"index\":0,\
         \"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"}},\"finish_reason\":\"stop\"}}],\
         \"usage\":{{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}}}"
    )
    .into()
}

/// The events of a stream, each with the empty line that ends it; the last is `[DONE]`.
pub fn events(ticket: Ticket, seen: u64) -> Vec<String> {
    let mut dice = dice(ticket);
    let count = match ticket.kind {
        Kind::Long => LONG_EVENTS,
        Kind::Plain | Kind::Stream | Kind::Large => 4 + dice.below(36),
    };
    let text = |number: u64| match number {
        0 => format!("seen {seen:016x}"),
        _ => filler(ticket, 20 + dice.below(80) as usize),
    };
    let mut events: Vec<_> = (0..count).map(text).map(|text| event(ticket, &text, "null")).collect();
    events.push(event(ticket, "", "\"stop\""));
    events.push("data: [DONE]\n\n".into());
    events
}

/// The events that an upstream sends before its stream breaks: the first half, so that none says that it is complete.
pub fn begun_events(ticket: Ticket, seen: u64) -> Vec<String> {
    let mut events = events(ticket, seen);
    events.truncate(events.len() / 2);
    events
}

/// What an answer without an end repeats: an event, or many lines.
pub fn endless_block(ticket: Ticket) -> Bytes {
    if ticket.kind.is_stream() { event(ticket, "more", "null").into() } else { lines(ticket) }
}

/// Some kilobytes that are no events.
pub(super) fn lines(ticket: Ticket) -> Bytes {
    let line = format!("{ticket}\n");
    line.repeat(BLOCK_BYTES / line.len()).into()
}

fn event(ticket: Ticket, text: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"{ticket}\",\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\
         \"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":{finish}}}]}}\n\n"
    )
}

/// Text that nobody else's answer has.
fn filler(ticket: Ticket, length: usize) -> String {
    let word = format!("{ticket} ");
    let mut text = word.repeat(length / word.len() + 1);
    text.truncate(length);
    text
}

fn dice(ticket: Ticket) -> Dice {
    Dice::of(0x5eed, ticket.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_depends_on_its_request_alone() {
        let ticket = |number| Ticket { number, kind: Kind::Stream };
        assert_eq!(events(ticket(1), 2), events(ticket(1), 2));
        assert_ne!(events(ticket(1), 2), events(ticket(1), 3));
        assert_ne!(plain(ticket(1), 2), plain(ticket(2), 2));
    }

    #[test]
    fn a_stream_that_breaks_has_not_said_that_it_is_complete() {
        for number in 0..200 {
            let begun = begun_events(Ticket { number, kind: Kind::Stream }, 0);
            assert!(begun.len() >= 2);
            assert!(begun.iter().all(|event| event.contains("\"finish_reason\":null")), "{begun:?}");
        }
    }
}
