use super::answers::{DONE, Place, event, plain};
use crate::compare::clock::Ticks;
use crate::compare::play::Play;
use crate::compare::wire::{Wire, content_length};
use std::fmt::Write;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const END: &str = "0\r\n\r\n";

/// Answers every request of a connection, until whoever made it leaves.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, seen: impl Fn()) -> io::Result<()> {
    let mut connection = Connection { wire: Wire::new(stream), text: String::new(), plain: (0, String::new()) };
    while let Some(head) = connection.wire.head().await? {
        connection.wire.skip(content_length(&head)?).await?;
        seen();
        connection.play(Play::asked(&head).map_err(io::Error::other)?).await?;
    }
    Ok(())
}

struct Connection<S> {
    wire: Wire<S>,
    /// What is about to be sent.
    text: String,
    /// The last plain answer's length, and its bytes with their head.
    plain: (usize, String),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn play(&mut self, play: Play) -> io::Result<()> {
        match play {
            Play::Plain { bytes } => self.answer(bytes).await,
            Play::Paced { events, every } => self.pace(events, Duration::from_micros(every)).await,
            Play::Burst { events } => self.burst(events).await,
            Play::Held => self.hold().await,
        }
    }

    async fn answer(&mut self, bytes: usize) -> io::Result<()> {
        if self.plain.0 != bytes {
            let body = plain(bytes);
            let head = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
            self.plain = (bytes, format!("HTTP/1.1 200 OK\r\n{head}{body}"));
        }
        self.wire.send(self.plain.1.as_bytes()).await
    }

    /// The head leaves at once and the first event after the first pause, as a model does that thinks.
    async fn pace(&mut self, events: u32, every: Duration) -> io::Result<()> {
        let mut ticks = Ticks::new(every)?;
        self.wire.send(STREAM_HEAD.as_bytes()).await?;
        for number in 1..=events {
            ticks.next().await?;
            self.event(number, events).await?;
        }
        Ok(())
    }

    async fn burst(&mut self, events: u32) -> io::Result<()> {
        self.wire.send(STREAM_HEAD.as_bytes()).await?;
        for number in 1..=events {
            self.event(number, events).await?;
        }
        Ok(())
    }

    /// Sends one event by itself; the last one with what ends the stream.
    async fn event(&mut self, number: u32, of: u32) -> io::Result<()> {
        self.text.clear();
        let place = if number < of { Place::Within } else { Place::Last };
        chunk(&mut self.text, |text| event(place, text));
        if place == Place::Last {
            chunk(&mut self.text, |text| text.push_str(DONE));
            self.text.push_str(END);
        }
        self.wire.send(self.text.as_bytes()).await
    }

    async fn hold(&mut self) -> io::Result<()> {
        self.wire.send(STREAM_HEAD.as_bytes()).await?;
        for number in 1..=Play::Held.events() {
            self.event(number, u32::MAX).await?;
        }
        // A proxy that leaves says nothing more.
        while self.wire.more().await? {}
        Ok(())
    }
}

/// Frames what `write` appends.
fn chunk(text: &mut String, write: impl FnOnce(&mut String)) {
    /// Wide enough for every event, so that the size can be filled in afterwards.
    const SIZE: &str = "0000\r\n";
    let start = text.len();
    text.push_str(SIZE);
    write(text);
    let mut size = String::with_capacity(SIZE.len());
    let _ = write!(size, "{:04x}", text.len() - start - SIZE.len());
    text.replace_range(start..start + size.len(), &size);
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_says_how_long_it_is() {
        let mut text = String::from("x");
        chunk(&mut text, |text| text.push_str("0123456789abcdefg"));
        assert_eq!(text, "x0011\r\n0123456789abcdefg\r\n");
    }
}
