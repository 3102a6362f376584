use crate::Head;
use bytes::{Bytes, BytesMut};
use memchr::memmem;
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;

/// How the other side ended its direction of a connection: see [`RawClient::read_to_close`](crate::RawClient::read_to_close) and
/// [`Connection::closed`](crate::Connection::closed).
///
/// ```
/// use oar_testkit::{Ending, RawClient, ScriptedUpstream, Step, request_bytes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// for (leaves, ending) in [(Step::Fin, Ending::Fin), (Step::Rst, Ending::Rst)] {
///     let upstream = ScriptedUpstream::start([Step::ReadHead, leaves]).await?;
///     let mut client = RawClient::connect(upstream.addr()).await?;
///     client.send(request_bytes("GET", "/", &[], b"")).await?;
///     assert_eq!(client.read_to_close().await.1, ending);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order, with a FIN.
    Fin,
    /// With a reset, or any other error.
    Rst,
}

const LINE_END: &[u8] = b"\r\n";

/// Room for what one read brings.
const READ_BYTES: usize = 8 * 1024;

/// The reading half of a connection, with what has been read ahead.
pub(crate) struct Wire {
    half: OwnedReadHalf,
    buffer: BytesMut,
    ending: Option<Ending>,
}

impl Wire {
    pub(crate) fn new(half: OwnedReadHalf) -> Self {
        Self { half, buffer: BytesMut::new(), ending: None }
    }

    pub(crate) fn ending(&self) -> Option<Ending> {
        self.ending
    }

    pub(crate) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Reads once into the buffer; `false` when the other side has ended. Cancel safe: nothing read is lost.
    pub(crate) async fn fill(&mut self) -> bool {
        if self.ending.is_some() {
            return false;
        }
        // Without room the runtime makes some for 64 bytes, and a long body takes forever.
        self.buffer.reserve(READ_BYTES);
        self.ending = match self.half.read_buf(&mut self.buffer).await {
            Ok(0) => Some(Ending::Fin),
            Ok(_) => None,
            Err(_) => Some(Ending::Rst),
        };
        self.ending.is_none()
    }

    /// Takes everything up to and including `needle`; `None` when the other side ended first.
    pub(crate) async fn through(&mut self, needle: &[u8]) -> Option<Bytes> {
        loop {
            if let Some(at) = memmem::find(&self.buffer, needle) {
                return Some(self.take(at + needle.len()));
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// Takes `count` bytes; `None` when the other side ended first.
    pub(crate) async fn exactly(&mut self, count: usize) -> Option<Bytes> {
        while self.buffer.len() < count {
            if !self.fill().await {
                return None;
            }
        }
        Some(self.take(count))
    }

    /// Takes everything there is until the other side ends.
    pub(crate) async fn until_end(&mut self) -> Bytes {
        while self.fill().await {}
        self.rest()
    }

    /// Reads and forgets until the other side ends.
    pub(crate) async fn discard(&mut self) {
        self.buffer.clear();
        while self.fill().await {
            self.buffer.clear();
        }
    }

    /// Takes a message head; `None` when the other side ended before the blank line.
    pub(crate) async fn head(&mut self) -> Option<Head> {
        self.through(b"\r\n\r\n").await.map(Head::new)
    }

    /// Takes one chunk of a chunked body (RFC 9112, section 7.1), the last one being empty; `None` when the other side ended
    /// first, or sent what is no chunk.
    pub(crate) async fn chunk(&mut self) -> Option<Bytes> {
        let size = chunk_size(&self.through(LINE_END).await?)?;
        if size == 0 {
            while self.through(LINE_END).await?.as_ref() != LINE_END {}
            return Some(Bytes::new());
        }
        let mut chunk = self.exactly(size.checked_add(LINE_END.len())?).await?;
        let end = chunk.split_off(size);
        (end == LINE_END).then_some(chunk)
    }

    /// Takes a body framed like that; the second value says whether it arrived whole.
    pub(crate) async fn body(&mut self, framing: Framing) -> (Bytes, bool) {
        match framing {
            Framing::Empty => (Bytes::new(), true),
            Framing::Length(count) => match self.exactly(count).await {
                Some(body) => (body, true),
                None => (self.rest(), false),
            },
            Framing::Chunked => self.chunks().await,
            Framing::ToClose => {
                let body = self.until_end().await;
                (body, self.ending == Some(Ending::Fin))
            }
        }
    }

    async fn chunks(&mut self) -> (Bytes, bool) {
        let mut body = BytesMut::new();
        loop {
            match self.chunk().await {
                Some(chunk) if chunk.is_empty() => return (body.freeze(), true),
                Some(chunk) => body.extend_from_slice(&chunk),
                None => return (body.freeze(), false),
            }
        }
    }

    fn take(&mut self, count: usize) -> Bytes {
        self.buffer.split_to(count).freeze()
    }

    fn rest(&mut self) -> Bytes {
        self.take(self.buffer.len())
    }
}

/// The size in a chunk's first line, whatever extensions follow it.
fn chunk_size(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?;
    let digits = line.split(';').next()?.trim();
    // The standard library's parser would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| usize::from_str_radix(digits, 16).ok())?
}

/// Where a body ends (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Empty,
    Length(usize),
    Chunked,
    ToClose,
}

impl Framing {
    pub(crate) fn of_request(head: &Head) -> Self {
        Self::declared(head).unwrap_or(Self::Empty)
    }

    /// Of a response to anything but HEAD.
    pub(crate) fn of_response(head: &Head) -> Self {
        match head.status() {
            Some(100..=199 | 204 | 304) => Self::Empty,
            _ => Self::declared(head).unwrap_or(Self::ToClose),
        }
    }

    fn declared(head: &Head) -> Option<Self> {
        if head.values("transfer-encoding").any(|value| value.to_ascii_lowercase().ends_with("chunked")) {
            return Some(Self::Chunked);
        }
        head.header("content-length").and_then(|value| value.parse().ok()).map(Self::Length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(raw: &'static str) -> Head {
        Head::new(Bytes::from_static(raw.as_bytes()))
    }

    #[test]
    fn a_request_without_framing_has_no_body() {
        assert_eq!(Framing::of_request(&head("GET / HTTP/1.1\r\nhost: a\r\n\r\n")), Framing::Empty);
    }

    #[test]
    fn a_response_without_framing_lasts_until_the_close() {
        assert_eq!(Framing::of_response(&head("HTTP/1.1 200 OK\r\n\r\n")), Framing::ToClose);
        assert_eq!(Framing::of_response(&head("HTTP/1.1 204 No Content\r\n\r\n")), Framing::Empty);
    }

    #[test]
    fn chunked_wins_over_a_length() {
        let both = head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n");
        assert_eq!(Framing::of_response(&both), Framing::Chunked);
    }
}
