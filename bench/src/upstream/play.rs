//! What each role does with a request.

use super::answer::{begun_events, digest, endless_block, events, lines, plain};
use super::connection::{Connection, Gone, Request};
use super::{Kind, Role, Ticket};
use bytes::Bytes;
use oar_testkit::{chunk_bytes, response_bytes};
use std::time::Duration;

/// What becomes of the connection when a request has been dealt with.
pub(super) enum After {
    Keep,
    Finish,
    Reset,
}

/// How long a slow upstream thinks, and how long it rests between two events.
const SLOW_HEAD: Duration = Duration::from_millis(200);
const SLOW_EVENT: Duration = Duration::from_millis(30);

/// How long before a connection is reset: what was sent before is to be read as what it is.
const BEFORE_RESET: Duration = Duration::from_millis(50);

/// How long between two events or comments of a stream without an end.
const STEADY: Duration = Duration::from_millis(20);

/// How many events leave in one piece when there are very many.
const EVENTS_PER_PIECE: usize = 16;

const JSON: &str = "application/json";
const BINARY: &str = "application/octet-stream";
const EVENTS: (&str, &str) = ("content-type", "text/event-stream");
const CHUNKED: (&str, &str) = ("transfer-encoding", "chunked");
const CLOSE: (&str, &str) = ("connection", "close");

const UNKNOWN: Ticket = Ticket { number: 0, kind: Kind::Plain };

/// Plays `role` to one request; an error means that the gateway left meanwhile.
#[expect(clippy::cognitive_complexity, reason = "a table, one line for each role")]
pub(super) async fn play(role: Role, request: &Request, connection: &mut Connection) -> Result<After, Gone> {
    let part = Part { ticket: request.ticket.unwrap_or(UNKNOWN), seen: digest(&request.body) };
    match role {
        Role::Refuses | Role::Resets => Ok(After::Reset),
        Role::Limits => say(connection, 429, &[("retry-after", "7")], JSON, ERROR).await,
        Role::Fails => say(connection, 500, &[], JSON, ERROR).await,
        Role::ShowsPage => say(connection, 502, &[CLOSE], "text/html", PAGE).await.map(|_| After::Finish),
        Role::Rambles => forever(400, JSON, &lines(part.ticket), Duration::ZERO, connection).await,
        Role::Stalls | Role::Holds => Err(connection.until_gone().await),
        Role::ErrsFirst => only(&error_event(), connection).await,
        Role::EndsEmpty => only(": nothing follows\n\n", connection).await,
        Role::NeverBegins => forever(200, EVENTS.1, b": wait\n\n", STEADY, connection).await,
        Role::Breaks => part.breaks(connection).await,
        Role::Stops => part.stopped_stream(connection).await,
        Role::FallsSilent => part.silent_stream(connection).await,
        Role::Endless => part.endless(connection).await,
        Role::Slow => part.slowly(connection).await,
        Role::Good => part.answer(Duration::ZERO, connection).await,
    }
}

const ERROR: &[u8] = br#"{"error":{"message":"played by the soak test","type":"server_error","code":null}}"#;
const PAGE: &[u8] = b"<html><body><h1>502 Bad Gateway</h1></body></html>";

async fn say(
    connection: &mut Connection,
    status: u16,
    headers: &[(&str, &str)],
    content_type: &str,
    body: &[u8],
) -> Result<After, Gone> {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", content_type)]).collect();
    connection.send(response_bytes(status, &headers, body)).await?;
    Ok(After::Keep)
}

/// Repeats a block until the gateway leaves.
async fn forever(
    status: u16,
    content_type: &str,
    block: &[u8],
    pause: Duration,
    connection: &mut Connection,
) -> Result<After, Gone> {
    connection.send(head(status, &[("content-type", content_type), CHUNKED])).await?;
    loop {
        connection.chunk(block).await?;
        connection.pause(pause).await?;
    }
}

fn error_event() -> String {
    format!("data: {}\n\n", String::from_utf8_lossy(ERROR))
}

