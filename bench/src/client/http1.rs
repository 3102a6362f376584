//! HTTP/1.1, byte by byte.

use super::{Call, Conduct, End, Parting, Seen};
use crate::upstream::Trail;
use bytes::Bytes;
use oar_testkit::{Head, RawClient, chunk_bytes, request_bytes};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::sleep;

/// No more than this is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// How long a slow reader rests after each such piece.
const REST: Duration = Duration::from_millis(60);

/// One connection.
pub struct Http1 {
    client: RawClient,
}

/// How far and how fast an answer is read.
#[derive(Clone, Copy)]
struct Reading {
    bytes: usize,
    rest: Duration,
}

impl Reading {
    const WHOLE: Self = Self { bytes: usize::MAX, rest: Duration::ZERO };
    const SLOW: Self = Self { bytes: usize::MAX, rest: REST };
}

impl Http1 {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub async fn connect(gateway: SocketAddr) -> io::Result<Self> {
        Ok(Self { client: RawClient::connect(gateway).await? })
    }

    /// Sends a request and behaves like this. Yields the connection as well when another request may follow on it.
    ///
    /// # Errors
    ///
    /// The gateway closed the connection while the request was being sent.
    pub async fn call(mut self, call: &Call, conduct: Conduct, trail: &mut Trail) -> io::Result<(Seen, Option<Self>)> {
        match conduct {
            Conduct::Reads => self.ask(call, Reading::WHOLE).await,
            Conduct::ReadsSlowly => self.ask(call, Reading::SLOW).await,
            Conduct::LeavesReading(bytes) => {
                let (seen, _left) = self.ask(call, Reading { bytes, rest: Duration::ZERO }).await?;
                Ok((seen, None))
            }
            Conduct::LeavesWaiting(role, parting) => {
                self.send_whole(call).await?;
                if parting == Parting::StrayBytes {
                    self.client.send("\r\nGET /v1/mod").await?;
                }
                trail.until_seen_by(role).await;
                self.part(parting)
            }
            Conduct::LeavesSending => self.leave_sending(call).await,
            Conduct::LeavesInHead => {
                let head = bytes_of(call, &[], b"");
                self.client.send(head.slice(..head.len() / 2)).await?;
                self.part(Parting::Close)
            }
            Conduct::Promises(bytes) => {
                let length = bytes.to_string();
                self.client.send(bytes_of(call, &[("content-length", &length)], b"")).await?;
                self.read(Reading::WHOLE).await
            }
            Conduct::SendsUnpromised(bytes) => self.send_unpromised(call, bytes).await,
        }
    }

    async fn ask(mut self, call: &Call, reading: Reading) -> io::Result<(Seen, Option<Self>)> {
        self.send_whole(call).await?;
        self.read(reading).await
    }

    async fn send_whole(&mut self, call: &Call) -> io::Result<()> {
        self.client.send(bytes_of(call, &[], &call.body)).await
    }

    fn part(self, parting: Parting) -> io::Result<(Seen, Option<Self>)> {
        match parting {
            Parting::Close | Parting::StrayBytes => self.client.abandon(),
            Parting::Reset => self.client.reset()?,
        }
        Ok((Seen::default(), None))
    }

    /// With `Expect`, so that the gateway has certainly read the head when the client leaves.
    async fn leave_sending(mut self, call: &Call) -> io::Result<(Seen, Option<Self>)> {
        let length = call.body.len().to_string();
        let headers = [("content-length", length.as_str()), ("expect", "100-continue")];
        self.client.send(bytes_of(call, &headers, b"")).await?;
        match self.client.read_head().await {
            Some(head) if head.status() == Some(100) => {}
            Some(head) => return Ok((Seen::head(&head), None)),
            None => return Ok((Seen::nothing(), None)),
        }
        self.client.send(call.body.slice(..call.body.len() / 2)).await?;
        self.part(Parting::Close)
    }

    async fn send_unpromised(mut self, call: &Call, bytes: usize) -> io::Result<(Seen, Option<Self>)> {
        self.client.send(bytes_of(call, &[("transfer-encoding", "chunked")], b"")).await?;
        let chunk = chunk_bytes(&[b' '; PIECE_BYTES]);
        for _ in 0..bytes / PIECE_BYTES {
            // The gateway may have had enough: what it says to that is still to be read.
            if self.client.send(&chunk).await.is_err() {
                break;
            }
        }
        self.read(Reading::WHOLE).await
    }

    async fn read(mut self, reading: Reading) -> io::Result<(Seen, Option<Self>)> {
        let Some(head) = self.client.read_head().await else { return Ok((Seen::nothing(), None)) };
        let mut seen = Seen::head(&head);
        let mut body = Body { client: &mut self.client, left: left(&head) };
        let mut until_rest = PIECE_BYTES;
        seen.end = loop {
            if seen.body.len() >= reading.bytes {
                break End::Left;
            }
            match body.piece().await {
                Some(piece) if piece.is_empty() => break End::Whole,
                Some(piece) => seen.body.extend_from_slice(&piece),
                None => {
                    seen.body.extend_from_slice(&body.rest().await);
                    break End::Cut;
                }
            }
            if !reading.rest.is_zero() && seen.body.len() >= until_rest {
                until_rest = seen.body.len() + PIECE_BYTES;
                sleep(reading.rest).await;
            }
        };
        let closes = head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let kept = seen.end == End::Whole && !closes;
        Ok((seen, kept.then_some(self)))
    }
}

/// An answer's body on a connection.
struct Body<'a> {
    client: &'a mut RawClient,
    /// How many bytes are still to come; `None` when they come in chunks.
    left: Option<usize>,
}

/// The gateway frames every body, by its length or in chunks.
fn left(head: &Head) -> Option<usize> {
    head.header("content-length").and_then(|value| value.parse().ok())
}

impl Body<'_> {
    /// The next piece; empty at the end, `None` when the connection ended first.
    async fn piece(&mut self) -> Option<Bytes> {
        match &mut self.left {
            None => self.client.read_chunk().await,
            Some(left) => {
                let piece = self.client.read_exactly(PIECE_BYTES.min(*left)).await?;
                *left -= piece.len();
                Some(piece)
            }
        }
    }

    /// What came of a piece that did not come whole. Of a chunk, nothing counts.
    async fn rest(&mut self) -> Bytes {
        match self.left {
            None => Bytes::new(),
            Some(_) => self.client.read_to_close().await.0,
        }
    }
}

fn bytes_of(call: &Call, more: &[(&str, &str)], body: &[u8]) -> Bytes {
    let own = call.headers();
    let own = own.iter().map(|(name, value)| (*name, value.as_str()));
    let headers: Vec<_> = own.chain(more.iter().copied()).collect();
    request_bytes("POST", call.path, &headers, body)
}
