//! One connection of the gateway's, read and written byte by byte.

use super::Ticket;
use bytes::{Bytes, BytesMut};
use memchr::memmem;
use oar_testkit::chunk_bytes;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// The other side has closed or reset the connection.
pub(super) struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// A request as far as an upstream here cares.
pub(super) struct Request {
    /// `None` when its id is none of ours.
    pub(super) ticket: Option<Ticket>,
    pub(super) body: Bytes,
}

pub(super) struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// Reads the next request whole. The gateway frames every body by its length.
    pub(super) async fn request(&mut self) -> Result<Request, Gone> {
        let end = self.end_of_head().await?;
        let head = self.buffer.split_to(end);
        let head = String::from_utf8_lossy(&head);
        let length = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or_default();
        let ticket = header(&head, "x-request-id").and_then(|id| id.parse().ok());
        self.buffer.reserve(length);
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(Request { ticket, body: self.buffer.split_to(length).freeze() })
    }

    async fn end_of_head(&mut self) -> Result<usize, Gone> {
        loop {
            if let Some(at) = memmem::find(&self.buffer, b"\r\n\r\n") {
                return Ok(at + 4);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), Gone> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(Gone),
            _ => Ok(()),
        }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Gone> {
        Ok(self.stream.write_all(bytes.as_ref()).await?)
    }

    /// Sends one chunk of a chunked body; an empty one ends it.
    pub(super) async fn chunk(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Gone> {
        self.send(chunk_bytes(bytes.as_ref())).await
    }

    /// Does nothing for so long, unless the other side leaves before.
    pub(super) async fn pause(&mut self, time: Duration) -> Result<(), Gone> {
        self.watched(sleep(time)).await
    }

    /// Does nothing until the other side leaves.
    pub(super) async fn until_gone(&mut self) -> Gone {
        loop {
            if let Err(gone) = self.fill().await {
                return gone;
            }
        }
    }

    async fn watched(&mut self, work: impl Future<Output = ()>) -> Result<(), Gone> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                () = &mut work => return Ok(()),
                filled = self.fill() => filled?,
            }
        }
    }

    /// Ends this side's direction, and waits for the other's: closing over unread bytes would be a reset.
    pub(super) async fn finish(mut self) {
        if self.stream.shutdown().await.is_ok() {
            let _: Gone = self.until_gone().await;
        }
    }

    /// Closes with a reset.
    pub(super) fn reset(self) {
        // A socket that takes no options any more has been reset by the other side.
        let _ = self.stream.set_zero_linger();
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