/// A stream of nothing but this.
async fn only(text: &str, connection: &mut Connection) -> Result<After, Gone> {
    connection.send(head(200, &[EVENTS, CHUNKED])).await?;
    connection.chunk(text).await?;
    connection.chunk("").await?;
    Ok(After::Keep)
}

fn head(status: u16, headers: &[(&str, &str)]) -> Bytes {
    response_bytes(status, headers, b"")
}

/// One request that is answered by a part.
struct Part {
    ticket: Ticket,
    seen: u64,
}

impl Part {
    async fn answer(&self, pause: Duration, connection: &mut Connection) -> Result<After, Gone> {
        match self.ticket.kind {
            Kind::Plain => say(connection, 200, &[], JSON, &plain(self.ticket, self.seen)).await,
            Kind::Large => say(connection, 200, &[], BINARY, &plain(self.ticket, self.seen)).await,
            Kind::Stream | Kind::Long => self.stream(pause, connection).await,
        }
    }

    async fn stream(&self, pause: Duration, connection: &mut Connection) -> Result<After, Gone> {
        connection.send(head(200, &[EVENTS, CHUNKED])).await?;
        let events = events(self.ticket, self.seen);
        let at_once = if self.ticket.kind == Kind::Long { EVENTS_PER_PIECE } else { 1 };
        for piece in events.chunks(at_once) {
            connection.chunk(piece.concat()).await?;
            if !pause.is_zero() {
                connection.pause(pause).await?;
            }
        }
        connection.chunk("").await?;
        Ok(After::Keep)
    }

    async fn endless(&self, connection: &mut Connection) -> Result<After, Gone> {
        let (content_type, pause) =
            if self.ticket.kind.is_stream() { (EVENTS.1, STEADY) } else { (BINARY, Duration::ZERO) };
        forever(200, content_type, &endless_block(self.ticket), pause, connection).await
    }

    async fn slowly(&self, connection: &mut Connection) -> Result<After, Gone> {
        connection.pause(SLOW_HEAD).await?;
        self.answer(SLOW_EVENT, connection).await
    }

    async fn breaks(&self, connection: &mut Connection) -> Result<After, Gone> {
        if self.ticket.kind.is_stream() {
            self.broken_stream(connection).await
        } else {
            self.broken_body(connection).await
        }
    }

    async fn broken_body(&self, connection: &mut Connection) -> Result<After, Gone> {
        let body = plain(self.ticket, self.seen);
        let whole = response_bytes(200, &[("content-type", JSON)], &body);
        let half = whole.len() - body.len() / 2;
        connection.send(whole.slice(..half)).await?;
        connection.pause(BEFORE_RESET).await?;
        Ok(After::Reset)
    }

    async fn broken_stream(&self, connection: &mut Connection) -> Result<After, Gone> {
        connection.send(head(200, &[EVENTS, CHUNKED])).await?;
        self.begin(connection).await?;
        connection.chunk("data: {\"id\":\"half an ev").await?;
        connection.pause(BEFORE_RESET).await?;
        Ok(After::Reset)
    }

    async fn silent_stream(&self, connection: &mut Connection) -> Result<After, Gone> {
        connection.send(head(200, &[EVENTS, CHUNKED])).await?;
        self.begin(connection).await?;
        Err(connection.until_gone().await)
    }

    /// At once: however busy this process is, no silence comes before the one that is meant.
    async fn begin(&self, connection: &mut Connection) -> Result<(), Gone> {
        let events = begun_events(self.ticket, self.seen);
        let chunks: Vec<_> = events.iter().map(|event| chunk_bytes(event.as_bytes())).collect();
        connection.send(chunks.concat()).await
    }

    /// The end of the connection is the end of this body: HTTP sees nothing wrong.
    async fn stopped_stream(&self, connection: &mut Connection) -> Result<After, Gone> {
        let (name, value) = EVENTS;
        connection.send(format!("HTTP/1.1 200 OK\r\n{name}: {value}\r\nconnection: close\r\n\r\n")).await?;
        connection.send(begun_events(self.ticket, self.seen).concat()).await?;
        Ok(After::Finish)
    }
}
