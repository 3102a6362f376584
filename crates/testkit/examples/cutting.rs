//! An upstream on a loopback port whose answers all break off, each in the way that its model's name asks for.
//!
//! ```text
//! cargo run -p oar-testkit --example cutting
//! ```
//!
//! It prints one line, `listening on 127.0.0.1:PORT`. The model `cut-chunks-5-line` gets five whole events and a part of
//! the sixth; one that asks for no stream gets the first half of a JSON object.
//!
//! | part of the name | |
//! | --- | --- |
//! | `length` | the head promises a length, and a FIN comes before it is reached |
//! | `chunks` | chunks, and a FIN without the last one |
//! | `close` | nothing frames the body but the end of the connection, which is a FIN |
//! | `reset` | the same, but the end is a RST; it comes after `GET /_go`, and so do all events but the first |
//! | `stall` | chunks, and then nothing for as long as the other side waits |
//! | `5` | how many whole events come |
//! | `event`, `line`, `character` | where the cut is: after the last of them, within a line or a character of the next |
//!
//! `GET /_hits` tells how often each path was asked, as the stand-in does.

mod words;

use bytes::Bytes;
use oar_testkit::{Gate, Head, Script, ScriptedUpstream, Step, response_bytes};
use serde_json::{Value, json};
use std::future::pending;
use std::io::{Write, stdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use words::{WORDS, event, half, whole};

/// The one path that is asked here.
const CHAT: &str = "/v1/chat/completions";

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let cutting = Cutting::default();
    let upstream = ScriptedUpstream::start(Script::choosing(move |head, body| cutting.steps(head, body))).await?;
    let mut out = stdout().lock();
    writeln!(out, "listening on {}", upstream.addr())?;
    // Whoever started this waits for the line, so it must not stay in a buffer.
    out.flush()?;
    drop(out);
    pending().await
}

#[derive(Default)]
struct Cutting {
    hits: AtomicU64,
    /// Where the reset that was asked for last waits.
    go: Mutex<Gate>,
}

impl Cutting {
    fn steps(&self, head: &Head, body: &Bytes) -> Vec<Step> {
        match head.target() {
            "/_hits" => answer(200, &json!({ CHAT: self.hits.load(Ordering::SeqCst) })),
            "/_go" => {
                self.gate().open();
                answer(200, &json!({}))
            }
            CHAT => {
                self.hits.fetch_add(1, Ordering::SeqCst);
                self.chat(&serde_json::from_slice(body).unwrap_or_default())
            }
            _ => answer(404, &json!({ "error": { "message": "no such path" } })),
        }
    }

    fn chat(&self, asked: &Value) -> Vec<Step> {
        let model = asked.get("model").and_then(Value::as_str).unwrap_or_default();
        let Some(cut) = Cut::named(model) else {
            return answer(404, &json!({ "error": { "message": "no such cut" } }));
        };
        if asked.get("stream") == Some(&Value::Bool(true)) { cut.stream(self.new_gate()) } else { cut.plain() }
    }

    fn gate(&self) -> Gate {
        self.go.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn new_gate(&self) -> Gate {
        *self.go.lock().unwrap_or_else(PoisonError::into_inner) = Gate::new();
        self.gate()
    }
}

fn answer(status: u16, body: &Value) -> Vec<Step> {
    let headers = [("content-type", "application/json"), ("connection", "close")];
    vec![Step::Send(response_bytes(status, &headers, body.to_string().as_bytes()))]
}

/// How an answer is framed, and how it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Length,
    Chunks,
    Close,
    Reset,
    Stall,
}

/// Where a stream is cut.
#[derive(Clone, Copy)]
enum Place {
    Event,
    Line,
    Character,
}

struct Cut {
    manner: Manner,
    events: usize,
    place: Place,
}

impl Cut {
    /// Reads a model's name.
    fn named(model: &str) -> Option<Self> {
        let mut words = model.strip_prefix("cut-")?.split('-');
        let manner = match words.next()? {
            "length" => Manner::Length,
            "chunks" => Manner::Chunks,
            "close" => Manner::Close,
            "reset" => Manner::Reset,
            "stall" => Manner::Stall,
            _ => return None,
        };
        let events = words.next()?.parse().ok()?;
        let place = match words.next()? {
            "event" => Place::Event,
            "line" => Place::Line,
            "character" => Place::Character,
            _ => return None,
        };
        Some(Self { manner, events, place })
    }

    fn stream(&self, go: Gate) -> Vec<Step> {
        let mut pieces = WORDS.iter().take(self.events).map(|word| event(word).into_bytes()).collect::<Vec<_>>();
        pieces.extend(WORDS.get(self.events).and_then(|word| self.place.part_of(word)));
        let promised = WORDS.iter().map(|word| event(word).len()).sum();
        let mut steps = vec![self.manner.head("text/event-stream", promised)];
        steps.extend(pieces.into_iter().map(|piece| self.manner.piece(piece)));
        if self.manner == Manner::Reset {
            steps.insert(steps.len().min(2), Step::Until(go));
        }
        steps.push(self.manner.ending());
        steps
    }

    fn plain(&self) -> Vec<Step> {
        let head = self.manner.head("application/json", whole().len());
        vec![head, self.manner.piece(half().into_bytes()), self.manner.ending()]
    }
}

impl Place {
    /// What comes of the event in which the cut is.
    fn part_of(self, word: &str) -> Option<Vec<u8>> {
        let event = event(word);
        let end = match self {
            Self::Event => return None,
            Self::Line => event.find("content")?,
            Self::Character => event.find(word)? + 1,
        };
        event.as_bytes().get(..end).map(<[u8]>::to_vec)
    }
}

impl Manner {
    fn head(self, kind: &str, promised: usize) -> Step {
        let framing = match self {
            Self::Length => format!("content-length: {promised}\r\n"),
            Self::Chunks | Self::Stall => "transfer-encoding: chunked\r\n".to_owned(),
            Self::Close | Self::Reset => String::new(),
        };
        Step::send(format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{framing}connection: close\r\n\r\n"))
    }

    fn piece(self, bytes: Vec<u8>) -> Step {
        match self {
            Self::Chunks | Self::Stall => Step::chunk(bytes),
            Self::Length | Self::Close | Self::Reset => Step::send(bytes),
        }
    }

    const fn ending(self) -> Step {
        match self {
            Self::Length | Self::Chunks | Self::Close => Step::Fin,
            Self::Reset => Step::Rst,
            Self::Stall => Step::Hang,
        }
    }
}
