use bytes::{Buf, BytesMut};
use memchr::memmem;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// No head here is longer.
const HEAD_CAP_BYTES: usize = 64 * 1024;

/// One end of an HTTP/1.1 connection, read and written by hand: what the two ends of a measurement cost is taken from
/// the machine that is measured.
pub(super) struct Wire<S> {
    stream: S,
    pub(super) buffer: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, buffer: BytesMut::new() }
    }

    /// Reads what there is; `false` at the end.
    pub(super) async fn more(&mut self) -> io::Result<bool> {
        self.buffer.reserve(READ_BYTES);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// The next head, with its empty line; `None` when the connection ends before one begins.
    pub(super) async fn head(&mut self) -> io::Result<Option<BytesMut>> {
        loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                return Ok(Some(self.buffer.split_to(end + 4)));
            }
            if self.buffer.len() > HEAD_CAP_BYTES {
                return Err(io::Error::other("a head without an end"));
            }
            if !self.more().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Reads so many bytes and forgets them.
    pub(super) async fn skip(&mut self, mut bytes: usize) -> io::Result<()> {
        loop {
            let here = bytes.min(self.buffer.len());
            self.buffer.advance(here);
            bytes -= here;
            if bytes == 0 {
                return Ok(());
            }
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        // TLS keeps what it has encrypted until then; of a socket it costs nothing.
        self.stream.flush().await
    }
}

/// The value of a head's header.
pub(super) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let mut lines = head.split(|&byte| byte == b'\n');
    lines.find_map(|line| {
        let (own, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        own.eq_ignore_ascii_case(name.as_bytes()).then(|| std::str::from_utf8(value).ok().map(str::trim))?
    })
}

/// The length that a head promises; 0 without a word about it.
pub(super) fn content_length(head: &[u8]) -> io::Result<usize> {
    if header(head, "transfer-encoding").is_some() {
        return Err(io::Error::other("a request in chunks, which nobody here sends"));
    }
    let length = header(head, "content-length").unwrap_or("0");
    length.parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case() {
        let head = b"POST / HTTP/1.1\r\nX-Play: held\r\nx-player: 1\r\ncontent-Length:  7\r\n\r\n";
        assert_eq!(header(head, "x-play"), Some("held"));
        assert_eq!(content_length(head).unwrap(), 7);
        assert_eq!(header(head, "x-pla"), None);
        assert!(content_length(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
