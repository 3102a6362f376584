use crate::compare::wire::header;
use bytes::{Buf, BytesMut};
use memchr::memmem;
use std::io;

/// How an answer's body is framed, as far as it has been read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are still to come.
    Length(usize),
    /// A chunk's size comes next.
    Size,
    /// So many bytes of a chunk are still to come, and the end of its line.
    Chunk(usize),
    /// The last chunk has come, but for the end of the body.
    Last,
}

/// What can be told from what has been read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Piece(BytesMut),
    /// Nothing, before more has been read.
    More,
    End,
}

impl Framing {
    /// That of an answer with this head.
    pub(super) fn of(head: &[u8]) -> io::Result<Self> {
        match (header(head, "content-length"), header(head, "transfer-encoding")) {
            (Some(length), None) => length.parse().map(Self::Length).map_err(|_| io::ErrorKind::InvalidData.into()),
            (None, Some("chunked")) => Ok(Self::Size),
            _ => Err(io::Error::other("an answer whose end cannot be told")),
        }
    }

    /// Takes the next piece of the body from what has been read.
    pub(super) fn next(&mut self, read: &mut BytesMut) -> io::Result<Next> {
        match self {
            Self::Length(0) => Ok(Next::End),
            Self::Length(left) => Ok(piece(left, read)),
            Self::Size => self.size(read),
            Self::Chunk(0) => self.chunk_end(read),
            Self::Chunk(left) => Ok(piece(left, read)),
            Self::Last => self.body_end(read),
        }
    }

    fn size(&mut self, read: &mut BytesMut) -> io::Result<Next> {
        let Some(end) = memmem::find(read, b"\r\n") else { return Ok(Next::More) };
        let line = read.split_to(end + 2);
        let digits = line.get(..end).and_then(|line| std::str::from_utf8(line).ok());
        let size =
            digits.and_then(|digits| usize::from_str_radix(digits, 16).ok()).ok_or(io::ErrorKind::InvalidData)?;
        *self = if size == 0 { Self::Last } else { Self::Chunk(size) };
        self.next(read)
    }

    fn chunk_end(&mut self, read: &mut BytesMut) -> io::Result<Next> {
        if read.len() < 2 {
            return Ok(Next::More);
        }
        read.advance(2);
        *self = Self::Size;
        self.next(read)
    }

    /// No trailers: nobody here sends any.
    fn body_end(&mut self, read: &mut BytesMut) -> io::Result<Next> {
        if read.len() < 2 {
            return Ok(Next::More);
        }
        read.advance(2);
        *self = Self::Length(0);
        Ok(Next::End)
    }
}

fn piece(left: &mut usize, read: &mut BytesMut) -> Next {
    let here = (*left).min(read.len());
    if here == 0 {
        return Next::More;
    }
    *left -= here;
    Next::Piece(read.split_to(here))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(head: &str, sent: &str, at_once: usize) -> (String, BytesMut) {
        let (mut framing, mut read, mut body) = (Framing::of(head.as_bytes()).unwrap(), BytesMut::new(), String::new());
        for some in sent.as_bytes().chunks(at_once) {
            read.extend_from_slice(some);
            while let Next::Piece(piece) = framing.next(&mut read).unwrap() {
                body.push_str(std::str::from_utf8(&piece).unwrap());
            }
        }
        assert_eq!(framing, Framing::Length(0));
        (body, read)
    }

    #[test]
    fn a_body_is_read_however_it_comes() {
        for at_once in [1, 2, 3, 100] {
            let chunked = body("\r\ntransfer-encoding: chunked\r\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", at_once);
            assert_eq!(chunked, ("abcde".into(), BytesMut::new()));
            assert_eq!(body("\r\ncontent-length: 5\r\n", "abcde", at_once).0, "abcde");
        }
        assert!(Framing::of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
